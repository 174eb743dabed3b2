"""Collectors driven window by window, by hand."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from collectors.listeners import ListenerCollector
from collectors.owners import OwnerCollector
from collectors.process_facts import Users
from collectors.process_table import ProcessTable
from collectors.processes import ProcessCollector
from collectors.procfs import own_netns
from collectors.settings import Settings
from collectors.socket_scan import SocketScan
from collectors.sockets import SocketCollector
from collectors.tracing import Tracing
from collectors.tracked import ConnectionRow
from collectors.window import Window
from collectors.wire import Wire
from schemas.counted import SUMS
from schemas.raw import Connections, ListenerBatch, OwnerBatch, ProcessBatch


class Connection(ConnectionRow):
    """A row of schemas.raw.Connections."""

    @property
    def ends(self) -> tuple[tuple[str, int], tuple[str, int]]:
        """Its own end and its peer's: address and port of each."""
        return (self.local_address, self.local_port), (self.remote_address, self.remote_port)


DEFAULT = Settings()


class Watch:
    """Collectors driven window by window, by hand."""

    def __init__(self, settings: Settings = DEFAULT, tracing: Tracing | None = None) -> None:
        self.scan, self.table = SocketScan(Settings(), tracing=tracing, netns=own_netns()), ProcessTable()
        self.sockets = SocketCollector(self.scan, Wire(settings, heed=lambda: not self.scan.traced))
        self.listeners = ListenerCollector(self.scan)
        self.processes = ProcessCollector(Settings(), self.table, Users())
        self.owners = OwnerCollector(self.scan, self.table)
        self.at = Window("host", "boot", 1, 0, 0, 5_000, keyframe=True)
        for collector in (self.sockets, self.listeners, self.processes, self.owners):
            collector.open(self.at)

    def next(self, *, keyframe: bool = False) -> int:
        """Go on to the next window and return its start."""
        start = self.at.start + self.at.width
        self.at = Window("host", "boot", 1, self.at.seq + 1, start, self.at.width, keyframe)
        return start

    def connections(self, port: int, *, keyframe: bool = False) -> list[Connection]:
        """Return the rows of the next window that have a port at either end, those of the port's own end last."""
        self.next(keyframe=keyframe)
        collected = self.sockets.collect(self.at).connections
        rows = (Connection(**dict(zip(Connections.__struct_fields__, row, strict=True))) for row in collected.rows())
        return sorted(
            (row for row in rows if port in (row.local_port, row.remote_port)), key=lambda r: r.local_port == port
        )

    def closed(self, port: int, count: int) -> list[Connection]:
        """Go on until so many connections of a port have closed; return one row for each, its counters added up."""
        rows: dict[int, Connection] = {}

        def complete() -> bool:
            for row in self.connections(port):
                held = rows.get(row.cookie)
                rows[row.cookie] = row if held is None else _sum(held, row)
            return sum(row.closed for row in rows.values()) >= count

        eventually(complete)
        return sorted(rows.values(), key=lambda row: row.local_port == port)

    def holders(self, *, keyframe: bool = False) -> OwnerBatch:
        self.next(keyframe=keyframe)
        return self.owners.collect(self.at)

    def running(self, *, keyframe: bool = False) -> ProcessBatch:
        self.next(keyframe=keyframe)
        return self.processes.collect(self.at)

    def listening(self, *, keyframe: bool = False) -> ListenerBatch:
        self.next(keyframe=keyframe)
        return self.listeners.collect(self.at)

    def close(self) -> None:
        self.sockets.close()
        self.processes.close()


@contextmanager
def lone_listener(address: str) -> Iterator[socket.socket]:
    """Listen on a port that no socket of the other family has, since rows are found by their port."""
    ours, others = (socket.AF_INET6, socket.AF_INET) if ":" in address else (socket.AF_INET, socket.AF_INET6)
    with ExitStack() as stack:
        while True:
            listening = socket.create_server((address, 0), family=ours, dualstack_ipv6=address == "::")
            stack.enter_context(listening)
            if address == "::" or _hold(stack.enter_context(socket.socket(others)), listening.getsockname()[1]):
                break
        yield listening


def _hold(holder: socket.socket, port: int) -> bool:
    """Hold a port in the family of a socket; return whether it was free."""
    if holder.family == socket.AF_INET6:
        holder.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    with suppress(OSError):
        holder.bind(("::" if holder.family == socket.AF_INET6 else "0.0.0.0", port))
        return True
    return False


def _sum(one: Connection, other: Connection) -> Connection:
    added = {name: getattr(one, name) + getattr(other, name) for name in SUMS}
    return other._replace(opened=one.opened or other.opened, **added)


def eventually(condition: Callable[[], Any], seconds: float = 10.0) -> Any:
    """Wait for a condition and return what it returned."""
    end = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.005)
    return result
