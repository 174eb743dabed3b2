"""Which topic fills which table, and how a batch becomes columns. Names of columns are those of the schemas."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from schemas import topics
from schemas.graph import EdgeBatch, Ends, EventBatch, Events, FlowRequestBatch, NodeBatch, Nodes
from schemas.ids import parse_flow, process_node
from schemas.raw import Heartbeat, HostFacts, ProcessBatch

Columns = dict[str, list[Any]]


class Table(NamedTuple):
    """A table: the topic that fills it, the column that says when, and the batch's way into columns.

    Rows of a `patient` table may come some windows late: nothing on the map waits for them, and inserts have a price.
    """

    name: str
    topic: str
    time: str
    columns: tuple[str, ...]
    fill: Callable[[Any], Columns]
    patient: bool = False


_ENDPOINT = ("scope", "address", "port")
_COUNTED = Ends.__struct_fields__[1:]  # without `who`, which the identity itself replaces
_REQUESTS = ("end", "sampling", "answered", "latency", "unanswered")
_PROCESS_USAGE = ("window", "node", "host", "cpu_ms", "rss_bytes", "fds", "threads")
_HOST_USAGE = (
    "load1",
    "cpu_ratio",
    "memory_used_bytes",
    "memory_total_bytes",
    "swap_used_bytes",
    "network_received_bytes",
    "network_sent_bytes",
    "agent_cpu_ms",
    "agent_rss_bytes",
)
_HOST = ("hostname", "os", "kernel", "arch", "cpus", "memory_bytes", "booted", "agent_version")


def _edges(batch: EdgeBatch) -> Columns:
    edges = batch.edges
    flows = [parse_flow(flow) for flow in edges.flow]
    identities = ["", *(packed(identity) for identity in batch.identities.rows())]
    columns: Columns = {
        "window": edges.window,
        "transport": [flow.transport for flow in flows],
        "nth": edges.nth,
        "verdict": edges.verdict,
        "width_ms": edges.width,
    }
    for end, ends, points in (("a", batch.a, [f.a for f in flows]), ("b", batch.b, [f.b for f in flows])):
        columns |= {f"{end}_{name}": [point[i] for point in points] for i, name in enumerate(_ENDPOINT)}
        columns[f"{end}_who"] = [identities[number] for number in ends.who]
        columns |= {f"{end}_{name}": getattr(ends, name) for name in _COUNTED}
    return columns


def _requests(batch: FlowRequestBatch) -> Columns:
    requests = batch.requests
    flows = [parse_flow(flow) for flow in requests.flow]
    columns: Columns = {
        "window": requests.window,
        "transport": [flow.transport for flow in flows],
        "width_ms": requests.width,
        **{name: getattr(requests, name) for name in _REQUESTS},
    }
    for end, points in (("a", [flow.a for flow in flows]), ("b", [flow.b for flow in flows])):
        columns |= {f"{end}_{name}": [point[i] for point in points] for i, name in enumerate(_ENDPOINT)}
    return columns


def packed(identity: tuple[Any, ...]) -> str:
    """Write an identity as one text whose order is that of its merge: the start of the process, then the rest."""
    *rest, tied, started = identity
    return "\t".join((f"{started:016d}", *(part.replace("\t", " ") for part in rest), str(int(tied))))


def _nodes(batch: NodeBatch) -> Columns:
    return {name: getattr(batch.nodes, name) for name in Nodes.__struct_fields__}


def _events(batch: EventBatch) -> Columns:
    return {name: getattr(batch.events, name) for name in Events.__struct_fields__}


def _process_usage(batch: ProcessBatch) -> Columns:
    usage = batch.usage
    who = zip(usage.pid, usage.start, strict=True)
    return {
        "window": [batch.window] * len(usage),
        "node": [process_node(batch.host_id, batch.boot_id, pid, start) for pid, start in who],
        "host": [batch.host_id] * len(usage),
        **{name: getattr(usage, name) for name in _PROCESS_USAGE[3:]},
    }


def _host_usage(batch: Heartbeat) -> Columns:
    return {
        "window": [batch.window],
        "host": [batch.host_id],
        "width_ms": [batch.width],
        **{name: [getattr(batch, name)] for name in _HOST_USAGE},
        "missing": [dict(batch.missing)],
        "failed": [dict(batch.failed)],
        "counters": [dict(batch.counters)],
    }


def _hosts(batch: HostFacts) -> Columns:
    return {
        "host": [batch.host_id],
        "seen": [batch.window],
        "boot_id": [batch.boot_id],
        **{name: [getattr(batch, name)] for name in _HOST},
        "addresses": [[f"{address}/{prefix}" for _, address, prefix, *_ in batch.interfaces.rows()]],
        "labels": [dict(batch.labels)],
    }


def _edge_columns() -> Iterator[str]:
    yield from ("window", "transport", "nth", "verdict", "width_ms")
    for end in "ab":
        yield from (f"{end}_{name}" for name in (*_ENDPOINT, "who", *_COUNTED))


def _request_columns() -> Iterator[str]:
    yield from ("window", "transport", "width_ms", *_REQUESTS)
    for end in "ab":
        yield from (f"{end}_{name}" for name in _ENDPOINT)


TABLES = (
    Table("edges", topics.EDGES.name, "window", tuple(_edge_columns()), _edges),
    Table("requests", topics.FLOW_REQUESTS.name, "window", tuple(_request_columns()), _requests),
    Table("nodes", topics.NODES.name, "seen", Nodes.__struct_fields__, _nodes),
    Table("events", topics.EVENTS.name, "time", Events.__struct_fields__, _events),
    Table("process_usage", topics.PROCESSES.name, "window", _PROCESS_USAGE, _process_usage, patient=True),
    Table(
        "host_usage",
        topics.HEARTBEATS.name,
        "window",
        ("window", "host", "width_ms", *_HOST_USAGE, "missing", "failed", "counters"),
        _host_usage,
        patient=True,
    ),
    Table("hosts", topics.HOSTS.name, "seen", ("host", "seen", "boot_id", *_HOST, "addresses", "labels"), _hosts),
)
