"""Processes in the store, each by its latest row."""

from typing import NamedTuple

from graph.levels import LEVELS, parts_of
from graph.model import Node, iso_ms
from graph.span import moment
from graph.sql import inside, select, templated
from graph.titles import title_of

_MADE = {"id": "node", "started": "toUnixTimestamp64Milli(started)"}  # the other columns are those of the table


class ProcessRow(NamedTuple):
    """A row of `processes` and `members`."""

    id: str
    host: str
    hostname: str
    pid: int
    started: int
    parent: int
    service: str
    name: str
    user: str
    exe: str
    cmdline: str
    container: str
    container_name: str
    namespace: str
    pod: str
    image: str
    unit: str

    def node(self) -> Node:
        """Return the process as a node of a map."""
        values = self._asdict() | {"started": iso_ms(self.started) if self.started else ""}
        return Node(kind="process", title=title_of(self.id, str, name=self.name), **values)


def processes(*, everything: bool) -> str:
    """Return the processes whose ids are in %(nodes)s; with `everything` also all that ran in [from, to), ms.

    Each keyframe has every process. So a process that ran was reported in the minute before or later, unless it exited.
    """
    exited = select(
        ["subject"],
        "events",
        where=f"kind = 'process_exited' AND time >= {_SINCE} - INTERVAL 2 HOUR AND time < {_SINCE}",
    )
    wanted = "node IN %(nodes)s"
    if everything:
        wanted += f" OR ({_RAN} AND node NOT IN {inside(exited)})"
    return f"{_latest(wanted)}\nORDER BY id"


def members() -> str:
    """Return the processes of nodes that were seen in [from, to), ms, or shortly before; the latest %(most)s first.

    The nodes are ids of any level (%(nodes)s).
    """
    columns = parts_of(str)
    of_levels = (
        f"({columns[level.known]} != '' AND {templated(level.node, columns)} IN %(nodes)s)"
        for level in LEVELS.values()
        if level.known
    )
    latest = _latest(f"node IN %(nodes)s OR ({_RAN} AND ({' OR '.join(of_levels)}))")
    return f"{latest}\nORDER BY seen DESC, id\nLIMIT %(most)s"


_SINCE, _UNTIL = moment("from"), moment("to")
_RAN = f"seen >= {_SINCE} - INTERVAL 1 MINUTE AND started < {_UNTIL}"


def _latest(wanted: str) -> str:
    stored = f"hour >= toStartOfHour({_SINCE} - INTERVAL 2 HOUR) AND hour < {_UNTIL} AND ({wanted})"
    latest = f"SELECT *\nFROM nodes\nWHERE {stored}\nORDER BY node, seen DESC\nLIMIT 1 BY node"
    return select({name: _MADE.get(name, name) for name in ProcessRow._fields}, inside(latest))
