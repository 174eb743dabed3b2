"""Hosts whose processes, listeners and addresses change hands, through the folds and the sink into a store."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from msgspec import structs

from log.protocol import Record
from schemas import topics
from schemas.times import DAY_MS, MINUTE_MS
from sinks.rollup import Rollup
from sinks.sink import Sink
from sinks.store import Store
from streams.stage import AttributeStage
from tests.streams.build import BOOT, NETNS, T0, WIDTH, Row, batches, holds, listener, message, process

A_MINUTE = MINUTE_MS // WIDTH  # windows of it
KEPT = (topics.NODES.name, topics.PLACES.name, topics.EVENTS.name)


class Life(NamedTuple):
    """A process in the windows from `first` up to `last`, where it exits; with a port, it listens on that.

    With a container it has a network namespace and an address of its own, behind a bridge of its host.
    """

    pid: int
    name: str
    first: int
    last: int
    port: int = 0
    host: str = "h1"
    container: str = ""
    address: str = ""

    @property
    def start(self) -> int:
        return 1000 + self.first

    @property
    def cookie(self) -> int:
        return 10_000 * self.pid + self.first

    @property
    def netns(self) -> int:
        return NETNS + self.pid if self.container else NETNS

    @property
    def node(self) -> str:
        return f"process:{self.host}:{BOOT[:8]}:{self.pid}:{self.start}"

    @property
    def began(self) -> int:
        return T0 + self.first * WIDTH

    @property
    def ended(self) -> int:
        return T0 + self.last * WIDTH

    def runs(self, at: int) -> bool:
        return self.first <= at < self.last


Addresses = Mapping[str, Mapping[str, range]]  # of each host: address, and the windows in which it has that


def records(lives: Iterable[Life], addresses: Addresses, windows: int) -> list[Record]:
    """Return the windows of all hosts; each restates everything."""
    lives = tuple(lives)
    found: list[Record] = []
    for at in range(windows):
        for host in addresses:
            here = [one for one in lives if one.host == host]
            found += _window(at, host, here, [address for address, had in addresses[host].items() if at in had])
    return found


def _window(at: int, host: str, lives: list[Life], addresses: list[str]) -> Iterable[Record]:
    running = [one for one in lives if one.runs(at)]
    interfaces: list[Row] = [{"name": "lo", "address": "127.0.0.1", "prefix": 8}]
    interfaces += [{"name": "eth0", "address": address, "prefix": 24} for address in addresses]
    bridged = {"prefix": 16, "local": True, "segment": "docker0"}
    interfaces += [
        {"name": "eth0", "address": one.address, "netns": one.netns, **bridged} for one in running if one.container
    ]
    facts: dict[str, Any] = {
        "host": host,
        "hostname": f"name-{host}",
        "keyframe": True,
        "interfaces": interfaces,
        "processes": [
            process(one.pid, one.start, at=one.first, name=one.name, container=one.container, netns=one.netns)
            for one in running
        ],
        "exits": [
            {"pid": one.pid, "start": one.start, "exited": one.ended + 1, "code": 0} for one in lives if one.last == at
        ],
        "listeners": [
            listener(one.cookie, one.port, at=one.first) for one in running if one.port and not one.container
        ],
        "owners": [row for one in running if one.port for row in holds(one.pid, one.cookie, start=one.start)],
    }
    made = batches(at, **facts)
    beat = made.pop("heartbeats")
    contained = [one for one in running if one.port and one.container]
    yield from (message(topic, batch) for topic, batch in made.items())
    for number, one in enumerate(contained, 1):
        part = batches(at, host=host, keyframe=True, netns=one.netns, listeners=[listener(one.cookie, one.port)])
        yield message("listeners", structs.replace(part["listeners"], part=number))
    sent = dict.fromkeys(made, 1) | {"listeners": 1 + len(contained)}
    yield message("heartbeats", structs.replace(beat, sent=sent))


def fill(store: Store, messages: Iterable[Record]) -> None:
    """Store what the folds make of records, as is done live."""
    rollup = Rollup(store, lambda: T0)
    sink = Sink(store, _refused, stored=rollup.mark)
    stage = AttributeStage()
    for one in messages:
        for emitted in stage.feed(one):
            if emitted.topic in KEPT:
                sink.add(Record(emitted.topic, 0, 0, one.timestamp, emitted.key, emitted.value))
    sink.flush()


def forget(store: Store) -> None:
    """Let two days pass, and then all that is kept for days alone be gone."""
    rollup = Rollup(store, lambda: T0 + 2 * DAY_MS)
    rollup.resume()
    rollup.roll_up()
    for table in ("nodes", "places", "events", "edges"):
        store.query(f"TRUNCATE TABLE {table}")


def _refused(record: Record, reason: str) -> None:
    raise AssertionError(f"{record.topic}: {reason}")
