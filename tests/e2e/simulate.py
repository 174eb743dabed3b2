"""An hour of three hosts as their agents would report it, made from what happens on them.

What happens is drawn once: processes that start and exit, sockets between them that open and close. What is logged is
what an agent sees of it: nothing in its gaps, owners of some sockets late, half a window when it is killed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple

from schemas import topics
from schemas.codec import encode
from schemas.raw import (
    Batch,
    ConnectionBatch,
    Connections,
    Exits,
    Heartbeat,
    HostFacts,
    Interfaces,
    ListenerBatch,
    Listeners,
    Lost,
    OwnerBatch,
    Owners,
    ProcessBatch,
    Processes,
    Usage,
)
from tests.e2e.simulate_http import request_batch

WIDTH = 5000
WINDOWS = 720
KEYFRAME = 12
ESTABLISHED, SYN_SENT, LISTEN = 1, 2, 10
EVER = 10**9


class Record(NamedTuple):
    """A record to append to a log."""

    topic: str
    key: bytes
    value: bytes
    timestamp: int


@dataclass
class Process:
    """A process; `born` and `died` are windows."""

    pid: int
    name: str
    unit: str
    born: int
    died: int = EVER
    parent: int = 1

    @property
    def start(self) -> int:
        return 10_000_000 + self.born * 500


@dataclass
class Socket:
    """A socket, or one end of a connection. Times are windows; `known` is when its owner can be seen."""

    cookie: int
    local: tuple[str, int]
    remote: tuple[str, int] | None
    owners: list[Process]
    opened: int
    closed: int = EVER
    known: int = 0
    failed: bool = False

    def open_in(self, window: int) -> bool:
        return self.opened <= window <= self.closed


@dataclass
class Host:
    """A host with all its processes and sockets. `gaps` are windows without an agent; a new run begins after each."""

    name: str
    address: str
    gaps: list[tuple[int, int]] = field(default_factory=list)
    processes: list[Process] = field(default_factory=list)
    sockets: list[Socket] = field(default_factory=list)

    def process(self, pid: int, name: str, born: int, died: int = EVER, unit: str = "", parent: int = 1) -> Process:
        self.processes.append(Process(pid, name, unit, born, died, parent))
        return self.processes[-1]

    def socket(
        self, local: tuple[str, int], remote: tuple[str, int] | None, owners: list[Process], opened: int, **more: Any
    ) -> Socket:
        self.sockets.append(Socket(len(self.sockets) + 1, local, remote, owners, opened, **more))
        return self.sockets[-1]

    def run(self, window: int) -> int | None:
        """Return the window in which the agent's run of a window began."""
        if any(first <= window < end for first, end in self.gaps):
            return None
        return max([0, *(end for _, end in self.gaps if end <= window)])


def world(draw: Random) -> list[Host]:
    """Let things happen on a front end, a back end and a database host."""
    front, back, base = Host("front", "10.0.0.1"), Host("back", "10.0.0.2"), Host("db", "10.0.0.3")
    back.gaps = [(300, 309)]  # its agent is killed, and started again
    base.gaps = [(0, 100)]  # watched later than the others
    nginx = front.process(500, "nginx", -900, unit="nginx.service")
    workers = [front.process(501 + n, "nginx", -900, unit="nginx.service", parent=500) for n in range(2)]
    postgres = base.process(700, "postgres", -5000, unit="postgresql.service")
    redis = back.process(300, "redis-server", -4000)
    listen(front, 443, [nginx, *workers], -900)
    listen(base, 5432, [postgres], -5000)
    listen(back, 6379, [redis], -4000)
    for pid, born, died in ((400, -100, 250), (401, 252, 480), (402, 482, EVER)):  # a service restarted twice
        api = back.process(pid, "api", born, died)
        listen(back, 8000, [api], born, died)
        connect(back, api, back, redis, 6379, born + 1, died, address="127.0.0.1", draw=draw)
        for n in range(3):
            connect(front, workers[n % 2], back, api, 8000, born + 2 + n, died, draw=draw)
            backend = base.process(7000 + pid + n, "postgres", born + 3, died, "postgresql.service", 700)
            connect(back, api, base, backend, 5432, born + 3, died, draw=draw)
    for number in range(120):  # short-lived clients; pids are used again
        at = draw.randrange(WINDOWS)
        job = back.process(9000 + number % 3, draw.choice(("report", "backup")), at, at + draw.randrange(4))
        connect(back, job, base, postgres, 5432, at, job.died, draw=draw)
    for _ in range(250):  # clients from elsewhere
        at, port = draw.randrange(WINDOWS), draw.randrange(32768, 60999)
        peer = (f"203.0.113.{draw.randrange(1, 200)}", port)
        front.socket((front.address, 443), peer, [workers[port % 2]], at, closed=at + draw.randrange(30))
    for _ in range(20):  # nobody listens there
        at = draw.randrange(WINDOWS)
        ours = (front.address, draw.randrange(32768, 60999))
        front.socket(ours, ("10.0.0.9", 81), [workers[0]], at, closed=at, failed=True)
    return [front, back, base]


def listen(host: Host, port: int, owners: list[Process], born: int, died: int = EVER) -> None:
    host.socket(("0.0.0.0", port), None, owners, born, closed=died)


def connect(
    one: Host, client: Process, other: Host, server: Process, port: int, opened: int, closed: int, *,
    draw: Random, address: str = "",
) -> None:  # fmt: skip
    """Open both ends of a connection; the owner of either may be seen late."""
    here = (address or one.address, draw.randrange(32768, 60999))
    there = (address or other.address, port)
    late = draw.choice((0, 0, 0, 3))
    one.socket(here, there, [client], opened, closed=closed, known=opened + late)
    other.socket(there, here, [server], opened, closed=closed, known=opened + 3 - late)


def recorded(base: int, draw: Random) -> list[Record]:
    """Return the hour from `base` (ms, on the grid of windows), in the order of the log."""
    hosts = world(draw)
    return [
        record
        for number in range(WINDOWS)
        for host in hosts
        for record in _window(host, number, base, draw)
    ]  # fmt: skip


def _window(host: Host, number: int, base: int, draw: Random) -> Iterator[Record]:
    run = host.run(number)
    if run is None:
        return
    header: dict[str, Any] = {
        "host_id": host.name,
        "boot_id": f"{host.name:0<36}",
        "run": base + run * WIDTH,
        "seq": number - run,
        "window": base + number * WIDTH,
        "width": WIDTH,
        "keyframe": (number - run) % KEYFRAME == 0,
    }
    batches = _batches(host, header, number, run, base, draw)
    sent = {topic.name: 1 for topic, _ in batches if topic is not topics.HOSTS}  # which closes no window
    heartbeat = Heartbeat(**header, sent=sent, hostname=host.name, interfaces=_interfaces(host), load1=draw.random())
    batches.append((topics.HEARTBEATS, heartbeat))
    if any(number == first - 1 for first, _ in host.gaps):  # killed in the midst of it
        batches = batches[:2]
    for topic, batch in batches:
        yield Record(topic.name, host.name.encode(), encode(batch), base + (number + 1) * WIDTH + 100)


def _batches(
    host: Host, header: dict[str, Any], number: int, run: int, base: int, draw: Random
) -> list[tuple[topics.Topic, Batch]]:
    sockets = [one for one in host.sockets if one.open_in(number) and (one.closed >= run)]
    listeners, owners = _listeners(sockets, header, number), _owners(sockets, header, number)
    batches: list[tuple[topics.Topic, Batch]] = [
        (topics.PROCESSES, _processes(host, header, number, base, draw)),
        (topics.CONNECTIONS, _connections(sockets, header, number, run, base, draw)),
    ]
    if header["keyframe"] or len(listeners.listeners) or listeners.gone:
        batches.append((topics.LISTENERS, listeners))
    if header["keyframe"] or len(owners.owners) or len(owners.gone):
        batches.append((topics.OWNERS, owners))
    requests = request_batch(sockets, header, number)
    if header["keyframe"] or len(requests.requests):
        batches.append((topics.REQUESTS, requests))
    if header["keyframe"]:
        facts = HostFacts(**header, hostname=host.name, kernel="6.1", cpus=2, interfaces=_interfaces(host))
        batches.append((topics.HOSTS, facts))
    return batches


def _processes(host: Host, header: dict[str, Any], number: int, base: int, draw: Random) -> ProcessBatch:
    alive = [one for one in host.processes if one.born <= number <= one.died]
    reported = [one for one in alive if header["keyframe"] or one.born == number]
    gone = [one for one in alive if one.died == number]
    return ProcessBatch(
        **header,
        processes=Processes(
            pid=[one.pid for one in reported],
            start=[one.start for one in reported],
            started=[base + one.born * WIDTH + 40 for one in reported],
            parent=[one.parent for one in reported],
            comm=[one.name[:15] for one in reported],
            exe=[f"/usr/bin/{one.name}" for one in reported],
            cmdline=[[f"/usr/bin/{one.name}"] for one in reported],
            unit=[one.unit for one in reported],
        ),
        usage=Usage(
            pid=[one.pid for one in alive],
            start=[one.start for one in alive],
            cpu_ms=[draw.randrange(5000) for _ in alive],
            rss_bytes=[draw.randrange(1 << 30) for _ in alive],
        ),
        exits=Exits(
            pid=[one.pid for one in gone],
            start=[one.start for one in gone],
            exited=[base + number * WIDTH + 4900 for _ in gone],
            code=[0 for _ in gone],
        ),
    )


CONNECTION = (
    "cookie", "transport", "local_address", "local_port", "remote_address", "remote_port", "state", "uid", "since",
    "opened", "fresh", "accepted", "closed", "failed", "sent_bytes", "received_bytes", "sent_segments",
    "received_segments", "retransmits", "rtt_us", "min_rtt_us",
)  # fmt: skip


def _connections(
    sockets: list[Socket], header: dict[str, Any], number: int, run: int, base: int, draw: Random
) -> ConnectionBatch:
    changed = [
        (one, draw.randrange(1, 1 << 20) if draw.random() < 0.5 else 0)
        for one in sockets
        if one.remote is not None
    ]  # fmt: skip
    rows = [
        (
            one.cookie,
            6,
            *one.local,
            *(one.remote or ("", 0)),
            SYN_SENT if one.failed else ESTABLISHED,
            0,
            base + max(one.opened, run) * WIDTH,
            one.opened == number,
            one.opened > run,
            False,
            one.closed == number,
            one.failed,
            sent,
            sent * 3,
            sent // 1400,
            sent // 700,
            0,
            200 + one.cookie % 90 if sent else 0,
            100 if sent else 0,
        )
        for one, sent in changed
        if sent or header["keyframe"] or number in (one.opened, one.closed)
    ]
    return ConnectionBatch(**header, netns=1, connections=Connections.of(rows, CONNECTION))


def _listeners(sockets: list[Socket], header: dict[str, Any], number: int) -> ListenerBatch:
    there = [one for one in sockets if one.remote is None]
    rows = [(one.cookie, 6, *one.local, 0, 0) for one in there if header["keyframe"] or one.opened == number]
    gone = [one.cookie for one in there if one.closed == number]
    return ListenerBatch(**header, netns=1, listeners=Listeners.of(rows), gone=gone)


def _owners(sockets: list[Socket], header: dict[str, Any], number: int) -> OwnerBatch:
    held = [
        (one.cookie, owner.pid, owner.start, max(one.known, one.opened), one.closed)
        for one in sockets
        for owner in one.owners
    ]
    new = [(*holding, "scan") for *holding, seen, _ in held if seen == number or (header["keyframe"] and seen < number)]
    gone = [holding for *holding, seen, closed in held if closed == number and seen <= number]
    return OwnerBatch(**header, owners=Owners.of(new), gone=Lost.of(tuple(row) for row in gone))


def _interfaces(host: Host) -> Interfaces:
    return Interfaces.of([("eth0", host.address, 24, "02:00:00:00:00:01", False), ("lo", "127.0.0.1", 8, "", True)])


def disturbed(records: list[Record], draw: Random) -> list[Record]:
    """Return the records in another order: hosts interleaved anew, topics apart, and many records twice.

    What a partition promises is kept: a host's records of one topic are in order, repeats aside.
    """
    lines: dict[tuple[str, bytes], list[Record]] = {}
    for record in records:
        lines.setdefault((record.topic, record.key), []).append(record)
    left = [line[::-1] for line in lines.values()]
    mixed: list[Record] = []
    while left := [line for line in left if line]:
        line = draw.choice(left)
        for _ in range(min(len(line), draw.randrange(1, 40))):
            mixed.append(line.pop())
            if draw.random() < 0.1:
                mixed.append(draw.choice(mixed[-200:]))
    return mixed
