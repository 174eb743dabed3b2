"""Read each end of each flow from the store, window by window."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from schemas.graph import CONTESTED
from tests.e2e.running import Up
from tests.truth.hosts import Host
from tests.truth.packets import Spot

Process = tuple[str, int]  # host and pid
Key = tuple[str, str, Spot, Spot]  # transport, host, the end's own address and port, its peer's
_ENDS = "scope", "address", "port", "who", "seen", "opened", "closed", "failed", "sent_bytes", "received_bytes"
_ROWS = f"""
SELECT toUnixTimestamp64Milli(window), width_ms, transport, nth, verdict,
       {", ".join(f"{end}_{name}" for end in "ab" for name in _ENDS)}
FROM edges FINAL WHERE transport != 'unix' AND bitAnd(elsewhere, {CONTESTED}) = 0 ORDER BY window
"""  # rows of contested flows are in others; the packets that rows are compared with show nothing of Unix sockets
_EDGES = "SELECT server_port, sum(connections_opened) FROM process_edges WHERE transport = 'tcp' GROUP BY server_port"
_ADDRESSES = "SELECT DISTINCT arrayJoin([client, server]) AS node FROM process_edges WHERE startsWith(node, 'address:')"
_LAST = "SELECT host, argMax(counters, window) FROM host_usage FINAL GROUP BY host"
_LOSSES = ("tcp_headers_dropped", "resets_uncounted", "connections_unidentified", "socket_event_overruns")
_SERVICES = "SELECT host, pid, argMax(service, seen) FROM nodes FINAL GROUP BY host, pid"


class Seen(NamedTuple):
    """One end of a flow in a window; `host` and `process` are what the store names, "" where it names none."""

    key: Key
    window: int  # ms
    width: int
    nth: int
    serves: bool | None
    host: str
    process: Process | None
    service: str
    provenance: str
    tied: bool
    seen: bool
    opened: bool
    closed: bool
    failed: bool
    sent: int
    received: int

    @property
    def level(self) -> str:
        """Return the level at which the end is known."""
        if self.process:
            return "process"
        return "service" if self.service else "tie" if self.tied else "host" if self.host else "address"


Row = tuple[Seen, Seen]


class Stored(NamedTuple):
    """All rows, the connections that people see on the edges to each TCP port, and the services of processes."""

    rows: list[Row]
    edges: dict[int, int]
    services: dict[Process, str]
    lost: dict[str, int]  # the losses that agents report, by host
    addresses: Sequence[str] = ()  # nodes on the map that are an address of a monitored host


def read(store: Up, hosts: Iterable[Host]) -> Stored:
    """Read the store."""
    edges = {int(port): int(count) for port, count in store.sql(_EDGES)}
    services = {(str(host), int(pid)): str(service) for host, pid, service in store.sql(_SERVICES)}
    lost = {str(host): sum(counters.get(name, 0) for name in _LOSSES) for host, counters in store.sql(_LAST)}
    theirs = {address for host in hosts for address in (host.address, host.address6)}
    nodes = [str(node) for (node,) in store.sql(_ADDRESSES)]
    addresses = [node for node in nodes if node.removeprefix("address:") in theirs]
    return Stored(_rows(store, hosts), edges, services, lost, addresses)


def words(key: Key) -> str:
    """Write the key of an end for people."""
    transport, host, local, remote = key
    return f"{transport} {host} {local[0]}:{local[1]} → {remote[0]}:{remote[1]}"


def _rows(store: Up, hosts: Iterable[Host]) -> list[Row]:
    places = {address: host.name for host in hosts for address in (host.address, host.address6)}
    found = []
    for window, width, transport, nth, verdict, *columns in store.sql(_ROWS):
        one, other = columns[: len(_ENDS)], columns[len(_ENDS) :]
        spots = [(str(end[1]), int(end[2])) for end in (one, other)]
        ends = []
        for at, end in enumerate((one, other)):
            place = end[0].partition("/")[0] or places.get(end[1]) or _named(end[3])
            serves = None if verdict < 2 else verdict % 2 == at
            key = (transport, place, spots[at], spots[1 - at])
            ends.append(_seen(key, window, width, nth, serves, *end[3:]))
        found.append((ends[0], ends[1]))
    return found


def _named(who: str) -> str:
    return who.split("\t")[1] if who else ""


def _seen(key: Key, window: int, width: int, nth: int, serves: bool | None, who: str, *counted: Any) -> Seen:
    _, host, node, service, _, _, provenance, tied, *_ = [*who.split("\t"), *[""] * 8]
    _, node_host, _, pid, _ = [*node.split(":"), *[""] * 5][:5]
    process = (node_host, int(pid)) if pid else None
    return Seen(key, window, width, nth, serves, host, process, service, provenance, tied == "1", *counted)
