"""Rows or columns: a window of 1,000 connections as JSON, decoded into typed records."""

from random import Random
from typing import Any

import msgspec
import zstandard

from benchmarks.connection import CONNECTION
from benchmarks.result import Goal, Result, compared
from schemas.codec import decode, encode
from schemas.columns import blanks
from schemas.raw import ConnectionBatch, Connections

ROWS = 1_000
HEAD: dict[str, Any] = {
    "host_id": "4c4c4544004d3510805ab7c04f4e3732",
    "boot_id": "1f0e2d3c",
    "run": 1,
    "window": 0,
    "width": 5_000,
}
ConnectionRow = msgspec.defstruct(
    "ConnectionRow",
    [(name, type(blank), blank) for name, blank in blanks(Connections).items()],
    frozen=True,
    omit_defaults=True,
)


class RowBatch(msgspec.Struct, frozen=True, kw_only=True):
    """The same batch as a list of objects."""

    host_id: str
    boot_id: str
    run: int
    window: int
    width: int
    connections: list[ConnectionRow]  # type: ignore[valid-type]


def run() -> list[Result]:
    rows = drawn()
    columns = encode(ConnectionBatch(**HEAD, connections=Connections.of(rows, CONNECTION)))
    objects = msgspec.json.encode(
        RowBatch(**HEAD, connections=[ConnectionRow(**dict(zip(CONNECTION, row, strict=True))) for row in rows])
    )
    decoder = msgspec.json.Decoder(RowBatch)
    packed = [len(zstandard.compress(value, 3)) for value in (columns, objects)]
    return [
        compared(
            "decode 1,000 connections as columns",
            lambda: [decode("connections", columns) for _ in range(50)],
            "as a list of objects",
            lambda: [decoder.decode(objects) for _ in range(50)],
            amount=50 * ROWS,
            unit="rows/s",
            goal=Goal(op=">=", number=1.2),
        ),
        size("bytes of 1,000 connections as columns", len(columns), len(objects)),
        size("the same, compressed with zstd", *packed),
    ]


def size(name: str, columns: int, objects: int) -> Result:
    goal = Goal(op="<=", number=1)
    return Result(
        name=name,
        value=columns,
        unit="bytes",
        against="as a list of objects",
        against_value=objects,
        goal=goal,
        runs=(columns,),
    )


def drawn() -> list[tuple[object, ...]]:
    """Return connections as a busy host has them: few are opened or closed in a window, none fails."""
    random = Random(1)
    rows: list[tuple[object, ...]] = []
    for n in range(ROWS):
        sent, got = random.randrange(100_000), random.randrange(1_000_000)
        ends = ("10.0.0.9", 443, f"198.51.100.{random.randrange(256)}", random.randrange(32_768, 61_000))
        flags = (1764547190000 + 5_000 * random.randrange(12), n % 50 == 0, True, True, n % 60 == 0, False)
        rtt = random.randrange(200, 90_000)
        rows.append((n + 4_000, 6, *ends, 1, 33, *flags, sent, got, sent // 1448, got // 1448, 0, rtt, rtt - 50))
    return rows
