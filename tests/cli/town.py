"""A small town to map: two hosts, a web server in front of a shop in a container, its database, and passers-by.
web1 is at a switch and in a zone, and db1 at none that is known.
Overlays say who owns what runs on web1, how critical postgres is, and that nginx cannot do without what it asks.

stranger 203.0.113.9 -> nginx (web1)           one side, the client is an address
nginx -> shop (both web1, loopback)            closes in the last window
shop (web1) -> postgres (db1)                  both sides
somebody on web1 -> postgres                   too short-lived for its process to be known
shop -> itself                                 a loop
"""

from collections.abc import Iterator
from dataclasses import dataclass

from log.protocol import Record
from schemas import topics
from schemas.codec import encode
from schemas.graph import (
    EdgeBatch,
    Edges,
    Ends,
    EventBatch,
    Events,
    Identities,
    NodeBatch,
    NodeFactBatch,
    NodeFacts,
    Nodes,
    PlaceBatch,
    Places,
)
from schemas.ids import Endpoint, format_flow, process_node
from schemas.overlays import Annotation, OverlaySchema
from schemas.raw import Heartbeat, HostFacts, LinkBatch, Links
from schemas.times import HOUR_MS, MINUTE_MS

WIDTH = 5_000
WINDOWS = 12
BOOT = "0b007b007b00"
CONTAINER = "c0ffee" * 8
SWITCH = "00:1b:54:c9:2a:00"
WEIRD = 'sh"op\\n\x1b[31m'
START = 4_242


@dataclass(frozen=True)
class Process:
    """A process of the town."""

    host: str
    pid: int
    name: str
    service: str
    user: str = "root"
    container: str = ""
    unit: str = ""

    @property
    def node(self) -> str:
        return process_node(self.host, BOOT, self.pid, START)

    def identity(self, now: int) -> tuple[object, ...]:
        return self.host, self.node, self.service, self.name, self.container, "scan", False, now - HOUR_MS


NGINX = Process("id-web1", 100, "nginx", "nginx", unit="nginx.service")
SHOP = Process("id-web1", 200, "python3", WEIRD, user="shop", container=CONTAINER)
POSTGRES = Process("id-db1", 300, "postgres", "postgres", user="postgres")
SLEEPER = Process("id-db1", 400, "sleep", "sleep")
GONE = Process("id-db1", 500, "true", "true")
PROCESSES = (NGINX, SHOP, POSTGRES, SLEEPER, GONE)
HOSTNAMES = {"id-web1": "web1", "id-db1": "db1"}
LABELS = {"id-web1": {"region": "eu-west-1", "zone": "b"}}
SAID = {
    "owner": ("Who owns it", "label.zone=b", {"team": "blue"}),
    "criticality": ("How critical it is", "service=postgres", "high"),
    "essential": ("Whether it is needed", "service=nginx > *", True),
}
NOBODY = ("id-web1", "", "", "", "", "", False, 0)
LOOPBACK = "id-web1/1"


@dataclass(frozen=True)
class Talk:
    """A connection of the town, as each end sees it; None where no agent looks."""

    client: Endpoint
    server: Endpoint
    client_is: Process | None
    server_is: Process | None
    client_seen: bool = True
    server_seen: bool = True
    ends_at_last: bool = False


TALKS = (
    Talk(Endpoint("", "203.0.113.9", 50_001), Endpoint("", "10.0.0.1", 443), None, NGINX, client_seen=False),
    Talk(
        Endpoint(LOOPBACK, "127.0.0.1", 50_002), Endpoint(LOOPBACK, "127.0.0.1", 8000), NGINX, SHOP, ends_at_last=True
    ),
    Talk(Endpoint("", "10.0.0.1", 50_003), Endpoint("", "10.0.0.2", 5432), SHOP, POSTGRES),
    Talk(Endpoint("", "10.0.0.1", 50_004), Endpoint("", "10.0.0.2", 5432), None, POSTGRES),
    Talk(Endpoint(LOOPBACK, "127.0.0.1", 50_005), Endpoint(LOOPBACK, "127.0.0.1", 9000), SHOP, SHOP),
)
RANK_CONNECTED = 4  # a verdict is twice the rank, and one if end b serves
SENT, RECEIVED = 100, 1_000  # bytes a window and connection, as the client counts


def end_of(now: int) -> int:
    """Return when the newest window that has ended by `now` does."""
    return now // WIDTH * WIDTH


def records(now: int) -> Iterator[Record]:
    """Return what the log holds of the town's last minute."""
    end = end_of(now)
    for nth in range(WINDOWS):
        window = end - (WINDOWS - nth) * WIDTH
        yield _message(topics.EDGES.name, encode(_edges(window, now, last=nth == WINDOWS - 1)), now)
        for host, hostname in HOSTNAMES.items():
            beat = Heartbeat(host_id=host, boot_id=BOOT, run=0, window=window, width=WIDTH, hostname=hostname)
            yield _message(topics.HEARTBEATS.name, encode(beat), now)
    yield _message(topics.NODES.name, encode(_nodes(end - WIDTH, now)), now)
    yield _message(topics.NODE_FACTS.name, encode(_facts(end - WIDTH)), now)
    yield _message(topics.PLACES.name, encode(_places(end - WIDTH, now)), now)
    exit_ = Events(
        time=[end - 90_000], kind=["process_exited"], subject=[GONE.node], object=[""], host=[GONE.host],
        service=["true"], detail=["true exited"],
    )  # fmt: skip
    yield _message(topics.EVENTS.name, encode(EventBatch(events=exit_)), now)
    for host, hostname in HOSTNAMES.items():
        labels = LABELS.get(host, {})
        facts = HostFacts(
            host_id=host, boot_id=BOOT, run=0, window=end - WIDTH, width=WIDTH, hostname=hostname, labels=labels
        )
        yield _message(topics.HOSTS.name, encode(facts), now)
    yield _message(topics.LINKS.name, encode(_links(end - WIDTH)), now)
    for overlay, (title, target, value) in SAID.items():
        schema = OverlaySchema(overlay=overlay, schema={"title": title}, written=now)
        yield _message(topics.OVERLAY_SCHEMAS.name, encode(schema), now)
        note = Annotation(overlay=overlay, target=target, value=value, valid_from=end - HOUR_MS, written=now)
        yield _message(topics.OVERLAYS.name, encode(note), now)


def _places(window: int, now: int) -> PlaceBatch:
    """Return the address of db1, and that postgres listens on it."""
    minute = window // MINUTE_MS * MINUTE_MS
    when = minute, sum(1 << (59 - before) for before in range(minute // MINUTE_MS % 60 + 1)), 0
    postgres = POSTGRES.node, POSTGRES.service, POSTGRES.name, "", False, now - HOUR_MS, "", "", ""
    nobody = "", "", "", "", False, 0, "", "", ""
    there = minute // HOUR_MS * HOUR_MS, POSTGRES.host
    return PlaceBatch(
        places=Places.of(
            (
                (*there, "", 0, "", "10.0.0.2", *nobody, *when),
                (*there, "tcp", 5432, "", "10.0.0.2", *postgres, *when),
            )
        )
    )


def _links(window: int) -> LinkBatch:
    """Return what web1 hears: its switch."""
    row = ("eth0", "lldp", SWITCH, "Gi1/0/7", "", "sw-rack-12", "10.20.0.12", 20, True)
    return LinkBatch(
        host_id="id-web1",
        boot_id=BOOT,
        run=0,
        window=window,
        width=WIDTH,
        keyframe=True,
        links=Links.of([row]),
    )


def _message(topic: str, value: bytes, now: int) -> Record:
    return Record(topic, 0, 0, now, b"town", value)


def _edges(window: int, now: int, *, last: bool) -> EdgeBatch:
    identities = [*(process.identity(now) for process in PROCESSES), NOBODY]
    columns: dict[str, list[object]] = {name: [] for name in Edges.__struct_fields__}
    ends: list[list[tuple[object, ...]]] = [[], []]
    for talk in TALKS:
        flow, end = format_flow("tcp", talk.server, talk.client)
        for name, value in zip(columns, (window, flow, 0, RANK_CONNECTED + (end == 1), WIDTH, 0), strict=True):
            columns[name].append(value)
        closed = last and talk.ends_at_last
        ends[end].append(_end(talk.server_is, talk.server_seen, closed, RECEIVED, SENT))
        ends[1 - end].append(_end(talk.client_is, talk.client_seen, closed, SENT, RECEIVED))
    return EdgeBatch(
        edges=Edges(**columns),  # type: ignore[arg-type]
        identities=Identities.of(identities),
        a=Ends.of(ends[0], END),
        b=Ends.of(ends[1], END),
    )


def _facts(window: int) -> NodeFactBatch:
    """Return facts that programs on the hosts print: of a process and its port, of a service, and of hosts."""
    rows = (
        ("id-web1", "tls.not_after", NGINX.node, "nginx", 443, "tls-certificates", "2027-01-01T00:00:00Z"),
        ("id-web1", "package", NGINX.node, "nginx", 0, "package-versions", "nginx 1.22.1-9"),
        ("id-web1", "team", "", WEIRD, 0, "teams", "blue"),
        ("id-web1", "os.release", "", "", 0, "os-release", "Debian GNU/Linux 12"),
        ("id-db1", "os.release", "", "", 0, "os-release", "Debian GNU/Linux 13"),
    )
    minute = window // 60_000 % 60
    when = window, 1 << (59 - minute)
    return NodeFactBatch(facts=NodeFacts.of((window // HOUR_MS * HOUR_MS, *row, *when) for row in rows))


END = (
    "who", "seen", "since", "fresh", "opened", "closed", "failed", "sent_bytes", "received_bytes", "sent_segments",
    "received_segments", "retransmits", "rtt_us", "min_rtt_us",
)  # fmt: skip


def _end(who: Process | None, seen: bool, closed: bool, sent: int, received: int) -> tuple[object, ...]:
    if not seen:
        return 0, False, 0, False, False, False, False, 0, 0, 0, 0, 0, 0, 0
    number = PROCESSES.index(who) + 1 if who else len(PROCESSES) + 1
    return number, True, 1, False, False, closed, False, sent, received, 1, 2, 0, 1_500, 900


def _nodes(seen: int, now: int) -> NodeBatch:
    return NodeBatch(
        nodes=Nodes.of(
            (
                seen // HOUR_MS * HOUR_MS, process.node, seen - 100_000 * (process is GONE), process.host,
                HOSTNAMES[process.host], process.pid, now - HOUR_MS, 1, process.service, process.name, process.user,
                f"/usr/bin/{process.name}", f"{process.name} --serve", process.container, process.unit,
            )
            for process in PROCESSES
        )
    )  # fmt: skip
