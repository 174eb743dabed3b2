"""The agent on a host with 100 network namespaces: at rest, and with 16,000 sockets that all stir.

Rivals: a dump of every namespace in every window; and the same sockets in one namespace.
"""

import resource
import signal
import socket
import statistics
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from benchmarks.result import Goal, Result, timed
from collectors.entering import Entrance
from collectors.procfs import netns_of
from collectors.settings import Settings
from collectors.socket_scan import SocketScan
from collectors.stirring import Stirring

NAMESPACES, PAIRS = 100, 80  # pairs in each, of which both ends are here
RUNS = 7


def run() -> list[Result]:
    """Measure quiet namespaces, then all sockets in one pass, spread over the namespaces and in one of them."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with namespaces(NAMESPACES) as pids:
        results = [_quiet(pids)]
        with _sockets(pids, PAIRS):
            spread = _passes(pids)
    with namespaces(1) as pids, _sockets(pids, NAMESPACES * PAIRS):
        together = _passes(pids)
    return [
        *results,
        Result(
            name="16,000 sockets in 100 namespaces",
            value=statistics.median(spread),
            unit="ms",
            against="in one namespace",
            against_value=statistics.median(together),
            goal=Goal(op="<=", number=2),
            runs=spread,
        ),
    ]


def _quiet(pids: Sequence[int]) -> Result:
    with _scans(pids, heed=True) as heedful, _scans(pids, heed=False) as others:
        mine, theirs = timed(_Looking(heedful), _Looking(others), runs=RUNS)
    milliseconds = tuple(each * 1000 for each in mine)
    return Result(
        name="100 quiet namespaces",
        value=statistics.median(milliseconds),
        unit="ms",
        against="a dump of each",
        against_value=statistics.median(theirs) * 1000,
        goal=Goal(op="<=", number=0.3),
        runs=milliseconds,
    )


def _passes(pids: Sequence[int]) -> tuple[float, ...]:
    """Return how long each pass over all sockets takes, ms."""
    with _scans(pids, heed=False) as scans:
        (seconds,) = timed(_Looking(scans), runs=RUNS)
    return tuple(each * 1000 for each in seconds)


class _Looking:
    """Looks at every namespace, in a new window with each call."""

    def __init__(self, scans: Sequence[SocketScan]) -> None:
        self._scans = scans
        self._window = 0
        self()  # the first look reads what is there already
        self()

    def __call__(self) -> None:
        self._window += 1
        for scan in self._scans:
            scan.look(self._window)


@contextmanager
def _scans(pids: Sequence[int], *, heed: bool) -> Iterator[list[SocketScan]]:
    with ExitStack() as stack:
        scans = []
        for pid in pids:
            folder = f"/proc/{pid}"
            entrance = stack.enter_context(Entrance(f"{folder}/ns/net", netns_of(folder)))
            scan = SocketScan(Settings(), enter=entrance, stirring=Stirring(entrance) if heed else None)
            scan.open()
            stack.callback(scan.release)
            scans.append(scan)
        yield scans


@contextmanager
def namespaces(count: int) -> Iterator[list[int]]:
    """Make network namespaces; give the pid of a process in each."""
    command = ["unshare", "--net", "--", "sh", "-c", "ip link set lo up; echo; exec sleep infinity"]
    holders = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(count)]
    try:
        for holder in holders:
            assert holder.stdout is not None
            holder.stdout.readline()
        yield [holder.pid for holder in holders]
    finally:
        for holder in holders:
            holder.send_signal(signal.SIGKILL)
            holder.communicate()


@contextmanager
def _sockets(pids: Sequence[int], pairs: int) -> Iterator[None]:
    """Open connections over the loopback of each namespace."""
    with ExitStack() as stack:
        for pid in pids:
            folder = f"/proc/{pid}"
            with Entrance(f"{folder}/ns/net", netns_of(folder)) as entrance:
                for one in entrance(lambda: list(_pairs(pairs))):
                    stack.enter_context(one)
        yield


def _pairs(count: int) -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        for _ in range(count):
            yield socket.create_connection(server.getsockname())
            yield server.accept()[0]
