"""The answer of /api/node: facts, time series, neighbours, events, and SQL for the same rows."""

from collections.abc import Sequence
from typing import Any

import msgspec

from answers.faults import NotThere
from graph.address_names import Names
from graph.hosts import HostRow
from graph.levels import values_of
from graph.links import LinkRow, links
from graph.model import Node
from graph.reading import names_of_addresses, names_of_hosts
from graph.recorded import read_recorded
from graph.series import NodeSeriesRow, node_series
from graph.statement import node_statement
from graph.usage import UsageRow, host_usage, process_usage
from schemas.times import HOUR_MS
from sinks.store import Store
from view.events import About, events
from view.hosts import read_hosts
from view.lines import HOST, PROCESSES, TRAFFIC
from view.members import members
from view.neighbours import neighbours
from view.newest import read_newest
from view.node_facts import own_facts
from view.parameters import NodeAsked, level_of, time_range
from view.requests import LINES, request_series
from view.rows import Span, read_rows, read_span
from view.series import POINTS, Line, Point, series


def node_answer(store: Store, asked: NodeAsked, now: int) -> dict[str, Any]:
    """Return the answer of /api/node; without a range, that of the last hour. NotThere where there is no such node."""
    level = level_of(asked.id, asked.level)
    newest = read_newest(store, now)
    over = read_span(store, *time_range(asked, newest.end, HOUR_MS), POINTS, newest)
    processes = members(store, [asked.id], over)
    rows = read_rows(store, NodeSeriesRow, node_series(level, rolled_up=over.rolled), over, [asked.id], node=asked.id)
    if not (rows or processes):
        raise NotThere(f"there is no node {asked.id} in this time range")
    known = read_hosts(store, over.end)
    hostnames = names_of_hosts(store, over.start, over.end)
    recorded = read_recorded(store, over.start, over.end, over.step, level=level)
    seen_by = _hosts(asked.id, processes)
    cells = recorded.cells(seen_by)
    lines, usage = _usage(store, asked.id, processes, over)
    requests = request_series(store, level, over, asked.id)
    of_requests = series(LINES, requests, over, cells) if requests else {}
    return {
        "from": over.start,
        "to": over.end,
        "newest": newest.end,
        "step_ms": over.step,
        "recorded": [[at, cells.get(at, 0) / 1000] for at, _ in over.times()],
        "id": asked.id,
        "level": level,
        "facts": _facts(asked.id, processes, known, names_of_addresses(store, [asked.id], over.start, over.end))
        | _links(store, asked.id, over, hostnames),
        "sampling": max((row.sampling for row in requests), default=1),
        "discovered": own_facts(store, asked.id, processes, over.end, hostnames),
        "series": of_requests | series(TRAFFIC, rows, over, cells) | series(lines, usage, over, cells),
        "neighbours": list(neighbours(store, asked.id, level, over, hostnames, recorded, seen_by)),
        "members": [msgspec.to_builtins(member) for member in processes],
        "events": events(store, over.start, over.end, _about(asked.id, processes)),
        "sql": node_statement(asked.id, level, over.start, over.end),
    }


def _usage(store: Store, node: str, processes: list[Node], over: Span) -> tuple[tuple[Line, ...], Sequence[Point]]:
    """Return what its host or its processes used: the series and their rows."""
    kind, _, rest = node.partition(":")
    values: dict[str, Any] = {"from": over.start, "to": over.end, "step": over.step}
    if kind == "host":
        return HOST, store.rows(UsageRow, host_usage(), values | {"host": rest})
    if not processes:
        return (), []
    values["nodes"] = [each.id for each in processes]
    return PROCESSES, store.rows(UsageRow, process_usage(), values)


def _hosts(node: str, processes: list[Node]) -> set[str]:
    """Return the hosts whose agents see a node."""
    kind, _, rest = node.partition(":")
    if kind == "host":
        return {rest}
    scoped = kind == "address" and "@" in rest
    return {each.host for each in processes} | ({rest.partition("/")[0]} if scoped else set())


def _facts(node: str, processes: list[Node], known: list[HostRow], names: Names) -> dict[str, Any]:
    """Return the facts of a node itself, without those that are unknown."""
    kind, _, rest = node.partition(":")
    if kind == "process":
        found = next((msgspec.to_builtins(each) for each in processes), {"id": node, "kind": kind})
        labels = next((each.labels for each in known if each.host == found.get("host")), {})
        return found | ({"labels": labels} if labels else {})
    if kind == "host":
        return {"kind": kind} | next((each.as_fields() for each in known if each.host == rest), {"id": rest})
    if kind == "address":
        scope, _, address = rest.rpartition("@")
        owners = [] if scope else [each.hostname for each in known if _has(each.addresses, address)]
        called = {"names": names[node]} if node in names else {}
        return {"kind": kind, "address": address, "scope": scope, "addresses_of": owners} | called
    return {"kind": kind, "name": list(values_of(node).values() or [rest])[-1]} | _shared(processes)


def _links(store: Store, node: str, over: Span, hostnames: dict[str, str]) -> dict[str, Any]:
    """Return what a host is connected to, or what is connected to a switch."""
    kind, _, rest = node.partition(":")
    if kind not in ("host", "link"):
        return {}
    of_node = {"host": rest if kind == "host" else "", "switch": rest if kind == "link" else ""}
    rows = store.rows(LinkRow, links(), {"from": over.start, "to": over.end, **of_node})
    if kind == "host":
        return {"links": [row.words for row in rows]}
    return {
        "name": hostnames.get(node) or rest,
        "chassis": rest,
        "managed_at": sorted({row.management_address for row in rows} - {""}),
        "links": [f"{hostnames.get(row.host) or row.host} {row.words}" for row in rows],
    }


def _has(addresses: list[str], address: str) -> bool:
    return any(each.rpartition("/")[0] == address for each in addresses)  # they include their prefix


def _shared(processes: list[Node]) -> dict[str, Any]:
    """Return the properties of a service's or container's processes, each value once."""
    fields = {
        "hosts": "hostname", "names": "name", "users": "user", "programs": "exe", "containers": "container",
        "container_names": "container_name", "pods": "pod", "namespaces": "namespace", "images": "image",
        "units": "unit", "services": "service",
    }  # fmt: skip
    values = {name: sorted({getattr(each, field) for each in processes} - {""}) for name, field in fields.items()}
    return {"processes": len(processes)} | {name: found for name, found in values.items() if found}


def _about(node: str, processes: list[Node]) -> About:
    kind, _, rest = node.partition(":")
    if kind == "service":
        return About([node], services=[rest])
    if kind == "host":
        return About([node], hosts=[rest])
    return About([node, *(each.id for each in processes)])
