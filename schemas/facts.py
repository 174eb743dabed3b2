"""What each column of a record declares of itself, once: meaning, unit, merge, type in the store, roll-up and label.

Everything else about a column is rendered from here: what the codec checks, the merges of the folds and of the store's
tables, views, roll-ups, exported schemas, reference pages, labels and units of charts.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cache
from typing import Any, NamedTuple

from msgspec import Meta
from msgspec.inspect import BoolType, DictType, IntType, ListType, Metadata, StructType, Type, type_info

from schemas.kinds import BOOL, COUNT_MAP, LABEL, SKETCH, TEXTS, U64, Kind


class Merge(StrEnum):
    """How two values of one column become one."""

    KEY = "key"  # part of the identity; equal in both rows
    MAX = "max"  # the greater; the empty string and zero mean "not known" and lose
    EACH = "each"  # name by name the greater count; a name that one row lacks counts 0 there
    BITS = "bits"  # every bit that one of them has
    LAST = "last"  # from the row whose TIME column is later; the greater on a tie
    TIME = "time"  # the event time that LAST compares; itself the greater


class Roll(StrEnum):
    """How the values of a column, over flows or over time, become one."""

    SUM = "sum"
    EACH = "sumMap"  # name by name
    MAX = "max"
    LEAST = "least"  # of those that are known: 0 is not
    LATEST = "latest"  # by time
    EARLIEST = "min"
    STRONGEST = "strongest"  # of evidence


class Unit(StrEnum):
    """What a number counts or measures, as charts and pages write it."""

    NONE = ""
    SHARE = "share"
    MILLISECONDS = "ms"
    PROCESSES = "processes"
    THREADS = "threads"
    FILES = "files"
    PERIODS = "periods"
    CONNECTIONS = "connections"
    BYTES = "bytes"
    SEGMENTS = "segments"
    REQUESTS = "requests"
    MICROSECONDS = "µs"


class Chart(StrEnum):
    """How charts show a column over time."""

    NONE = ""
    RATE = "rate"  # a second
    MEAN = "mean"  # of what was measured: 0 is not


class Fact(NamedTuple):
    """A column with all that it declares. `mirror` is the counter in which the other end counts the same."""

    name: str
    meaning: str
    merge: Merge
    kind: Kind
    roll: Roll
    unit: Unit
    label: str
    chart: Chart
    mirror: str

    @property
    def blank(self) -> Any:
        """Return the blank value."""
        return False if self.kind is BOOL else 0


def fact(
    meaning: str,
    merge: Merge,
    kind: Kind | None = None,
    *,
    roll: Roll = Roll.MAX,
    unit: Unit = Unit.NONE,
    label: str = "",
    chart: Chart = Chart.NONE,
    mirror: str = "",
) -> Meta:
    """Return the annotation of a column. Without a kind, its Python type gives one; without a label, its name."""
    extra = {"merge": merge, "kind": kind, "roll": roll, "unit": unit, "label": label, "chart": chart, "mirror": mirror}
    return Meta(description=meaning, extra=extra)


class Annotated(NamedTuple):
    """A field of a record: its meaning, what else its annotation declares, and the type of one value."""

    name: str
    meaning: str
    extra: Mapping[str, Any]
    value: Type


def annotated(record: type) -> Iterator[Annotated]:
    """Yield the fields of a record, or of a set of columns, in order."""
    info = type_info(record)
    assert isinstance(info, StructType)
    for field in info.fields:
        given = field.type if isinstance(field.type, Metadata) else Metadata(field.type)
        value = given.type.item_type if isinstance(given.type, ListType) else given.type
        meaning = (given.extra_json_schema or {}).get("description", "")
        yield Annotated(field.name, meaning, given.extra or {}, value)


@cache
def facts(columns: type) -> dict[str, Fact]:
    """Return every column of a record with what it declares, in order; KeyError when one declares no merge."""
    declared = {}
    for name, meaning, extra, value in annotated(columns):
        if "merge" not in extra:
            raise KeyError(f"{columns.__name__}.{name} declares no merge")
        declared[name] = Fact(
            name,
            meaning,
            Merge(extra["merge"]),
            extra["kind"] or kind_of(value),
            Roll(extra["roll"]),
            Unit(extra["unit"]),
            extra["label"] or name.replace("_", " ").capitalize(),
            Chart(extra["chart"]),
            extra["mirror"],
        )
    return declared


def meanings(record: type) -> dict[str, str]:
    """Return the descriptions of the fields of a record that have one."""
    return {field.name: field.meaning for field in annotated(record) if field.meaning}


def kind_of(value: Type) -> Kind:
    """Return the kind of a column whose declaration names none."""
    match value:
        case BoolType():
            return BOOL
        case IntType():
            return U64
        case ListType():
            return TEXTS
        case DictType(key_type=IntType()):
            return SKETCH
        case DictType():
            return COUNT_MAP
    return LABEL
