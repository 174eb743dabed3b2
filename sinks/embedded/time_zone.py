"""The time zone of the engine, which does not load at all where TZ names none that it knows.

POSIX allows more there than names (`CET-1CEST,M3.5.0`, `<-03>3`), and there are typing errors.
"""

import os
from collections.abc import MutableMapping
from zoneinfo import ZoneInfo

_FOLDER = "/usr/share/zoneinfo/"


def zone_of(given: str) -> str | None:
    """Return the zone that a value of TZ names; None when it names none."""
    name = given.removeprefix(":").removeprefix(_FOLDER)
    if name in ("", "UTC"):
        return "UTC"
    if name.startswith(("posix/", "right/")):  # the same zones by other names, which no client knows
        return None
    try:
        return ZoneInfo(name).key
    except (OSError, ValueError, LookupError):  # no such file, a folder; a path, other bytes; no such zone
        return None


def settle(environment: MutableMapping[str, str] = os.environ) -> str:
    """Have TZ name a zone, if it is set; returns the sentence that people should read, or nothing."""
    given = environment.get("TZ")
    if given is None:
        return ""
    zone = zone_of(given)
    environment["TZ"] = zone or "UTC"
    if zone:
        return ""
    shown = ascii(given[:100])
    return f"TZ={shown} is not a time zone, so the store uses UTC: set TZ to a name such as Europe/Berlin"
