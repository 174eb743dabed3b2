"""Every topic: what it carries, its key, how long it is kept, and in how many partitions."""

from dataclasses import dataclass
from typing import Literal

from msgspec import Struct

from schemas import graph, overlays, raw
from schemas.times import DAY_MS, HOUR_MS

MiB = 1 << 20


@dataclass(frozen=True)
class Topic:
    """A topic. Topics of one `group` are read together and have equally many partitions."""

    name: str
    record: type[Struct]
    key: Literal["host", "source", "annotation", "overlay"]  # source: topic/partition of the record it is about
    about: str
    spread: Literal["key", "flow"] = "key"  # what decides the partition
    partitions: int = 4
    retention_ms: int = 7 * DAY_MS
    retention_bytes: int = 2 << 30  # per partition
    read_ms: int = 0  # how long a local log keeps what all groups have read; 0: as the rest
    compacted: bool = False
    folded: bool = False  # the stage `attribute` reads it; such topics have equally many partitions
    max_bytes: int = 8 * MiB  # of one record's value; the brokers' limit is set to it


HEARTBEATS = Topic("heartbeats", raw.Heartbeat, "host", "closes a host's window; load and memory", folded=True)
PROCESSES = Topic("processes", raw.ProcessBatch, "host", "processes, what they use, their exits", folded=True)
CONNECTIONS = Topic("connections", raw.ConnectionBatch, "host", "sockets with a peer, and counters", folded=True)
LISTENERS = Topic("listeners", raw.ListenerBatch, "host", "sockets that wait for peers", folded=True)
OWNERS = Topic("owners", raw.OwnerBatch, "host", "which process holds which socket", folded=True)
REQUESTS = Topic("requests", raw.RequestBatch, "host", "requests and their answers; what servers speak", folded=True)
DISCOVERED = Topic(
    "discovered", raw.DiscoveredBatch, "host", "facts that the operator's own programs print", folded=True
)
LINKS = Topic("links", raw.LinkBatch, "host", "switches and ports that each host is connected to")
HOSTS = Topic("hosts", raw.HostFacts, "host", "what each host is", compacted=True)
SIDES = Topic(
    "sides", graph.SideBatch, "host", "what one host saw of flows", "flow", retention_ms=DAY_MS, read_ms=2 * HOUR_MS
)
EDGES = Topic(
    "edges", graph.EdgeBatch, "host", "flows with both ends", "flow", retention_ms=DAY_MS, read_ms=2 * HOUR_MS
)
FLOW_REQUESTS = Topic(
    "flow-requests", graph.FlowRequestBatch, "host", "requests by flow, as one host saw them", retention_ms=DAY_MS
)
NODES = Topic("nodes", graph.NodeBatch, "host", "processes as services", retention_ms=DAY_MS)
PLACES = Topic("places", graph.PlaceBatch, "host", "addresses of hosts, who listens there", retention_ms=DAY_MS)
NODE_FACTS = Topic(
    "node-facts", graph.NodeFactBatch, "host", "facts of the operator's own, by node", retention_ms=DAY_MS
)
ADDRESS_NAMES = Topic("address-names", graph.AddressNameBatch, "host", "names of addresses by DNS", retention_ms=DAY_MS)
EVENTS = Topic("events", graph.EventBatch, "host", "what happened", retention_ms=DAY_MS)
OVERLAYS = Topic(
    "overlays", overlays.Annotation, "annotation", "notes on nodes and edges", compacted=True, max_bytes=MiB
)
OVERLAY_SCHEMAS = Topic(
    "overlay-schemas", overlays.OverlaySchema, "overlay", "what notes have to be", compacted=True, max_bytes=MiB
)
DEAD_LETTERS = Topic("dead-letters", graph.DeadLetter, "source", "records that could not be used")

ALL = tuple(declared for declared in list(globals().values()) if isinstance(declared, Topic))
RAW = tuple(topic for topic in ALL if topic.folded)
UNFOLDED = (HOSTS, LINKS, OVERLAYS, OVERLAY_SCHEMAS)
"""Those that no stage reads or writes: tables are filled from them as they are."""
MAPPED = (*RAW, *UNFOLDED)
"""Those that all else is made of."""
BY_NAME = {topic.name: topic for topic in ALL}
