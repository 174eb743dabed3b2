"""Finds the borders of columns and blocks in Native bytes without decoding a value.

Layouts: ClickHouse's `src/Formats/NativeReader.cpp` and `src/DataTypes/Serializations/`. A column
is the prefixes of all its parts (eight bytes for each LowCardinality), then their data.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from sinks.embedded.engine import EngineError
from sinks.embedded.type_names import TypeName, TypeNameError, parse
from sinks.embedded.wire import Source, string, varint

BLOCK_INFO = 51903  # first protocol revisions that have these
CUSTOM_SERIALIZATION = 54454
_INFO = b"\x01\x00\x02\xff\xff\xff\xff\x00"  # not overflows, no bucket
_MAX_COLUMNS = 10_000
_MAX_ROWS = 1 << 27
_MAX_FIELDS = 8  # of a block's info; there are two

_WIDTHS = {
    **dict.fromkeys(("Int8", "UInt8", "Bool", "Enum8", "Nothing"), 1),
    **dict.fromkeys(("Int16", "UInt16", "Enum16", "Date", "BFloat16"), 2),
    **dict.fromkeys(("Int32", "UInt32", "Float32", "Date32", "DateTime", "IPv4", "Time"), 4),
    **dict.fromkeys(("Int64", "UInt64", "Float64", "DateTime64", "Time64"), 8),
    **dict.fromkeys(("Int128", "UInt128", "UUID", "IPv6"), 16),
    **dict.fromkeys(("Int256", "UInt256"), 32),
    **{"Decimal32": 4, "Decimal64": 8, "Decimal128": 16, "Decimal256": 32},
}
_GEOMETRY = {
    "Point": "Tuple(Float64, Float64)",
    "Ring": "Array(Point)",
    "LineString": "Array(Point)",
    "MultiLineString": "Array(LineString)",
    "Polygon": "Array(Ring)",
    "MultiPolygon": "Array(Polygon)",
}
_KEPT_LENGTH = 1000  # of names whose steps are kept
_SHOWN_LENGTH = 200

Body = Callable[[Source, int], None]


@dataclass(frozen=True)
class Skip:
    """How to step over a column: bytes of prefix, then a body for a number of rows."""

    prefix: int
    body: Body


@dataclass(frozen=True)
class Column:
    """A column of a block; `data` holds prefixes and values as the engine's Native has them."""

    name: str
    type: str
    data: bytes = b""


@dataclass(frozen=True)
class Block:
    """One block; without rows it says what columns there are, without columns it ends the data."""

    rows: int
    columns: tuple[Column, ...]

    def encode(self, revision: int) -> bytes:
        """The block as a peer of this revision reads it; revision 0 is the engine's Native."""
        custom = b"\x00" if revision >= CUSTOM_SERIALIZATION else b""
        info = _INFO if revision >= BLOCK_INFO else b""
        pieces = [info, varint(len(self.columns)), varint(self.rows)]
        for column in self.columns:
            pieces += [string(column.name), string(column.type), custom, column.data]
        return b"".join(pieces)

    def header(self) -> "Block":
        """The same columns without rows."""
        return Block(0, tuple(Column(column.name, column.type) for column in self.columns))


def _fixed(width: int) -> Skip:
    def body(source: Source, rows: int) -> None:
        source.position += rows * width
        source.need(source.position)

    return Skip(0, body)


def _strings(source: Source, rows: int) -> None:
    position, buffer = source.position, source.buffer
    if position + rows > source.limit:  # a byte each, at least
        source.need(position + rows)
    for _ in range(rows):
        if position >= len(buffer):
            source.need(position + 1)
        size = buffer[position]
        if size < 0x80:
            position += size + 1
        else:
            source.position = position
            size = source.varint()
            position = source.position + size
    source.need(position)
    source.position = position


def _nullable(inner: Skip) -> Skip:
    def body(source: Source, rows: int) -> None:
        source.position += rows
        inner.body(source, rows)

    return Skip(inner.prefix, body)


def _low_cardinality(keys: Skip) -> Skip:
    def body(source: Source, rows: int) -> None:
        if not rows:
            return
        flags = source.number("<Q")
        if flags & 0x200:  # the keys of this block follow
            keys.body(source, source.number("<Q"))
        indexes = source.number("<Q") << (flags & 0xFF)
        source.position += indexes
        source.need(source.position)

    return Skip(8, body)


def _array(inner: Skip) -> Skip:
    def body(source: Source, rows: int) -> None:
        if not rows:
            return
        end = source.position + 8 * rows
        source.need(end)
        total = struct.unpack_from("<Q", source.buffer, end - 8)[0]
        source.position = end
        inner.body(source, total)

    return Skip(inner.prefix, body)


def _tuple(parts: list[Skip]) -> Skip:
    def body(source: Source, rows: int) -> None:
        for part in parts:
            part.body(source, rows)

    return Skip(sum(part.prefix for part in parts), body) if parts else _fixed(1)


@lru_cache(maxsize=1024)
def _known(type_name: str) -> Skip:
    return _skip(parse(type_name))


def skip(type_name: str) -> Skip:
    """Build the step for a type; raises EngineError for one whose length only its values tell."""
    try:
        return _known(type_name) if len(type_name) <= _KEPT_LENGTH else _skip(parse(type_name))
    except (TypeNameError, ValueError):
        shown = type_name if len(type_name) <= _SHOWN_LENGTH else f"{type_name[:_SHOWN_LENGTH]}…"
        raise EngineError(
            50,
            f"DB::Exception: The native protocol of this server has no {shown}: select "
            f"toString() of the column, or use HTTP. (UNKNOWN_TYPE)",
        ) from None


def _skip(kind: TypeName) -> Skip:
    if kind.name in _WIDTHS:
        return _fixed(_WIDTHS[kind.name])
    if kind.name in _GEOMETRY:
        return skip(_GEOMETRY[kind.name])
    if kind.name.startswith("Interval"):
        return _fixed(8)
    match kind.name, kind.arguments:
        case "String", []:
            return Skip(0, _strings)
        case "FixedString", [width]:
            return _fixed(int(width.name))
        case "Decimal", [precision, *_]:
            digits = int(precision.name)
            return _fixed(4 if digits < 10 else 8 if digits < 19 else 16 if digits < 39 else 32)
        case "Nullable", [inner]:
            return _nullable(_skip(inner))
        case "LowCardinality", [inner]:
            nullable = inner.name == "Nullable" and len(inner.arguments) == 1  # a null is one of the keys
            return _low_cardinality(_skip(inner.arguments[0] if nullable else inner))
        case "Array", [inner]:
            return _array(_skip(inner))
        case "Map", [key, value]:
            return _array(_tuple([_skip(key), _skip(value)]))
        case "Tuple", elements:
            return _tuple([_skip(element) for element in elements])
        case "Nested", elements:
            return _array(_tuple([_skip(element) for element in elements]))
        case "SimpleAggregateFunction", [_, inner]:
            return _skip(inner)
    raise TypeNameError(kind.name)


def read_block(source: Source, revision: int) -> Block:
    """Read one block as a peer of this revision sends it; leaves the source behind it."""
    if revision >= BLOCK_INFO:
        for _ in range(_MAX_FIELDS):
            field = source.varint()
            if not field:
                break
            source.take({1: 1, 2: 4}.get(field, 0))
    count, rows = source.varint(), source.varint()
    if count > _MAX_COLUMNS or rows > _MAX_ROWS:
        raise EngineError(131, f"DB::Exception: A block of {count} columns, {rows} rows. (TOO_LARGE_ARRAY_SIZE)")
    columns = []
    for _ in range(count):
        name, kind = source.string(), source.string()
        if revision >= CUSTOM_SERIALIZATION and source.number("<B"):
            raise EngineError(48, f"DB::Exception: Column {name}: send it without sparse. (NOT_IMPLEMENTED)")
        start = source.position
        if rows:
            step = skip(kind)
            source.position += step.prefix
            step.body(source, rows)
        data = bytes(memoryview(source.buffer)[start : source.position])
        columns.append(Column(name, kind, data))
    return Block(rows, tuple(columns))


def blocks_of(native: bytes) -> list[Block]:
    """All blocks in Native bytes of the engine's."""
    source, blocks = Source(lambda: b""), []
    source.buffer += native
    while source.position < len(native):
        blocks.append(read_block(source, 0))
    return blocks
