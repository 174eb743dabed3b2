"""The recorded hour of tests/e2e/simulate.py, with agents that also report load, losses and what they cannot see."""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from schemas.codec import decode, encode
from schemas.counted import OWN
from schemas.facts import Chart
from schemas.raw import (
    Batch,
    ConnectionBatch,
    Discovered,
    DiscoveredBatch,
    Heartbeat,
    LinkBatch,
    Links,
    ProcessBatch,
)
from schemas.topics import DISCOVERED, LINKS
from streams.assembly import UNDECLARED
from tests.e2e.simulate import Record

GIB = 1 << 30
WAITED_US = 200_000
HELD = {  # of control groups
    "cgroup": "/a.service", "cpu_periods": 50, "cpu_throttled_periods": 10, "cpu_throttled_us": WAITED_US,
    "limited_memory_bytes": GIB, "memory_limit_bytes": 2 * GIB, "oom_kills": 1,
}  # fmt: skip
CHARTED = [name for name, one in OWN.items() if one.chart is Chart.RATE]


def enriched(records: Iterable[Record], silent: str, since: int) -> Iterator[Record]:
    """Yield the records as fuller agents had logged them; the host `silent` reports nothing from `since` (ms) on."""
    for record in records:
        if record.key.decode() == silent and record.timestamp >= since:
            continue
        batch = decode(record.topic, record.value, record.timestamp)
        if isinstance(batch, Heartbeat):
            if batch.keyframe:
                yield record._replace(topic=DISCOVERED.name, value=encode(_discovered(batch)))
                yield record._replace(topic=LINKS.name, value=encode(_linked(batch)))
            yield record._replace(value=encode(_busy(batch)))
        elif isinstance(batch, ProcessBatch):
            count = len(batch.usage)
            held = {"fds": 9, "threads": 2, "cpu_pressure_us": WAITED_US, "cpu_wait_ms": 20} | HELD
            usage = replace(batch.usage, **{name: [value] * count for name, value in held.items()})
            yield record._replace(value=encode(replace(batch, usage=usage)))
        elif isinstance(batch, ConnectionBatch):
            again = [sent // 50 for sent in batch.connections.sent_segments]
            answer = replace(batch.connections, **dict.fromkeys(CHARTED, again))
            yield record._replace(value=encode(replace(batch, connections=answer)))
        else:
            yield record


def _discovered(beat: Heartbeat) -> DiscoveredBatch:
    header = {name: getattr(beat, name) for name in Batch.__struct_fields__}
    rows = [("os", "os.release", 0, 0, 0, "", "Debian"), ("teams", "team", 0, 0, 0, "report", "blue")]
    return DiscoveredBatch(**header, facts=Discovered.of(rows))


def _linked(beat: Heartbeat) -> LinkBatch:
    header = {name: getattr(beat, name) for name in Batch.__struct_fields__}
    row = ("eth0", "lldp", "00:1b:54:c9:2a:00", "Gi1/0/7", "web-1", "sw-rack-12", "10.20.0.12", 20, True)
    return LinkBatch(**header, links=Links.of([row]))


def _busy(beat: Heartbeat) -> Heartbeat:
    return replace(
        beat,
        topics=sorted(UNDECLARED | {DISCOVERED.name}),
        sent=beat.sent | ({DISCOVERED.name: 1} if beat.keyframe else {}),
        cpu_ratio=0.25,
        memory_used_bytes=GIB,
        memory_total_bytes=4 * GIB,
        swap_used_bytes=1,
        network_received_bytes=10_000,
        network_sent_bytes=20_000,
        cpu_pressure_us=WAITED_US,
        open_files=1_000,
        oom_kills=1,
        agent_cpu_ms=50,
        agent_rss_bytes=30 << 20,
        missing={"sockets of others": "CAP_NET_ADMIN"},
        counters={"owner_scans_cut_short": 1 + beat.seq // 30},
    )
