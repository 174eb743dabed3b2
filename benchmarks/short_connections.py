"""Connections of one request that are closed at once, between two network namespaces, over IPv4 and IPv6.

Each has to be reported at both ends, with the right process and the right bytes. What the agent costs is the CPU time
that its process takes from the start of the load until all is reported, per second of load.
"""

import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec

from benchmarks.result import Goal, Result
from collectors.entering import Entrance, _move
from collectors.procfs import netns_of
from schemas.raw import ConnectionBatch, Heartbeat, OwnerBatch

SECONDS = 10
WINDOW_MS = 5_000
ASKED, ANSWERED = b"?" * 100, b"!" * 200
CLIENTS, SERVERS = (
    [f"10.98.{side}.{number}" for number in range(1, 5)] + [f"fd98::{side}:{number}" for number in range(1, 5)]
    for side in (1, 2)
)  # several, for the ports of a client are bound for a minute after a connection
FIRST_PORT = 7_000
LOSSES = (
    "socket_reports_lost",
    "socket_event_overruns",
    "socket_events_dropped",
    "connections_unidentified",
    "resets_uncounted",
)
AGENT = f"""
import sys, threading
from collectors.runner import run
from collectors.settings import Settings

stop = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
out = open(sys.argv[1], "wb", buffering=0)

def publish(topic, key, value):
    if topic.name in ("connections", "owners", "heartbeats"):
        out.write(b"%s %s\\n" % (topic.name.encode(), value))

run(Settings(window_ms={WINDOW_MS}, keyframe_ms={12 * WINDOW_MS}, bpf=sys.argv[2]), publish, lambda: None, stop)
"""


class Load(NamedTuple):
    """So many connections a second, by so many clients, each with a server of its own."""

    rate: int
    workers: int
    reset: bool = False


class Run(NamedTuple):
    """What came of a load."""

    made: int
    seconds: float
    cpu: float  # of a core
    counted: int  # ends that were reported
    owned: int  # with the right process
    exact: int  # with the right bytes
    lost: int  # records that are counted as lost


def run() -> list[Result]:
    """Measure loads, each with an agent of its own."""
    slow, reset, fast = Load(2_000, 1), Load(2_000, 1, reset=True), Load(10_000, 3)
    return [*_results(slow, 0.999), *_results(reset, 0.999), *_results(fast, 0.99)]


def _results(load: Load, least: float) -> list[Result]:
    one, title = _measure(load), f"{load.rate:,} connections/s" + ", reset" * load.reset
    right, ends = min(one.counted, one.owned, one.exact), 2 * one.made
    most = Goal(op="<=", number=5, of="value") if load.rate <= 2_000 else None
    return [
        Result(name=f"{title}: made", value=one.made / one.seconds, unit="connections/s"),
        Result(name=f"{title}: right", value=right / ends, unit="of all ends"),
        Result(
            name=f"{title}: right or counted as lost",
            value=min((right + one.lost) / ends, 1),
            unit="of all ends",
            goal=Goal(op=">=", number=least, of="value"),
        ),
        Result(name=f"{title}: CPU of the agent", value=100 * one.cpu, unit="% of a core", goal=most),
    ]


def _measure(load: Load, bpf: str = "auto") -> Run:
    with ExitStack() as stack:
        log = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "log"
        client, server = stack.enter_context(cabled())
        agent = stack.enter_context(_agent(log, bpf))
        workers = range(load.workers)
        servers = [stack.enter_context(forked(server, partial(serve, at))) for at in workers]
        _beats(log, 1)
        begun, used = time.monotonic(), cpu_of(agent)
        clients = [stack.enter_context(forked(client, partial(ask, at, load))) for at in workers]
        for pid in clients:
            _, status = os.waitpid(pid, 0)
            if status:
                raise RuntimeError("a client could not connect")
        seconds = time.monotonic() - begun
        _beats(log, 2)
        cpu = (cpu_of(agent) - used) / seconds
        return Run(_each(load) * load.workers, seconds, cpu, *_reported(log, set(clients), set(servers), load))


def _reported(log: Path, clients: set[int], servers: set[int], load: Load) -> tuple[int, int, int, int]:
    """Return how many ends the log has, with how many the process and the bytes are right, and what was lost."""
    ports = range(FIRST_PORT, FIRST_PORT + load.workers)
    owners: dict[int, set[int]] = defaultdict(set)
    served: dict[int, bool] = {}
    counted: Counter[tuple[int, str]] = Counter()
    lost = 0
    for line in log.read_bytes().splitlines():
        topic, _, value = line.partition(b" ")
        if topic == b"owners":
            holdings = msgspec.json.decode(value, type=OwnerBatch).owners
            for cookie, pid in zip(holdings.cookie, holdings.pid, strict=True):
                owners[cookie].add(pid)
        elif topic == b"heartbeats":
            counters = msgspec.json.decode(value, type=Heartbeat).counters
            lost = sum(counters.get(name, 0) for name in LOSSES)
        else:
            rows = msgspec.json.decode(value, type=ConnectionBatch).connections
            for row, cookie in enumerate(rows.cookie):
                if rows.local_port[row] in ports or rows.remote_port[row] in ports:
                    served[cookie] = rows.local_port[row] in ports
                    counted[cookie, "sent"] += rows.sent_bytes[row]
                    counted[cookie, "received"] += rows.received_bytes[row]
    asked, answered = len(ASKED), len(ANSWERED)
    owned = exact = 0
    for cookie, serves in served.items():
        owned += bool(owners[cookie]) and owners[cookie] <= (servers if serves else clients)
        bytes_of_it = counted[cookie, "sent"], counted[cookie, "received"]
        exact += bytes_of_it == ((answered, asked) if serves else (asked, answered))
    return len(served), owned, exact, lost


def serve(at: int) -> None:
    server = socket.create_server(("::", FIRST_PORT + at), family=socket.AF_INET6, backlog=4096, dualstack_ipv6=True)
    while True:
        one, _ = server.accept()
        with one, suppress(ConnectionResetError):
            one.recv(len(ASKED))
            one.send(ANSWERED)
            one.recv(1)


def ask(at: int, load: Load) -> None:
    port = FIRST_PORT + at
    rate = load.rate / load.workers
    begun = time.monotonic()
    for number in range(_each(load)):
        address = SERVERS[number % len(SERVERS)]
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as one:
            one.connect((address, port))
            one.send(ASKED)
            one.recv(len(ANSWERED))
            if load.reset:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        ahead = begun + number / rate - time.monotonic()
        if ahead > 0:
            time.sleep(ahead)


def _each(load: Load) -> int:
    return load.rate * SECONDS // load.workers


@contextmanager
def _agent(log: Path, bpf: str) -> Iterator[int]:
    command = [sys.executable, "-c", AGENT, str(log), bpf]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        try:
            _beats(log, 2)
            yield process.pid
        finally:
            assert process.stdin is not None
            process.stdin.close()


def _beats(log: Path, more: int) -> None:
    """Wait for heartbeats."""

    def count() -> int:
        return log.read_bytes().count(b"heartbeats ") if log.exists() else 0

    end = count() + more
    while count() < end:
        time.sleep(0.1)


@contextmanager
def cabled() -> Iterator[tuple[Entrance, Entrance]]:
    """Make two network namespaces with a cable between them."""
    with ExitStack() as stack:
        holders = []
        for _ in range(2):
            holder = stack.enter_context(subprocess.Popen(["unshare", "--net", "sleep", "infinity"]))
            stack.callback(holder.kill)
            holders.append(holder.pid)
        while netns_of(f"/proc/{holders[0]}") == netns_of("/proc/self") or netns_of(f"/proc/{holders[1]}") == netns_of(
            "/proc/self"
        ):
            time.sleep(0.01)
        enter = ["nsenter", "--net", "--target"]
        for pid, peer, addresses in ((holders[0], holders[1], CLIENTS), (holders[1], 0, SERVERS)):
            if peer:
                _run(*enter, str(pid), "ip", "link", "add", "c0", "type", "veth", "peer", "c0", "netns", str(peer))
            for address in addresses:
                prefix = ("/64", "nodad") if ":" in address else ("/16",)
                _run(*enter, str(pid), "ip", "address", "add", address + prefix[0], "dev", "c0", *prefix[1:])
            _run(*enter, str(pid), "ip", "link", "set", "c0", "up")
        client, server = (
            stack.enter_context(Entrance(f"/proc/{pid}/ns/net", netns_of(f"/proc/{pid}"))) for pid in holders
        )
        yield client, server


def _run(*command: str) -> None:
    subprocess.run(command, check=True)


@contextmanager
def forked(enter: Entrance, work: Callable[[], None]) -> Iterator[int]:
    """Do work in a process of its own, in a network namespace."""
    pid = os.fork()
    if not pid:
        code = 1
        try:
            with enter.lend() as descriptor:
                _move(descriptor)
            work()
            code = 0
        finally:
            os._exit(code)
    try:
        yield pid
    finally:
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def cpu_of(pid: int) -> float:
    """Return how long a process has run, in seconds."""
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    loads = [Load(int(sys.argv[2]), int(sys.argv[3]), "reset" in sys.argv)] if len(sys.argv) > 3 else []
    for one in loads:
        print(one, _measure(one, sys.argv[1]))
