"""The resolutions of the store: which tables each has, and what can be asked of it."""

from collections.abc import Sequence
from typing import NamedTuple

from graph.stored import Dropped
from sinks.dropping import TABLES_OF
from sinks.levels import LEVELS
from sinks.lifetimes import PLACES_1D, PROCESSES_1D
from sinks.reconcile import ALL
from sinks.table import Table
from sinks.tables import EVENTS, HOST_USAGE

_OF_LEVELS = {
    "minute": ("minutes", "maps and time lines by the minute"),
    "hour": ("hours", "maps and time lines by the hour"),
    "day": ("days", "maps and time lines by the day"),
}


class Resolution(NamedTuple):
    """Tables that are kept alike, and what they answer."""

    name: str
    tables: Sequence[Table]
    answers: str

    @property
    def gives(self) -> Dropped | None:
        """Return as what it makes room on the disk."""
        return next((what for what, tables in TABLES_OF.items() if any(one in self.tables for one in tables)), None)


def _resolutions() -> tuple[Resolution, ...]:
    named = [
        Resolution("windows", TABLES_OF[Dropped.FLOWS], "maps and series by the window, flows, usage of processes"),
        Resolution("hosts", (HOST_USAGE,), "usage of hosts, and who reported when"),
        *(
            Resolution(name, [level.table for level in LEVELS if level.unit == unit], answers)
            for unit, (name, answers) in _OF_LEVELS.items()
        ),
        Resolution("lifetimes", (PROCESSES_1D, PLACES_1D), "who had an address, a port, a process, years ago"),
        Resolution("events", (EVENTS,), "what happened"),
    ]
    rest = [table for table in ALL if not any(table in one.tables for one in named)]
    return (
        *named,
        Resolution("names", [one for one in rest if one.kept and one.topic], "who had an address, a port, a process"),
        Resolution("notes", [one for one in rest if not one.kept], "what hosts are, and annotations"),
        Resolution("records", [one for one in rest if one.kept and not one.topic], "how the pipeline fared"),
    )


RESOLUTIONS = _resolutions()
