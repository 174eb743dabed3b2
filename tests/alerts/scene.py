"""What a store holds in the tests of alerts: hosts that report, processes that talk, for as long as a test sets."""

import time
from collections.abc import Mapping

from log.protocol import Record
from schemas import topics
from schemas.codec import encode
from schemas.columns import blanks
from schemas.graph import (
    EdgeBatch,
    Edges,
    Ends,
    EventBatch,
    Events,
    FlowRequestBatch,
    FlowRequests,
    Identities,
    NodeBatch,
    Nodes,
)
from schemas.ids import Endpoint, format_flow, process_node
from schemas.raw import Heartbeat, HostFacts, LinkBatch, Links
from schemas.times import HOUR_MS
from schemas.verdict import listens
from sinks.levels import HOURS, MINUTES
from sinks.rollup import roll_up
from sinks.sink import Sink
from sinks.store import Store

MINUTE = 60_000
WIDTH = MINUTE  # of a window: minutes make long histories short
LOGGED = int(time.time() * 1000)
BOOT = "0b007b007b00"
ADDRESSES = {"web": "10.0.0.1", "db": "10.0.0.2", "spare": "10.0.0.3"}
Row = tuple[object, ...]
PIPELINE = ("minute", "measure", "sink", "value")
BLANK = blanks(Ends)


class Scene:
    """Fills the store, as agents and folds would."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._sink = Sink(store, _refused)
        self._talked: set[int] = set()

    def reports(self, host: str, start: int, end: int, **failed: str) -> None:
        """Add a host's heartbeats in [start, end), which name collectors that `failed`."""
        for window in range(start, end, WIDTH):
            beat = Heartbeat(
                host_id=f"id-{host}", boot_id=BOOT, run=0, window=window, width=WIDTH, hostname=host, failed=failed
            )
            self._add(topics.HEARTBEATS.name, encode(beat))

    def happens(self, kind: str, at: int, subject: str, other: str, detail: str) -> None:
        """Add an event of host `id-web`."""
        events = Events.of([(at, kind, subject, other, "id-web", "", detail)])
        self._add(topics.EVENTS.name, encode(EventBatch(events=events)))

    def is_host(self, host: str, at: int, **labels: str) -> None:
        """Add what a host is."""
        facts = HostFacts(
            host_id=f"id-{host}", boot_id=BOOT, run=0, window=at, width=WIDTH, hostname=host, labels=labels
        )
        self._add(topics.HOSTS.name, encode(facts))

    def is_at(self, switch: str, at: int, *hosts: str) -> None:
        """Add that a switch announces itself to hosts."""
        for host in hosts:
            found = Links.of([("eth0", "lldp", f"id-{switch}", "7", "", switch, "", 0, True)])
            batch = LinkBatch(
                host_id=f"id-{host}", boot_id=BOOT, run=0, window=at, width=WIDTH, keyframe=True, links=found
            )
            self._add(topics.LINKS.name, encode(batch))

    def runs(self, host: str, service: str, at: int) -> None:
        """Add a process that a window reported."""
        row = (at // HOUR_MS * HOUR_MS, _node(host, service), at, f"id-{host}", host, 1, at, 1, service, service)
        self._add(topics.NODES.name, encode(NodeBatch(nodes=Nodes.of([(*row, "root", "", "", "", "")]))))

    def talks(
        self, client: str, server: str, start: int, end: int, *, port: int = 5432, connections: int = 1, **counted: int
    ) -> None:
        """Connections from one `service@host` to another, or from an address, in each window of [start, end).

        `opened` and `failed` count those of the connections, other counters are those of each end and window.
        """
        opened, failed = counted.pop("opened", 0), counted.pop("failed", 0)
        self._talked.update(range(start, end, WIDTH))
        for window in range(start, end, WIDTH):
            edges, ends = [], ([], [])  # type: tuple[list[Row], tuple[list[Row], list[Row]]]
            for nth in range(max(connections, opened, failed)):
                ours = Endpoint("", _address(client), 40_000 + nth)
                flow, at = format_flow("tcp", Endpoint("", _address(server), port), ours)
                ports = (ours.port, port) if at else (port, ours.port)
                edges.append((window, flow, 0, listens(at, *ports), WIDTH))
                states = {"opened": nth < opened, "closed": nth < failed, "failed": nth < failed}
                facts = {"since": 1, "rtt_us": 900, **states, **(counted if nth == 0 else {})}
                ends[1 - at].append(_end(1 if "@" in client else 0, facts))
                ends[at].append(_end(2, facts))
            identities = Identities.of([_identity(client), _identity(server)])
            batch = EdgeBatch(edges=Edges.of(edges), identities=identities, a=Ends.of(ends[0]), b=Ends.of(ends[1]))
            self._add(topics.EDGES.name, encode(batch))

    def asks(
        self,
        client: str,
        server: str,
        start: int,
        end: int,
        answered: Mapping[str, int],
        *,
        unanswered: int = 0,
        sampling: int = 1,
        port: int = 5432,
    ) -> None:
        """HTTP requests on a connection in each window of [start, end), as the server's host counts them.

        `answered` is how many of each method and class were seen, looking at one of `sampling` connections.
        """
        self.talks(client, server, start, end, port=port)
        flow, at = format_flow("tcp", Endpoint("", _address(client), 40_000), Endpoint("", _address(server), port))
        for window in range(start, end, WIDTH):
            row: Row = (window, flow, 1 - at, WIDTH, sampling, dict(answered), {}, unanswered)
            self._add(topics.FLOW_REQUESTS.name, encode(FlowRequestBatch(requests=FlowRequests.of([row]))))

    def buries(self, start: int, end: int, records: int, *sinks: str) -> None:
        """Dead letters in each minute of [start, end), as each of the sinks reports."""
        rows = [
            (minute, "dead_letters", sink, float(records)) for minute in range(start, end, MINUTE) for sink in sinks
        ]
        self._store.insert("pipeline", dict(zip(PIPELINE, map(list, zip(*rows, strict=True)), strict=True)))

    def stored(self, *, rolled_up: bool) -> None:
        """Store all that was added."""
        self._sink.flush()
        if rolled_up and self._talked:
            for level in (MINUTES, HOURS):
                start = min(self._talked) // level.width * level.width
                roll_up(self._store, level, start, max(self._talked) + level.width)

    def _add(self, topic: str, value: bytes) -> None:
        self._sink.add(Record(topic, 0, 0, LOGGED, b"scene", value))


def _end(who: int, facts: Mapping[str, object]) -> Row:
    """Return an end, which nobody saw if it is nobody's."""
    return tuple({**BLANK, **facts, "who": who, "seen": True}.values()) if who else tuple(BLANK.values())


def _identity(who: str) -> Row:
    service, _, host = who.partition("@")
    return f"id-{host}", _node(host, service), service, service, "", "scan", False, 1


def _address(who: str) -> str:
    _, at, host = who.partition("@")
    return ADDRESSES[host] if at else who


def _node(host: str, service: str) -> str:
    return process_node(f"id-{host}", BOOT, sum(service.encode()), 1)


def _refused(record: Record, reason: str) -> None:
    raise AssertionError(f"{record.topic}: {reason}")
