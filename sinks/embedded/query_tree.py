"""The columns of a query from its tree, as EXPLAIN QUERY TREE prints it.

The engine sends nothing for a result without rows. To describe a query takes as long as to run it, for it is planned
again; to resolve its names takes a fifth of that.
"""

import re

from sinks.embedded.blocks import Column

EXPLAIN = "EXPLAIN QUERY TREE run_passes = 1, passes = 1 "
_HEAD = re.compile(r"QUERY id: 0\b.*\n  PROJECTION COLUMNS\n((?:    .*\n)+)  PROJECTION\n")
_COLUMN = re.compile(r"    ([A-Za-z_]\w*) ([A-Z]\w*(?:\(.*\))?)")


def columns_of(tree: str) -> tuple[Column, ...]:
    """Return the names and types of the columns; none where that is not sure, as for a union or an odd name."""
    head = _HEAD.match(tree)
    found = [_COLUMN.fullmatch(line) for line in head[1].splitlines()] if head else []
    columns = tuple(Column(each[1], each[2]) for each in found if each and _is_one(each[2]))
    return columns if len(columns) == len(found) else ()


def _is_one(kind: str) -> bool:
    """Return whether the text is one type, whose first parenthesis ends with it."""
    depth = 0
    for at, letter in enumerate(kind, 1):
        depth += (letter == "(") - (letter == ")")
        if letter == ")" and not depth and at < len(kind):
            return False
    return not depth
