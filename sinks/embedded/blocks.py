"""Finds the borders of columns and blocks in Native bytes; layouts: ClickHouse's `src/Formats/NativeReader.cpp`."""

from dataclasses import dataclass

from sinks.embedded.engine import EngineError
from sinks.embedded.steps import skip
from sinks.embedded.wire import Source, string, varint

BLOCK_INFO = 51903  # first protocol revisions that have these
CUSTOM_SERIALIZATION = 54454
_INFO = b"\x01\x00\x02\xff\xff\xff\xff\x00"  # not overflows, no bucket
_MAX_COLUMNS = 10_000
_MAX_ROWS = 1 << 27
_MAX_FIELDS = 8  # of a block's info; there are two


@dataclass(frozen=True)
class Column:
    """A column of a block; `data` holds prefixes and values as the engine's Native has them."""

    name: str
    type: str
    data: bytes = b""


@dataclass(frozen=True)
class Block:
    """One block; without rows it declares the columns, without columns it ends the data."""

    rows: int
    columns: tuple[Column, ...]

    def encode(self, revision: int) -> bytes:
        """Return the block as a peer of this revision reads it; revision 0 is the engine's Native."""
        custom = b"\x00" if revision >= CUSTOM_SERIALIZATION else b""
        info = _INFO if revision >= BLOCK_INFO else b""
        pieces = [info, varint(len(self.columns)), varint(self.rows)]
        for column in self.columns:
            pieces += [string(column.name), string(column.type), custom, column.data]
        return b"".join(pieces)

    def header(self) -> "Block":
        """Return the same columns without rows."""
        return Block(0, tuple(Column(column.name, column.type) for column in self.columns))


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
            try:
                skip(kind)(source)(source, rows)
            except RecursionError:
                raise EngineError(131, f"DB::Exception: Column {name} is too deep. (TOO_LARGE_ARRAY_SIZE)") from None
        data = bytes(memoryview(source.buffer)[start : source.position])
        columns.append(Column(name, kind, data))
    return Block(rows, tuple(columns))


def blocks_of(native: bytes) -> list[Block]:
    """Return all blocks in Native bytes of the engine's."""
    source, blocks = Source(lambda: b""), []
    source.buffer += native
    while source.position < len(native):
        blocks.append(read_block(source, 0))
    return blocks
