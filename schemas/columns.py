"""Rows of a batch as columns: a struct of equally long lists.

A batch as a dict of lists is well under half the bytes of a list of objects and decodes faster (docs/adr/0003), and
the store wants columns anyway.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from typing import Any, ClassVar, Self

from msgspec import Struct
from msgspec.inspect import (
    BoolType,
    DictType,
    IntType,
    ListType,
    Metadata,
    StrType,
    StructType,
    Type,
    type_info,
)
from msgspec.structs import astuple, force_setattr

_BLOCK = 4_096  # rows that are turned into columns at a time
Ints = list[int]
Strs = list[str]
Bools = list[bool]
Tallies = list[dict[str, int]]  # each value counts things by name,
Sketches = list[dict[int, int]]  # or observations by bucket (schemas.latency)

MAX_BLANKS = 500_000  # of a column that is absent, well above what an agent sends: else 4 MB become a gigabyte
_BLANK: dict[type[Type], Any] = {IntType: 0, StrType: "", BoolType: False, ListType: (), DictType: {}}


class Columns(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of all column sets: every field is a list, and every list has one value a row.

    A column that is absent (written by an older version, or left out because it holds nothing but blanks) is filled
    with blanks: 0, "", false, or an empty list or tally.
    """

    __match_args__: ClassVar[tuple[str, ...]]

    def __post_init__(self) -> None:
        counts = set(map(len, astuple(self)))
        if len(counts) == 1:
            return
        count = max(counts)
        for name, blank in blanks(type(self)).items():
            column = getattr(self, name)
            if len(column) == count:
                continue
            if column:
                raise ValueError(f"column {name!r} has {len(column)} rows where others have {count}")
            if count > MAX_BLANKS:
                raise ValueError(f"{count} rows, more than the {MAX_BLANKS} a record may have")
            force_setattr(self, name, [blank] * count)

    def __len__(self) -> int:
        return max(map(len, astuple(self)))

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Iterate the rows as tuples in field order."""
        return zip(*astuple(self), strict=True)

    @classmethod
    def of(cls, rows: Iterable[tuple[Any, ...]], names: Sequence[str] = ()) -> Self:
        """Build the columns from rows, whose values are called `names`, or else stand in field order."""
        columns: dict[str, list[Any]] = {name: [] for name in names or cls.__struct_fields__}
        waiting = iter(rows)
        while block := list(islice(waiting, _BLOCK)):  # rows that are made one by one are never all in memory
            for column, values in zip(columns.values(), zip(*block, strict=True), strict=False):
                column += values
        return cls(**columns)

    @classmethod
    def blank(cls, count: int) -> Self:
        """Return blank rows."""
        return cls(**{name: [value] * count for name, value in blanks(cls).items()})

    def wire(self) -> dict[str, list[Any]]:
        """Return the columns for the wire: those that hold nothing but blanks are left out."""
        return {name: column for name, column in zip(self.__struct_fields__, astuple(self), strict=True) if any(column)}


BLANKS = tuple(_BLANK.values())  # what a column that is left out is full of


@cache
def blanks(columns: type[Columns]) -> dict[str, Any]:
    """Return each column's name with the value that fills it when it is absent."""
    info = type_info(columns)
    assert isinstance(info, StructType)
    return {field.name: _BLANK[type(_item(field.type))] for field in info.fields}


def _item(column: Type) -> Type:
    listed = column.type if isinstance(column, Metadata) else column
    assert isinstance(listed, ListType)
    return listed.item_type
