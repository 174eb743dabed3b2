"""Rows of edges in few columns: values that roll up alike are one array, whose members are named here.

ClickHouse plans an aggregate of an array as fast as one of a number. A query with a column for each counter of both
ends and some subqueries was planned for longer than it took to read a minute of a busy system.
"""

import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple

from graph.columns import ENDS, STRENGTH
from graph.identity import WHO
from graph.sql import texts
from schemas.counted import COUNTERS, HAPPENED
from schemas.facts import Roll
from schemas.kinds import BOOL, LABEL, U64, Kind

LABELS = ("protocol", "tls_name", "alias")
_UNKNOWN = "toUInt32(4294967295)"  # greater than every value that is known


class Pack(NamedTuple):
    """An array of values that roll up alike, with the conversions into it and out of it."""

    name: str
    each: str  # the aggregate of each value
    members: dict[str, Kind]
    value: Callable[[str], str]
    restored: Callable[[Kind, str], str]

    @property
    def aggregate(self) -> str:
        """Return the aggregate of arrays."""
        return f"{self.each}ForEach"

    def added_up(self, column: Callable[[str], str]) -> str:
        """Return the array of many rows from plain columns: of very many that is faster than to add arrays up."""
        return f"[{', '.join(f'{self.each}({self.value(column(member))})' for member in self.members)}]"

    def array(self, column: Callable[[str], str]) -> str:
        """Return the array of one row, where `column` gives the column of a member."""
        return f"[{', '.join(self.value(column(member)) for member in self.members)}]"

    def member(self, array: str, name: str) -> str:
        """Return one member of an array."""
        return self.restored(self.members[name], f"{array}[{list(self.members).index(name) + 1}]")

    def named(self, array: str) -> str:
        """Return an array as a map, by the names of its members."""
        return f"mapFromArrays({texts(self.members)}, {array})"


def _same(value: str) -> str:
    return value


def _typed(kind: Kind, value: str) -> str:
    return f"to{kind.sql}({value})"


def _of_text(kind: Kind, value: str) -> str:
    return value if kind is LABEL else f"to{kind.sql}OrZero({value})"


def _known(kind: Kind, value: str) -> str:
    return f"to{kind.sql}(if({value} = {_UNKNOWN}, 0, {value}))"


def _that_roll(roll: Roll) -> dict[str, Kind]:
    return {name: one.kind for name, one in COUNTERS.items() if one.roll is roll}


_WHO = {name: one.kind for name, one in WHO.items()} | {"address": LABEL}
ABOUT = Pack("about", "max", _WHO, "toString({})".format, _of_text)
SUMS = Pack("sums", "sum", _that_roll(Roll.SUM), _same, _typed)
MOST = Pack("most", "max", {"seen": BOOL, **_that_roll(Roll.MAX)}, "toUInt32({})".format, _typed)
LEAST = Pack("least", "min", _that_roll(Roll.LEAST), f"if({{0}} = 0, {_UNKNOWN}, {{0}})".format, _known)
HAPPENINGS = Pack("happened", "sum", dict.fromkeys(HAPPENED, U64), _same, _typed)
COUNTED = (SUMS, MOST, LEAST)  # of an end, in flows
_OF_ENDS = {f"{end}_{pack.name}": pack for end in ENDS for pack in (ABOUT, *COUNTED)}

# The columns of a packed row besides its key, each with the aggregate that rolls it up.
PACKED: dict[str, str] = {
    "width_ms": "max({row}.width_ms)",
    "first": "min({row}.first)",
    "last": "max({row}.last)",
    **{name: f"max({{row}}.{name})" for name in LABELS},
    "strength": "max({row}.strength)",
    "happened": "sumForEach({row}.happened)",
    "active": "sumArgMax({row}.active, {row}.last)",
    **{name: f"{pack.aggregate}({{row}}.{name})" for name, pack in _OF_ENDS.items()},
}


def rolled(row: str) -> dict[str, str]:
    """Return the columns of packed rows that are rolled up; `row` is their alias."""
    return {name: made.format(row=row) for name, made in PACKED.items()}


def packed(strength: str = f"indexOf({texts(STRENGTH)}, rule)") -> dict[str, str]:
    """Return the columns of a packed row, made of the plain columns of an edge (graph/columns.py)."""
    return {
        "width_ms": "width_ms",
        "first": "first",
        "last": "last",
        **{name: name for name in LABELS},
        "strength": f"toUInt8({strength})",
        "happened": HAPPENINGS.array("connections_{}".format),
        "active": "connections_active",
        **{name: pack.array(partial(_column, name.partition("_")[0])) for name, pack in _OF_ENDS.items()},
    }


def _column(end: str, name: str) -> str:
    return f"seen_by_{end}" if name == "seen" else f"{end}_{name}"


def packs_in(expressions: Iterable[str], row: str) -> list[str]:
    """Return the names of the columns of a packed `row` that expressions are made of."""
    text = " ".join(expressions)
    return [name for name in PACKED if re.search(rf"\b{row}\.{name}\b", text)]


def plain(name: str, row: str = "") -> str:
    """Return a plain column of an edge from a packed row."""
    prefix = f"{row}." if row else ""
    match name.split("_", 1):
        case ["rule"]:
            return f"{texts(STRENGTH)}[{prefix}strength]"
        case ["connections", "active"]:
            return f"{prefix}active"
        case ["connections", what]:
            return HAPPENINGS.member(f"{prefix}happened", what)
        case ["seen", by]:
            return MOST.member(f"{prefix}{by.removeprefix('by_')}_most", "seen")
        case [("client" | "server") as end, what]:
            pack = next((pack for pack in (ABOUT, *COUNTED) if what in pack.members), None)
            if pack is not None:
                return pack.member(f"{prefix}{end}_{pack.name}", what)
    return f"{prefix}{name}"
