"""HTTP at 10,000 requests a second over kept loopback connections: all counted, timed as the server does, cheaply.

Server and client are processes of their own, which count and time what they do themselves. The server answers each
request after a time drawn from a known distribution. It dates a request by the kernel's receive timestamp on its socket
and an answer by its clock once it is sent: on a busy machine a request waits until the server is scheduled, and that
wait is the server's as much as the time drawn. What neither sees is the client's own delay. Should this machine not
bear the rate, the cost is scaled to it from what was asked.
"""

import heapq
import json
import random
import select
import socket
import statistics
import struct
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.result import Goal, Result
from collectors.requests import RequestCollector
from collectors.settings import Settings
from collectors.socket_scan import SocketScan
from collectors.window import Window
from schemas.latency import quantile

RATE, CONNECTIONS, SECONDS = 10_000, 500, 8
MEDIAN_MS, SPREAD = 15, 0.6  # of the time to answer, log-normal
STATUSES = (200,) * 16 + (302, 404, 404, 500)
WIDTH_MS = 1_000
SO_TIMESTAMPNS, TIMESPEC = 35, struct.Struct("=qq")
REQUEST = b"%s /api/items/42?page=1 HTTP/1.1\r\nHost: shop\r\nContent-Length: 0\r\n\r\n"
METHODS = (b"GET",) * 9 + (b"POST",)


def run() -> list[Result]:
    """Measure the collector under load, at rest, and in memory."""
    before = _rss()
    scan = SocketScan(Settings())
    http = RequestCollector(Settings(), scan)
    http.open(_window(0))
    memory = _rss() - before
    if missing := http.missing():
        raise RuntimeError(f"nothing to measure: {missing}")
    rest = _rest(http)
    results = _load(http)
    http.close()
    scan.close()
    most_rest = Goal(op="<=", number=0.1, of="value")
    return [
        *results,
        Result(
            name="HTTP: rings and code in memory", value=memory, unit="MiB", goal=Goal(op="<=", number=6, of="value")
        ),
        Result(name="HTTP: CPU at rest", value=rest, unit="% of a core", goal=most_rest),
    ]


def _load(http: RequestCollector) -> list[Result]:
    server = _start("serve")
    port = int(_line(server))
    http.collect(_window(1))
    client = _start("ask", str(port))
    _line(client)  # connected
    counted, latency = Counter[str](), Counter[int]()
    busy = 0.0
    while client.poll() is None:
        time.sleep(Settings().drain_ms / 1000)
        started = time.process_time()
        http.drain()
        busy += time.process_time() - started
    started = time.process_time()
    batch = http.collect(_window(2))
    busy += time.process_time() - started
    for row in batch.requests.rows():
        if row[3] == port:
            counted.update(row[5])
            latency.update(row[6])
    asked = json.loads(_line(client))
    served = json.loads(_line(server))
    server.wait()
    return _results(counted, latency, busy, asked, served, http.counters())


def _results(
    counted: Counter[str],
    latency: Counter[int],
    busy: float,
    asked: dict[str, int],
    served: dict[str, Any],
    lost: dict[str, int],
) -> list[Result]:
    total = sum(asked.values())
    none, close = Goal(op="<=", number=0, of="value"), Goal(op="<=", number=5, of="value")
    wrong = sum(abs(counted[what] - asked.get(what, 0)) for what in counted.keys() | asked.keys())
    results = [
        Result(name="HTTP: requests asked", value=total / SECONDS, unit="requests/s"),
        Result(name="HTTP: requests miscounted", value=abs(counted.total() - total), unit="requests", goal=none),
        Result(name="HTTP: miscounted by class", value=wrong, unit="requests", goal=none),
        Result(name="HTTP: packets lost", value=lost["http_packets_dropped"], unit="packets"),
    ]
    for share in (0.5, 0.99):
        seen, own = quantile(latency, share) / 1000, served[str(share)]
        name = f"HTTP: p{share * 100:.0f} off the server's own"
        results.append(Result(name=name, value=abs(seen / own - 1) * 100, unit="%", goal=close))
    cost = busy / total * RATE * 100
    return [
        *results,
        Result(name="HTTP: cost of a packet", value=busy / total / 2 * 1e6, unit="us"),
        Result(
            name=f"HTTP: CPU at {RATE:,} requests/s",
            value=cost,
            unit="% of a core",
            goal=Goal(op="<=", number=10, of="value"),
        ),
    ]


def _rest(http: RequestCollector) -> float:
    """Return what draining empty rings takes of a core, in percent."""
    http.drain()
    started, rounds = time.process_time(), 200
    for _ in range(rounds):
        http.drain()
    each = (time.process_time() - started) / rounds
    return each / (Settings().drain_ms / 1000) * 100


def _window(seq: int) -> Window:
    start = int(time.time() * 1000) // WIDTH_MS * WIDTH_MS
    return Window("host", "boot", 1, seq, start, WIDTH_MS, keyframe=False)


def _rss() -> float:
    status = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in status if line.startswith("VmRSS")).split()[1]) / 1024


def _start(*words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-m", "benchmarks.http", *words], stdout=subprocess.PIPE, text=True)


def _line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def _serve() -> None:
    """Answer until all connections are closed; report the times taken."""
    draw = random.Random(1)
    listening = socket.create_server(("127.0.0.1", 0), backlog=CONNECTIONS)
    print(listening.getsockname()[1], flush=True)
    accepted = {}
    poll = select.epoll()
    for _ in range(CONNECTIONS):
        one = listening.accept()[0]
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        one.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        accepted[one.fileno()] = one
        poll.register(one, select.EPOLLIN)
    due: list[tuple[float, int, int]] = []
    taken: list[int] = []
    while accepted:
        for number, _ in poll.poll(max(due[0][0] - time.monotonic(), 0) if due else 1):
            request, stamps, *_ = accepted[number].recvmsg(4096, 64)
            if request:
                seconds, nanoseconds = TIMESPEC.unpack(stamps[0][2])
                answer = time.monotonic() + draw.lognormvariate(0, SPREAD) * MEDIAN_MS / 1000
                heapq.heappush(due, (answer, seconds * 1_000_000_000 + nanoseconds, number))
            else:
                poll.unregister(number)
                accepted.pop(number).close()
        while due and due[0][0] <= time.monotonic():
            _, received, number = heapq.heappop(due)
            status = STATUSES[len(taken) % len(STATUSES)]
            accepted[number].send(b"HTTP/1.1 %d Yes\r\nContent-Length: 2\r\n\r\nok" % status)
            taken.append(time.time_ns() - received)
    quantiles = statistics.quantiles(taken, n=100)
    print(json.dumps({"0.5": quantiles[49] / 1e6, "0.99": quantiles[98] / 1e6}), flush=True)


def _ask(port: int) -> None:
    """Ask at a rate over free connections, and count the answers by method and class."""
    opened = {}
    poll = select.epoll()
    for _ in range(CONNECTIONS):
        one = socket.create_connection(("127.0.0.1", port))
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opened[one.fileno()] = one
        poll.register(one, select.EPOLLIN)
    print("connected", flush=True)
    free, asking = list(opened), dict.fromkeys(opened, b"")
    answered: Counter[str] = Counter()
    sent, began = 0, time.perf_counter()
    while True:
        now = time.perf_counter() - began
        while free and now < SECONDS and sent < now * RATE:
            number = free.pop()
            method = METHODS[sent % len(METHODS)]
            opened[number].send(REQUEST % method)
            asking[number] = method
            sent += 1
        if now >= SECONDS and len(free) == CONNECTIONS:
            break
        for number, _ in poll.poll(0.001):
            answer = opened[number].recv(4096)
            answered[f"{asking[number].decode()} {answer[9:10].decode()}xx"] += 1
            free.append(number)
    for one in opened.values():
        one.close()
    print(json.dumps(answered), flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        _serve()
    else:
        _ask(int(sys.argv[2]))
