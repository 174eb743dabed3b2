"""The reference page of permissions."""

from collectors.permissions import PERMISSIONS

_HEAD = """# Permissions

What an agent can see, and the permissions that it needs on Linux. `servicemap doctor --permissions` shows which it has.
An agent without one of them reports what it does not see, and sees the rest.

This page is generated from the code by `make golden`.

| to see | needs | and |
|---|---|---|
"""


def page() -> str:
    """Return the page, in Markdown."""
    rows = [(one.sees, ", ".join(f"`{name}`" for name in one.takes) or "nothing", one.besides) for one in PERMISSIONS]
    return _HEAD + "".join(f"| {sees} | {takes} | {besides} |\n" for sees, takes, besides in rows)
