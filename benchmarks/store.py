"""Rows a second that clickhouse-driver inserts into the embedded store, beside the engine alone."""

import statistics
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
from pathlib import Path

from clickhouse_driver import Client

from benchmarks.embedded import embedded_store
from benchmarks.result import Goal, Result, timed

ROWS, BLOCK = 200_000, 50_000

_COLUMNS = {  # like an edge: who, where, when, and many numbers
    "ts": "DateTime64(3)",
    **{f"name_{n}": "LowCardinality(String)" for n in range(12)},
    "client": "IPv6",
    "server": "IPv6",
    **{f"port_{n}": "UInt16" for n in range(4)},
    **{f"count_{n}": "UInt64" for n in range(21)},
    **{f"seconds_{n}": "Float64" for n in range(10)},
}


def _columns(rows: int) -> list[list[object]]:
    """Column values as a sink holds them: plain numbers, names, packed addresses."""
    address = [b"\xfd" + bytes(13) + n.to_bytes(2, "big") for n in range(256)]

    def values(kind: str, salt: int) -> list[object]:
        if kind == "DateTime64(3)":
            return [1_790_000_000_000 + n // 100 for n in range(rows)]
        if kind == "IPv6":
            return [address[(n * 7 + salt) % 256] for n in range(rows)]
        if kind == "Float64":
            return [n * 0.001 + salt for n in range(rows)]
        if kind == "UInt16":
            return [(n + salt) % 60_000 for n in range(rows)]
        if kind == "UInt64":
            return [n * salt for n in range(rows)]
        return [f"name-{(n + salt) % 40}" for n in range(rows)]

    return [values(kind, salt) for salt, kind in enumerate(_COLUMNS.values())]


def _create(name: str) -> str:
    columns = ", ".join(f"{column} {kind}" for column, kind in _COLUMNS.items())
    return f"CREATE TABLE {name} ({columns}) ENGINE = MergeTree ORDER BY (name_0, ts)"


_ENGINE_ALONE = """
import sys, time
from pathlib import Path
from sinks.embedded.engine import Engine, load_extension
engine = Engine(load_extension(), Path(sys.argv[1]), 2_000_000_000)
session = engine.session("benchmark")
block = Path(sys.argv[2]).read_bytes()
for _ in session.whole(sys.argv[3], "Null"): pass
for run in range(6):
    started = time.perf_counter()
    insert = session.insert("alone", "", "Native")
    for _ in range(int(sys.argv[4])): insert.append(block)
    insert.finish()
    print(time.perf_counter() - started, flush=True)
session.close(); engine.close()
"""


def _engine_alone(folder: Path, block: bytes) -> list[float]:
    """Return rows a second of the engine with the same bytes, in a process of its own."""
    (folder / "block").write_bytes(block)
    arguments = [str(folder / "alone"), str(folder / "block"), _create("alone")]
    command = [sys.executable, "-c", _ENGINE_ALONE, *arguments, str(ROWS // BLOCK)]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return [ROWS / float(line) for line in lines[1:]]


def run() -> list[Result]:
    """Insert ROWS rows of 50 columns in blocks of BLOCK, plain and with LZ4."""
    columns = _columns(BLOCK)
    with tempfile.TemporaryDirectory(prefix="store-") as name:
        folder = Path(name)
        with embedded_store(folder / "store") as running:
            plain = _inserts(folder / "store", running.address.port, columns, False)
            packed = _inserts(folder / "store", running.address.port, columns, True)
            block = _block(running.http_port)
        alone = statistics.median(_engine_alone(folder, block))
    goal = Goal(op=">=", number=120_000, of="value")
    # The sink inserts plain: on loopback and in a data centre compressing takes longer than sending.
    return [_result("uncompressed", plain, alone, goal), _result("with LZ4", packed, alone, None)]


def _inserts(data: Path, port: int, columns: list[list[object]], compressed: bool) -> tuple[float, ...]:
    token = (data / "store.token").read_text()
    packing = "lz4" if compressed else False
    client = Client("127.0.0.1", port=port, user="servicemap", password=token, compression=packing)
    table = "packed" if compressed else "plain"
    client.execute(_create(table))

    def work() -> None:
        for _ in range(ROWS // BLOCK):  # the driver changes some columns in place
            rows = [list(column) for column in columns]
            client.execute(f"INSERT INTO {table} VALUES", rows, columnar=True)

    try:
        (seconds,) = timed(work)
    finally:
        client.disconnect()
    return seconds


def _block(http_port: int) -> bytes:
    """Return one block of those rows as Native bytes."""
    query = urllib.parse.quote(f"SELECT * FROM plain LIMIT {BLOCK} FORMAT Native")
    settings = f"max_block_size={BLOCK}&max_threads=1&wait_end_of_query=1"
    with urllib.request.urlopen(f"http://127.0.0.1:{http_port}/?query={query}&{settings}") as got:
        return bytes(got.read())


def _result(how: str, seconds: tuple[float, ...], alone: float, goal: Goal | None) -> Result:
    return Result(
        name=f"store: rows of {len(_COLUMNS)} columns inserted by clickhouse-driver, {how}",
        value=ROWS / statistics.median(seconds),
        unit="rows/s",
        against="the engine alone, given the same Native bytes",
        against_value=alone,
        goal=goal,
        runs=tuple(ROWS / each for each in seconds),
    )
