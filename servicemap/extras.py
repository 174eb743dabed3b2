"""What a command needs besides the agent, by the extras in pyproject.toml, and whether it is installed."""

import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version

from servicemap.options import Failure

EXTRAS = ("worker", "store", "view", "up", "grafana", "compose", "mcp")
NAME = "servicemap"
OF_COMMANDS = {  # every command; an empty extra: the agent has all that it needs
    "up": "up",
    "view": "view",
    "api": "view",
    "mcp": "mcp",
    "map": "store",
    "impact": "store",
    "deps": "store",
    "path": "store",
    "order": "store",
    "clusters": "store",
    "export": "store",
    "alerts": "store",
    "policy": "store",
    "owner": "store",
    "risks": "store",
    "diff": "store",
    "why": "store",
    "names": "store",
    "facts": "store",
    "overlay": "store",
    "sql": "",
    "log": "",
    "replay": "store",
    "simulate": "up",
    "store": "up",
    "dashboards": "grafana",
    "metrics": "store",
    "doctor": "",
    "collect": "",
    "work": "worker",
    "sink": "store",
    "config": "",
    "completion": "",
}
_NAMED = re.compile(r"([\w.-]+)(?:\[([^]]*)\])?")
_FOR_EXTRA = re.compile(r"""extra\s*==\s*["']([\w-]+)["']""")


def packages(extra: str = "") -> Iterator[str]:
    """Yield the packages that an extra requires; those of the agent without one."""
    for text in requires(NAME) or ():
        named, of = _NAMED.match(text), _FOR_EXTRA.search(text)
        if named is None or (of[1] if of else "") != extra:
            continue
        name, others = named.groups(default="")
        if name != NAME:
            yield name
        else:
            for other in others.split(","):
                yield from packages(other)


def lacking(extra: str = "") -> list[str]:
    """Return the packages of an extra that are not installed."""
    return [package for package in dict.fromkeys(packages(extra)) if installed(package) is None]


def installed(package: str) -> str | None:
    """Return the version of a package that is installed, else None."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def missing_for(extra: str) -> str:
    """Return what is missing for an extra and how to install it; empty when nothing is missing."""
    missing = lacking(extra)
    if not missing:
        return ""
    *others, last = missing
    what = f"{', '.join(others)} and {last} are" if others else f"{last} is"
    return f"{what} not installed: run `pip install '{NAME}[{extra}]'`"


def require(extra: str) -> None:
    """Refuse to go on where packages of an extra are missing."""
    if missing := missing_for(extra):
        raise Failure(missing)
