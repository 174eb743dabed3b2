"""The agent on a host with 32,000 open sockets in 40 processes, with 1,000 processes, and at rest.

Rivals: ss(8) with counters and processes; psutil; and the kernel alone, whose dump is received and thrown away. A
thousand of the sockets carry a byte a second, so that there are changes to find.
"""

import os
import resource
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain

import psutil
from pyroute2 import IPRoute

from benchmarks.result import Goal, Result, timed
from collectors import diag, netlink
from collectors.interfaces import read_interfaces
from collectors.load import LoadMeter
from collectors.owners import OwnerCollector
from collectors.process_facts import Users
from collectors.process_table import ProcessTable
from collectors.processes import ProcessCollector
from collectors.settings import Settings
from collectors.socket_scan import FAMILIES, SocketScan
from collectors.sockets import SocketCollector
from collectors.window import Window
from collectors.wire import Wire

PAIRS, CONNECTIONS, BUSY = 20, 800, 25
PROCESSES = 1_000
REST_S = 21  # four windows of 5 s
RUNS = 7


def run() -> list[Result]:
    """Measure sockets, processes and rest, each with only its own load on the host."""
    with sockets():
        results = _measure_sockets()
    with _processes():
        results += _measure_processes()
    return results + _measure_host() + _measure_rest()


def _measure_host() -> list[Result]:
    """Measure what the host itself costs: its load by psutil, and its addresses read directly and by pyroute2."""
    meter, times = LoadMeter(), range(100)

    def load() -> None:
        for _ in times:
            meter.read()

    def addresses() -> None:
        for _ in times:
            read_interfaces()

    with IPRoute() as route:

        def library() -> None:
            for _ in times:
                deque(chain(route.get_links(), route.get_addr()), maxlen=0)

        loads, mine, theirs = timed(load, addresses, library, runs=RUNS)
    micro = [tuple(each / len(times) * 1e6 for each in seconds) for seconds in (loads, mine, theirs)]
    return [
        Result(
            name="load of the host, with psutil",
            value=statistics.median(micro[0]),
            unit="µs",
            goal=Goal(op="<=", number=1_000, of="value"),
            runs=micro[0],
        ),
        Result(
            name="links and addresses against pyroute2",
            value=statistics.median(micro[1]),
            unit="µs",
            against="pyroute2.IPRoute",
            against_value=statistics.median(micro[2]),
            goal=Goal(op="<=", number=0.5),
            runs=micro[1],
        ),
    ]


def _measure_sockets() -> list[Result]:
    scan, table = SocketScan(Settings()), ProcessTable()
    sockets, owners = SocketCollector(scan, Wire(Settings())), OwnerCollector(scan, table)
    windows = _windows()
    sockets.open(next(windows))
    sockets.collect(first := next(windows))
    owners.collect(first)
    count = len(scan.inodes)

    def ours() -> None:
        window = next(windows)
        sockets.collect(window)
        owners.collect(window)

    works = (ours, _thrown_away, lambda: _quietly("ss", "-tinpH"), lambda: psutil.net_connections("tcp"))
    mine, kernel, ss, library = timed(*works, runs=RUNS)
    sockets.close()
    rate = count / statistics.median(mine)
    against = [
        ("scan of sockets against ss", "ss -tinpH", ss, Goal(op=">=", number=8)),
        ("scan of sockets against psutil", "psutil.net_connections", library, Goal(op=">=", number=5)),
        ("scan of sockets against the kernel", "the dump thrown away", kernel, Goal(op=">=", number=round(1 / 2.2, 2))),
    ]
    return [
        Result(
            name=name,
            value=rate,
            unit="sockets/s",
            against=rival,
            against_value=count / statistics.median(seconds),
            goal=goal,
            runs=tuple(count / each for each in mine),
        )
        for name, rival, seconds, goal in against
    ]


def _measure_processes() -> list[Result]:
    collector = ProcessCollector(Settings(), ProcessTable(), Users())
    windows = _windows()
    collector.open(next(windows))
    for _ in range(3):  # the first, and the two in which new processes are read again
        collector.collect(next(windows))
    facts = ["pid", "ppid", "name", "create_time", "cpu_times", "memory_info", "num_threads", "status"]

    def library() -> None:
        for _ in psutil.process_iter(facts):
            pass

    mine, theirs = timed(lambda: collector.collect(next(windows)), library, runs=2 * RUNS)
    collector.close()
    milliseconds = tuple(each * 1000 for each in mine)
    median = statistics.median(milliseconds)
    rival = statistics.median(theirs) * 1000
    return [
        Result(
            name="scan of 1,000 processes",
            value=median,
            unit="ms",
            runs=milliseconds,
        ),
        Result(
            name="scan of processes against psutil",
            value=median,
            unit="ms",
            against="psutil.process_iter",
            against_value=rival,
            goal=Goal(op="<=", number=0.25),
            runs=milliseconds,
        ),
    ]


REST = """
import sys, threading, time
from collectors.runner import run
from collectors.settings import Settings

stop, marks = threading.Event(), []
threading.Timer(float(sys.argv[1]), stop.set).start()

def publish(topic, key, value):
    if topic.name == "heartbeats":
        marks.append((time.process_time(), time.time()))

run(Settings(), publish, lambda: None, stop)
(cpu, at), (last_cpu, last_at) = marks[0], marks[-1]
rss = next(line for line in open("/proc/self/status") if line.startswith("VmRSS")).split()[1]
print(int(rss) / 1024, (last_cpu - cpu) / (last_at - at) * 100)
"""


def _measure_rest() -> list[Result]:
    shown = subprocess.run([sys.executable, "-c", REST, str(REST_S)], capture_output=True, text=True, check=True).stdout
    rss, share = (float(word) for word in shown.split())
    return [
        Result(name="memory of the agent", value=rss, unit="MiB", goal=Goal(op="<=", number=60, of="value")),
        Result(
            name="CPU of the agent at rest", value=share, unit="% of a core", goal=Goal(op="<=", number=1, of="value")
        ),
    ]


def _windows() -> Iterator[Window]:
    seq = 0
    while True:
        yield Window("host", "boot", 1, seq, seq * 5_000, 5_000, keyframe=seq < 2)
        seq += 1


def _thrown_away() -> None:
    with netlink.open_socket(netlink.SOCK_DIAG) as sock:
        for family in FAMILIES:
            for _ in diag.request(sock, family, socket.IPPROTO_TCP, diag.states(*diag.CONNECTED), info=True):
                pass


def _quietly(*command: str) -> None:
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)


@contextmanager
def sockets(pairs: int = PAIRS, connections: int = CONNECTIONS, busy: int = BUSY) -> Iterator[None]:
    """Open connections on loopback between pairs of processes; of each pair, some are busy."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with _children() as start:
        ready, report = os.pipe()
        for pair in range(pairs):
            listening = socket.create_server((f"127.1.{pair}.1", 0), backlog=connections)
            start(lambda listening=listening: _echo(listening, connections, busy))  # type: ignore[misc]
            start(lambda listening=listening: _talk(listening, report, connections, busy))  # type: ignore[misc]
            listening.close()
        for _ in range(pairs):
            os.read(ready, 1)
        os.close(ready)
        os.close(report)
        yield


@contextmanager
def _processes() -> Iterator[None]:
    with _children() as start:
        for _ in range(PROCESSES):
            start(signal.pause)
        yield


@contextmanager
def _children() -> Iterator[Callable[[Callable[[], object]], None]]:
    """Start functions in forked processes; all end with the block."""
    pids: list[int] = []

    def start(work: Callable[[], object]) -> None:
        pid = os.fork()
        if not pid:
            try:
                work()
            finally:
                os._exit(0)
        pids.append(pid)

    try:
        yield start
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _echo(listening: socket.socket, connections: int, busy: int) -> None:
    accepted = [listening.accept()[0] for _ in range(connections)]
    while True:
        for sock in accepted[:busy]:
            sock.send(sock.recv(1))


def _talk(listening: socket.socket, ready: int, connections: int, busy: int) -> None:
    opened = [socket.create_connection(listening.getsockname()) for _ in range(connections)]
    os.write(ready, b"!")
    while True:
        for sock in opened[:busy]:
            sock.send(b"x")
            sock.recv(1)
        time.sleep(1)
