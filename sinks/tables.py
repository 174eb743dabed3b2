"""Which topic fills which table, and how a batch becomes columns. Names of columns are those of the schemas.

A row that makes no sense by itself (its flow is none, its identity is not in the batch) gets a value that does not fit.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from schemas import topics
from schemas.graph import EdgeBatch, EventBatch, Events, FlowRequestBatch, NodeBatch, Nodes, PlaceBatch
from schemas.ids import Endpoint, Flow, parse_flow, process_node
from schemas.raw import Heartbeat, HostFacts, ProcessBatch
from schemas.shares import covered, shares
from schemas.verdict import RULES
from sinks.fitting import (
    BOOL,
    COUNT_MAP,
    F32,
    I32,
    SKETCH,
    TEXT,
    TEXT_MAP,
    TEXTS,
    TIME,
    U8,
    U16,
    U32,
    U64,
    WHEN,
    Columns,
    Kind,
)


class Table(NamedTuple):
    """A table: the topic that fills it, the column that says when, its columns, and the batch's way into them.

    Rows of a `patient` table may come some windows late: nothing on the map waits for them, and inserts have a price.
    """

    name: str
    topic: str
    time: str
    columns: Mapping[str, Kind]
    fill: Callable[[Any], Columns]
    patient: bool = False


_ENDPOINT: dict[str, Kind] = {"scope": TEXT, "address": TEXT, "port": U16}
_COUNTED: dict[str, Kind] = {  # of Ends, without `who`, which the identity itself replaces
    "seen": BOOL,
    "since": U64,
    **dict.fromkeys(("fresh", "opened", "closed", "failed"), BOOL),
    **dict.fromkeys(("sent_bytes", "received_bytes", "sent_segments", "received_segments", "retransmits"), U64),
    **dict.fromkeys(("rtt_us", "min_rtt_us"), U32),
}
_VERDICT, _END = U8._replace(high=2 * len(RULES) - 1), U8._replace(high=1)
_REQUESTS = {"end": _END, "sampling": U16, "answered": COUNT_MAP, "latency": SKETCH, "unanswered": U64, "given_up": U64}
_USAGE = {"cpu_ms": U32, "rss_bytes": U64, "fds": I32, "threads": U32}
_HOST_COUNTED = ("network_received_bytes", "network_sent_bytes", "agent_cpu_ms")
_HOST_USAGE = {
    "load1": F32,
    "cpu_ratio": F32,
    "memory_used_bytes": U64,
    "memory_total_bytes": U64,
    "swap_used_bytes": U64,
    "network_received_bytes": U64,
    "network_sent_bytes": U64,
    "agent_cpu_ms": U32,
    "agent_rss_bytes": U64,
}
_HOST = {
    **dict.fromkeys(("hostname", "os", "kernel", "arch"), TEXT),
    "cpus": U16,
    "memory_bytes": U64,
    "booted": TIME,
    "agent_version": TEXT,
}
_NODES: dict[str, Kind] = {
    **dict.fromkeys(Nodes.__struct_fields__, TEXT),
    **{"hour": WHEN, "seen": WHEN, "started": TIME, "pid": U32, "parent": U32},
}
_PLACES: dict[str, Kind] = {
    **{"hour": WHEN, "host": TEXT, "transport": TEXT, "port": U16, "scope": TEXT, "address": TEXT, "who": TEXT},
    **{"seen": WHEN, "minutes": U64, "before": U64},
}
_LATEST_START = 10**16 - 1  # a text of 16 digits sorts as its number
_NO_FLOW = Flow("", Endpoint("", "", -1), Endpoint("", "", -1))


def _edges(batch: EdgeBatch) -> Columns:
    edges = batch.edges
    flows = [_flow(flow) for flow in edges.flow]
    identities = dict(enumerate(("", *map(_packed, batch.identities.rows()))))
    columns: Columns = {
        "window": edges.window,
        "transport": [flow.transport for flow in flows],
        "nth": edges.nth,
        "verdict": edges.verdict,
        "width_ms": edges.width,
    }
    for end, ends, points in (("a", batch.a, [f.a for f in flows]), ("b", batch.b, [f.b for f in flows])):
        columns |= {f"{end}_{name}": [point[i] for point in points] for i, name in enumerate(_ENDPOINT)}
        columns[f"{end}_who"] = [identities.get(number) for number in ends.who]
        columns |= {f"{end}_{name}": getattr(ends, name) for name in _COUNTED}
    return columns


def _requests(batch: FlowRequestBatch) -> Columns:
    requests = batch.requests
    flows = [_flow(flow) for flow in requests.flow]
    columns: Columns = {
        "window": requests.window,
        "transport": [flow.transport for flow in flows],
        "width_ms": requests.width,
        **{name: getattr(requests, name) for name in _REQUESTS},
    }
    for end, points in (("a", [flow.a for flow in flows]), ("b", [flow.b for flow in flows])):
        columns |= {f"{end}_{name}": [point[i] for point in points] for i, name in enumerate(_ENDPOINT)}
    return columns


def _flow(text: str) -> Flow:
    """Read a flow's id; what is none gets ports that no column takes."""
    try:
        return parse_flow(text)
    except ValueError:
        return _NO_FLOW


def _packed(identity: tuple[Any, ...]) -> str | None:
    """Write an identity as one text; None when it would not sort."""
    return packed(identity) if 0 <= identity[-1] <= _LATEST_START else None


def packed(identity: tuple[Any, ...]) -> str:
    """Write an identity as one text whose order is that of its merge: the start of the process, then the rest."""
    *rest, tied, started = identity
    return "\t".join((f"{started:016d}", *(part.replace("\t", " ") for part in rest), str(int(tied))))


def _nodes(batch: NodeBatch) -> Columns:
    return {name: getattr(batch.nodes, name) for name in Nodes.__struct_fields__}


def _places(batch: PlaceBatch) -> Columns:
    places = batch.places
    facts = (places.node, places.service, places.name, places.container)
    who = zip(places.host, *facts, [""] * len(places), places.tied, places.started, strict=True)
    return {
        "who": [_packed(each) for each in who],
        **{name: getattr(places, name) for name in _PLACES if name != "who"},
    }


def _events(batch: EventBatch) -> Columns:
    return {name: getattr(batch.events, name) for name in Events.__struct_fields__}


def _process_usage(batch: ProcessBatch) -> Columns:
    usage = batch.usage
    windows = covered(batch.window, batch.width, batch.covers, len(usage))
    nodes = [process_node(batch.host_id, batch.boot_id, *who) for who in zip(usage.pid, usage.start, strict=True)]
    return {
        "window": [window for window in windows for _ in nodes],
        "node": nodes * len(windows),
        "host": [batch.host_id] * (len(nodes) * len(windows)),
        **{name: getattr(usage, name) * len(windows) for name in _USAGE},
        "cpu_ms": _shared(usage.cpu_ms, len(windows)),
    }


def _host_usage(batch: Heartbeat) -> Columns:
    windows = covered(batch.window, batch.width, batch.covers)
    count = len(windows)
    return {
        "window": list(windows),
        "host": [batch.host_id] * count,
        "width_ms": [batch.width] * count,
        **{name: [getattr(batch, name)] * count for name in _HOST_USAGE},
        **{name: _shared([getattr(batch, name)], count) for name in _HOST_COUNTED},
        "missing": [dict(batch.missing)] * count,
        "failed": [dict(batch.failed)] * count,
        "counters": [dict(batch.counters)] * count,
    }


def _shared(column: list[int], windows: int) -> list[int]:
    """Return a column of counters once a window, each counter in shares."""
    if windows == 1:
        return column
    parts = [shares(value, [1] * windows) for value in column]
    return [part[number] for number in range(windows) for part in parts]


def _hosts(batch: HostFacts) -> Columns:
    return {
        "host": [batch.host_id],
        "seen": [batch.window],
        "boot_id": [batch.boot_id],
        **{name: [getattr(batch, name)] for name in _HOST},
        "addresses": [[f"{address}/{prefix}" for _, address, prefix, *_ in batch.interfaces.rows()]],
        "labels": [dict(batch.labels)],
    }


def _both(kinds: Mapping[str, Kind]) -> dict[str, Kind]:
    """Return the columns of both ends."""
    return {f"{end}_{name}": kind for end in "ab" for name, kind in kinds.items()}


_WINDOW = {"window": WHEN, "transport": TEXT}
_EDGE_COLUMNS = {**_WINDOW, "nth": U16, "verdict": _VERDICT, "width_ms": U32}
_EVENTS = {**dict.fromkeys(Events.__struct_fields__, TEXT), "time": WHEN}
_OF_HOST = {"host": TEXT, "seen": WHEN, "boot_id": TEXT, **_HOST, "addresses": TEXTS, "labels": TEXT_MAP}
_OF_HOSTS_WINDOW = {
    "window": WHEN,
    "host": TEXT,
    "width_ms": U32,
    **_HOST_USAGE,
    "missing": TEXT_MAP,
    "failed": TEXT_MAP,
    "counters": COUNT_MAP,
}

TABLES = (
    Table(
        "edges",
        topics.EDGES.name,
        "window",
        _EDGE_COLUMNS | _both({**_ENDPOINT, "who": TEXT, **_COUNTED}),
        _edges,
    ),
    Table(
        "requests",
        topics.FLOW_REQUESTS.name,
        "window",
        _WINDOW | {"width_ms": U32} | _REQUESTS | _both(_ENDPOINT),
        _requests,
    ),
    Table("nodes", topics.NODES.name, "seen", _NODES, _nodes),
    Table("places", topics.PLACES.name, "seen", _PLACES, _places),
    Table("events", topics.EVENTS.name, "time", _EVENTS, _events),
    Table(
        "process_usage",
        topics.PROCESSES.name,
        "window",
        {"window": WHEN, "node": TEXT, "host": TEXT, **_USAGE},
        _process_usage,
        patient=True,
    ),
    Table("host_usage", topics.HEARTBEATS.name, "window", _OF_HOSTS_WINDOW, _host_usage, patient=True),
    Table("hosts", topics.HOSTS.name, "seen", _OF_HOST, _hosts),
)
