"""Levels: the kinds of node that the same edges are seen between, and which node of a level an end is.

An end of which a level knows nothing is seen as the next: a process in no container as its host, an end without a
process as its host or address. A level is declared here and nowhere else.
"""

from collections.abc import Callable
from typing import NamedTuple


class Level(NamedTuple):
    """A level. `known` is the column of an end without which the end is seen at the level `otherwise`."""

    name: str
    known: str
    node: str
    otherwise: str = ""


_LEVELS = (
    Level("process", "", ""),
    Level("service", "service", "concat('service:', {service})", "process"),
    Level("host", "host", "concat('host:', {host})", "process"),
    Level("container", "container", "concat('container:', {host}, ':', {container})", "host"),
    Level("address", "", ""),  # rows of this level have addresses for ends
)
LEVELS = {level.name: level for level in _LEVELS}


def node_at(end: str, column: Callable[[str, str], str], row: str, level: str = "") -> str:
    """Return the node of an end (client or server) at a level, else at %(level)s.

    `column` gives a plain column (graph/columns.py) of a `row`.
    """
    if level:
        return _node(LEVELS[level], end, column, row)
    steps = (f"%(level)s = '{one.name}', {_node(one, end, column, row)}" for one in _LEVELS if one.known)
    return f"multiIf({', '.join(steps)}, {column(end, row)})"


def _node(level: Level, end: str, column: Callable[[str, str], str], row: str) -> str:
    if not level.known:
        return column(end, row)
    known = {name: column(f"{end}_{name}", row) for name in ("service", "host", "container")}
    otherwise = _node(LEVELS[level.otherwise], end, column, row)
    return f"if({known[level.known]} != '', {level.node.format(**known)}, {otherwise})"
