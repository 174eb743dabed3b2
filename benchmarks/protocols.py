"""Redis, PostgreSQL and memcached at 10,000 requests a second: what is counted, how it is timed, and what that costs.

The programs are real, and so are the load tools of two of them. A tool that cannot keep to a rate runs as fast as it
can, for a short time; the cost is then scaled to the rate from what was asked. Each program is asked for a moment
first, so that it is known what it speaks.
"""

import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks.result import Goal, Result
from collectors.requests import RequestCollector
from collectors.settings import Settings
from collectors.socket_scan import SocketScan
from collectors.window import Window
from schemas.latency import quantile

RATE, SECONDS, CONNECTIONS = 10_000, 5, 20
WIDTH_MS = 1_000
HOST = "127.0.0.1"
MOST_BUSY = Goal(op="<=", number=12, of="value")
"""Per cent of a core."""


class Load(NamedTuple):
    """What a tool did: the operations that it asked for, with their number, and its own median, ms; 0 without one."""

    asked: Counter[str]
    p50_ms: float


def run() -> list[Result]:
    """Measure every program that is installed."""
    results = []
    for name, serve, ask in (
        ("Redis", redis, ask_redis),
        ("Redis, pipelines of 16", redis, _ask_redis_in_pipelines),
        ("PostgreSQL", _postgres, _ask_postgres),
        ("memcached", _memcached, _ask_memcached),
    ):
        with serve() as port:
            if port:
                results += _measure(name, port, ask)
    return results


def _measure(name: str, port: int, ask: "Callable[[int, int], Load]") -> list[Result]:
    scan = SocketScan(Settings())
    scan.open()
    collector = RequestCollector(Settings(), scan)
    collector.open(_window(0))
    for seq in range(1, 4):  # it is seen who listens, then what is spoken, then the answers
        collector.collect(_window(seq))
        ask(port, 200)
        time.sleep(0.1)
    collector.collect(_window(4))
    program = [sys.executable, "-m", "benchmarks.protocols", ask.__name__, str(port), str(RATE * SECONDS)]
    tool = subprocess.Popen(program, stdout=subprocess.PIPE, text=True)
    counted, latency = Counter[str](), Counter[int]()
    busy, seq = 0.0, 5
    while tool.poll() is None:
        time.sleep(Settings().drain_ms / 1000)
        started = time.thread_time()
        collector.drain()
        busy += time.thread_time() - started
    started = time.thread_time()
    for row in collector.collect(_window(seq)).requests.rows():
        if row[3] == port:
            counted.update(row[5])
            latency.update(row[6])
    busy += time.thread_time() - started
    lost = collector.counters()
    collector.close()
    scan.close()
    assert tool.stdout is not None
    printed = json.loads(tool.stdout.read())
    return _results(
        name, Load(Counter(printed["asked"]), printed["p50_ms"]), printed["seconds"], counted, latency, busy, lost
    )


def _results(
    name: str,
    load: Load,
    seconds: float,
    counted: Counter[str],
    latency: Counter[int],
    busy: float,
    lost: dict[str, int],
) -> list[Result]:
    asked = load.asked.total()
    cost = busy / asked * RATE * 100
    found = sum(counted[what] for what in load.asked)
    return [
        Result(name=f"{name}: requests asked", value=asked / seconds, unit="requests/s"),
        Result(name=f"{name}: requests counted", value=100 * found / asked, unit="% of those made"),
        Result(name=f"{name}: packets lost", value=lost["protocol_packets_dropped"], unit="packets"),
        Result(name=f"{name}: p50", value=quantile(latency, 0.5) / 1000, unit="ms"),
        Result(name=f"{name}: p50 of the load tool, its own delay included", value=load.p50_ms, unit="ms"),
        Result(name=f"{name}: CPU at {RATE:,} requests/s", value=cost, unit="% of a core", goal=MOST_BUSY),
    ]


def ask_redis(port: int, requests: int) -> Load:
    return _redis_benchmark(port, requests, "-c", str(CONNECTIONS))


def _ask_redis_in_pipelines(port: int, requests: int) -> Load:
    return _redis_benchmark(port, requests, "-c", str(CONNECTIONS), "-P", "16")


def _redis_benchmark(port: int, requests: int, *options: str) -> Load:
    """Ask in parts, with pauses between them, because the tool knows no rate."""
    asked: Counter[str] = Counter()
    times: list[float] = []
    part = max(192, requests // (SECONDS * 10) // 16 * 16)  # whole pipelines
    began = time.monotonic()
    while asked.total() < requests:
        what = "set" if len(times) % 2 else "get"
        tool = ["redis-benchmark", "-p", str(port), "-n", str(part), "-t", what, "--csv", *options]
        printed = subprocess.run(tool, check=True, capture_output=True, text=True).stdout
        asked[f"{what.upper()} ok"] += part
        times.append(float(printed.splitlines()[-1].split(",")[4].strip('"')))
        time.sleep(max(0.0, began + asked.total() / RATE - time.monotonic()))
    return Load(asked, sorted(times)[len(times) // 2])


def _ask_postgres(port: int, requests: int) -> Load:
    """Select rows at a rate; each transaction is a request."""
    clients = min(CONNECTIONS, max(1, requests // 100))
    options = ["-R", str(RATE), "-T", str(SECONDS)] if requests > 1_000 else ["-t", str(requests // clients)]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        tool = ["pgbench", "-h", HOST, "-p", str(port), "-U", "postgres", "-n", "-S", "-M", "prepared", "-l"]
        tool += [f"--log-prefix={log}", "-c", str(clients), "-j", "2", *options, "postgres"]
        subprocess.run(tool, check=True, capture_output=True)
        lines = [line.split() for path in Path(folder).iterdir() for line in path.read_text().splitlines()]
    times = sorted(int(line[2]) - int(line[6] if len(line) > 6 else 0) for line in lines)  # without lag behind the rate
    return Load(Counter({"SELECT ok": len(times)}), times[len(times) // 2] / 1000)


def _ask_memcached(port: int, requests: int) -> Load:
    """Get and set in turn at a rate, over one connection."""
    times = []
    with socket.create_connection((HOST, port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        began = time.perf_counter()
        for number in range(requests):
            while time.perf_counter() - began < number / RATE:
                pass
            asked = time.perf_counter()
            connection.sendall(b"get key\r\n" if number % 2 else b"set key 0 0 5\r\nvalue\r\n")
            connection.recv(4096)
            times.append(time.perf_counter() - asked)
    half = requests // 2
    return Load(Counter({"SET ok": requests - half, "GET ok": half}), sorted(times)[half] * 1000)


@contextmanager
def redis() -> Iterator[int]:
    with _serving("redis-server", lambda port: ["--bind", HOST, "--port", str(port), "--save", ""]) as port:
        yield port


@contextmanager
def _memcached() -> Iterator[int]:
    with _serving("memcached", lambda port: ["-u", "nobody", "-l", HOST, "-p", str(port), "-U", "0"]) as port:
        yield port


@contextmanager
def _postgres() -> Iterator[int]:
    """Run a new cluster with the tables of pgbench, as nobody."""
    tools = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if not tools:
        yield 0
        return
    with tempfile.TemporaryDirectory() as folder:
        shutil.chown(folder, "nobody")
        data = f"{folder}/data"
        made = [str(tools[0] / "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "--no-sync"]
        subprocess.run(made, check=True, capture_output=True, user="nobody", cwd=folder)
        options = ["-D", data, "-h", HOST, "-k", folder, "-F"]
        with _serving(str(tools[0] / "postgres"), lambda port: [*options, "-p", str(port)], user="nobody") as port:
            ready = [str(tools[0] / "pg_isready"), "-q", "-h", HOST, "-p", str(port)]
            while subprocess.call(ready):
                time.sleep(0.05)
            tables = ["pgbench", "-h", HOST, "-p", str(port), "-U", "postgres", "-i", "-q", "postgres"]
            subprocess.run(tables, check=True, capture_output=True)
            yield port


@contextmanager
def _serving(program: str, options: "Callable[[int], list[str]]", user: str | None = None) -> Iterator[int]:
    """Run a server on a free port; 0 where it is not installed."""
    found = shutil.which(program)
    if found is None:
        yield 0
        return
    with socket.create_server((HOST, 0)) as free:
        port = int(free.getsockname()[1])
    process = subprocess.Popen(
        [found, *options(port)], user=user, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/tmp"
    )
    try:
        while not _open(port):
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait()


def _open(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


def _window(seq: int) -> Window:
    return Window("host", "boot", 1, seq, int(time.time() * 1000) // WIDTH_MS * WIDTH_MS, WIDTH_MS, keyframe=False)


if __name__ == "__main__":
    began = time.monotonic()
    load = globals()[sys.argv[1]](int(sys.argv[2]), int(sys.argv[3]))
    print(json.dumps({"asked": load.asked, "p50_ms": load.p50_ms, "seconds": time.monotonic() - began}))
