"""How a batch becomes columns of its table. Names of columns are those of the schemas.

A row that makes no sense by itself (its flow is none, its identity is not in the batch) gets a value that does not fit.
"""

from collections.abc import Sequence
from typing import Any

from graph.identity import packed
from schemas.graph import (
    AddressNameBatch,
    AddressNames,
    EdgeBatch,
    Ends,
    EventBatch,
    Events,
    FlowRequestBatch,
    FlowRequests,
    Identities,
    NodeBatch,
    NodeFactBatch,
    NodeFacts,
    Nodes,
    PlaceBatch,
    Places,
)
from schemas.ids import Endpoint, Flow, parse_flow, process_node
from schemas.overlays import Annotation, OverlaySchema, word
from schemas.raw import Batch, Heartbeat, HostFacts, LinkBatch, Links, ProcessBatch, Usage
from schemas.shares import covered, shares
from schemas.times import HOUR_MS
from schemas.used import Used, uses
from sinks.fitting import Values

_NO_FLOW = Flow("", Endpoint("", "", -1), Endpoint("", "", -1))
WHO_LISTENS = frozenset(Places.__struct_fields__) & frozenset(Identities.__struct_fields__) - {"host"}
_LATEST_START = 10**16 - 1  # a text of 16 digits sorts as its number
_STARTED = Identities.__struct_fields__.index("started")
_OF_HOST = ("hostname", "os", "kernel", "arch", "cpus", "memory_bytes", "booted", "agent_version")
_OF_END, _OF_REQUESTS, _OF_PLACE = (
    [name for name in record.__struct_fields__ if name not in aside]
    for record, aside in (
        (Ends, {"who"}),
        (FlowRequests, {"window", "flow", "width"}),
        (Places, WHO_LISTENS),
    )
)


def edges(batch: EdgeBatch) -> Values:
    """Return the columns of `edges`."""
    rows = batch.edges
    flows = [_flow(flow) for flow in rows.flow]
    identities = dict(enumerate(("", *map(_packed, batch.identities.rows()))))
    columns: Values = {
        "window": rows.window,
        "transport": [flow.transport for flow in flows],
        "nth": rows.nth,
        "verdict": rows.verdict,
        "elsewhere": rows.elsewhere,
        "width_ms": rows.width,
    }
    columns |= _endpoints(flows)
    for end, ends in (("a", batch.a), ("b", batch.b)):
        columns[f"{end}_who"] = [identities.get(number) for number in ends.who]
        columns |= {f"{end}_{name}": getattr(ends, name) for name in _OF_END}
    return columns


def requests(batch: FlowRequestBatch) -> Values:
    """Return the columns of `requests`."""
    counted = batch.requests
    flows = [_flow(flow) for flow in counted.flow]
    return {
        "window": counted.window,
        "transport": [flow.transport for flow in flows],
        "width_ms": counted.width,
        **{name: getattr(counted, name) for name in _OF_REQUESTS},
        **_endpoints(flows),
    }


def _endpoints(flows: Sequence[Flow]) -> Values:
    """Return the columns of the endpoints of flows."""
    points = {"a": [flow.a for flow in flows], "b": [flow.b for flow in flows]}
    return {
        f"{end}_{name}": [getattr(point, name) for point in points[end]] for end in points for name in Endpoint._fields
    }


def _flow(text: str) -> Flow:
    """Read a flow's id; what is none gets ports that no column takes."""
    try:
        return parse_flow(text)
    except ValueError:
        return _NO_FLOW


def _packed(identity: tuple[Any, ...]) -> str | None:
    """Write an identity as one text; None when it would not sort."""
    return packed(identity) if 0 <= identity[_STARTED] <= _LATEST_START else None


def nodes(batch: NodeBatch) -> Values:
    """Return the columns of `nodes`."""
    return {name: getattr(batch.nodes, name) for name in Nodes.__struct_fields__}


def node_facts(batch: NodeFactBatch) -> Values:
    """Return the columns of `node_facts`."""
    return {name: getattr(batch.facts, name) for name in NodeFacts.__struct_fields__}


def address_names(batch: AddressNameBatch) -> Values:
    """Return the columns of `address_names`."""
    return {name: getattr(batch.names, name) for name in AddressNames.__struct_fields__}


def places(batch: PlaceBatch) -> Values:
    """Return the columns of `places`."""
    rows = batch.places
    who = Identities(host=rows.host, **{name: getattr(rows, name) for name in WHO_LISTENS})
    return {
        "who": [_packed(each) for each in who.rows()],
        **{name: getattr(rows, name) for name in _OF_PLACE},
    }


def events(batch: EventBatch) -> Values:
    """Return the columns of `events`."""
    return {name: getattr(batch.events, name) for name in Events.__struct_fields__}


def process_usage(batch: ProcessBatch) -> Values:
    """Return the columns of `process_usage`."""
    usage = batch.usage
    windows = covered(batch.window, batch.width, batch.covers, len(usage))
    nodes = [process_node(batch.host_id, batch.boot_id, *who) for who in zip(usage.pid, usage.start, strict=True)]
    return {
        "window": [window for window in windows for _ in nodes],
        "node": nodes * len(windows),
        "host": [batch.host_id] * (len(nodes) * len(windows)),
        "cgroup": usage.cgroup * len(windows),
        **{name: _in_windows(one, getattr(usage, name), len(windows)) for name, one in uses(Usage).items()},
    }


def used_by_host(batch: Batch) -> Values:
    """Return the columns of a table of what hosts use: those of the window, and the facts of the record."""
    windows = covered(batch.window, batch.width, batch.covers)
    count = len(windows)
    return {
        "window": list(windows),
        "host": [batch.host_id] * count,
        "width_ms": [batch.width] * count,
        **{name: _in_windows(one, [getattr(batch, name)], count) for name, one in uses(type(batch)).items()},
    }


def host_usage(batch: Heartbeat) -> Values:
    """Return the columns of `host_usage`."""
    columns = used_by_host(batch)
    count = len(columns["window"])
    return {
        **columns,
        "missing": [dict(batch.missing)] * count,
        "failed": [dict(batch.failed)] * count,
        "counters": [dict(batch.counters)] * count,
    }


def _in_windows(fact: Used, column: list[Any], windows: int) -> list[Any]:
    """Return a column once a window; of more windows than one each has a share of what was counted."""
    if windows == 1 or not fact.counts:
        return column * windows
    parts = [shares(value, [1] * windows) for value in column]
    return [part[number] for number in range(windows) for part in parts]


def hosts(batch: HostFacts) -> Values:
    """Return the columns of `hosts`."""
    return {
        "host": [batch.host_id],
        "seen": [batch.window],
        "boot_id": [batch.boot_id],
        **{name: [getattr(batch, name)] for name in _OF_HOST},
        "addresses": [[f"{address}/{prefix}" for _, address, prefix, *_ in batch.interfaces.rows()]],
        "labels": [dict(batch.labels)],
    }


def links(batch: LinkBatch) -> Values:
    """Return the columns of `links`; a host without any has a blank row, which replaces what was there before."""
    rows = batch.links or Links.blank(1)
    return {
        "hour": [batch.window // HOUR_MS * HOUR_MS] * len(rows),
        "host": [batch.host_id] * len(rows),
        "seen": [batch.window] * len(rows),
        **{name: getattr(rows, name) for name in Links.__struct_fields__},
    }


def annotations(record: Annotation) -> Values:
    """Return the columns of `annotations`."""
    known_by = {name: [getattr(record, name)] for name in ("overlay", "target", "valid_from")}
    return {**known_by, "word": [word(record)]}


def overlay_schemas(record: OverlaySchema) -> Values:
    """Return the columns of `overlay_schemas`."""
    return {"overlay": [record.overlay], "written": [record.written], "word": [word(record)]}
