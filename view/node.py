"""All about one node: facts, time series, neighbours, events, and the SQL that asks for the same."""

from collections.abc import Iterator
from typing import Any

import msgspec

from dashboards.queries import query
from graph.health import Counts, faults, judgement
from graph.model import Node
from graph.nodes import Nodes
from graph.recorded import Recorded, read_recorded
from graph.requests import Requests
from sinks.store import Store
from view.hosts import hosts
from view.lines import HOST, PROCESSES, TRAFFIC
from view.members import members
from view.newest import read_newest
from view.parameters import Level, NodeAsked, NotThere, level_of, stretch
from view.requests import LINES, request_series, requests_of
from view.rows import HOUR_MS, Row, Span, read_rows, read_span
from view.series import POINTS, Line, told
from view.statement import node_statement
from view.timeline import About, events

MOST_NEIGHBOURS = 200
Hosts = list[dict[str, Any]]


def node_answer(store: Store, asked: NodeAsked, now: int) -> dict[str, Any]:
    """Return what is known of a node, as /api/node tells it; without a range, in the last hour. Raises NotThere."""
    level = level_of(asked.id, asked.level)
    newest = read_newest(store, now)
    over = read_span(store, *stretch(asked, newest.end, HOUR_MS), POINTS, newest)
    made_of = members(store, [asked.id], over)
    rows = read_rows(store, "view_node_series", level, over, [asked.id], node=asked.id)
    if not (rows or made_of):
        raise NotThere(f"there is no node {asked.id} in this stretch")
    known = hosts(store, over.end)
    recorded = read_recorded(store, over.start, over.end, over.step)
    mine = _hosts(asked.id, made_of)
    cells = recorded.cells(mine)
    lines, used = _used(store, asked.id, made_of, over)
    requests = request_series(store, level, over, asked.id)
    served = told(LINES, requests, over, cells) if requests else {}
    return {
        "from": over.start,
        "to": over.end,
        "newest": newest.end,
        "step_ms": over.step,
        "recorded": [[at, cells.get(at, 0) / 1000] for at, _ in over.times()],
        "id": asked.id,
        "level": level,
        "facts": _facts(asked.id, made_of, known),
        "series": served | told(lines, used, over, cells) | told(TRAFFIC, rows, over, cells),
        "neighbours": list(_neighbours(store, asked.id, level, over, known, recorded, mine)),
        "members": [msgspec.to_builtins(member) for member in made_of],
        "events": events(store, over.start, over.end, _about(asked.id, made_of)),
        "sql": node_statement(asked.id, level, over.start, over.end),
    }


def _used(store: Store, node: str, made_of: list[Node], over: Span) -> tuple[tuple[Line, ...], list[Row]]:
    """Return what its host or its processes used, with the series that tell it."""
    kind, _, rest = node.partition(":")
    ranged = {"from": over.start, "to": over.end, "step": over.step}
    if kind == "host":
        return HOST, store.query(query("view_host_usage"), {**ranged, "host": rest})
    if not made_of:
        return (), []
    return PROCESSES, store.query(query("view_process_usage"), {**ranged, "nodes": [each.id for each in made_of]})


def _hosts(node: str, made_of: list[Node]) -> set[str]:
    """Return the hosts whose agents see a node."""
    kind, _, rest = node.partition(":")
    if kind == "host":
        return {rest}
    return {each.host for each in made_of} | ({rest.partition("/")[0]} if kind == "address" and "@" in rest else set())


def _facts(node: str, made_of: list[Node], known: Hosts) -> dict[str, Any]:
    """Return what is known of a node by itself; what is not known is left out."""
    kind, _, rest = node.partition(":")
    if kind == "process":
        found = next((msgspec.to_builtins(each) for each in made_of), {"id": node, "kind": kind})
        labels: dict[str, str] = next((each["labels"] for each in known if each["id"] == found.get("host")), {})
        return found | ({"labels": labels} if labels else {})
    if kind == "host":
        return {"kind": kind} | next((each for each in known if each["id"] == rest), {"id": rest})
    if kind == "address":
        scope, _, address = rest.rpartition("@")
        owners = [] if scope else [each["hostname"] for each in known if _has(each["addresses"], address)]
        return {"kind": kind, "address": address, "scope": scope, "addresses_of": owners}
    return {"kind": kind, "name": rest.partition(":")[2] if kind == "container" else rest} | _shared(made_of)


def _has(addresses: list[str], address: str) -> bool:
    return any(each.rpartition("/")[0] == address for each in addresses)  # they stand with their prefix


def _shared(made_of: list[Node]) -> dict[str, Any]:
    """Return what the processes of a service or container are, each value once."""
    fields = {
        "hosts": "hostname", "names": "name", "users": "user", "programs": "exe", "containers": "container",
        "units": "unit", "services": "service",
    }  # fmt: skip
    values = {name: sorted({getattr(each, field) for each in made_of} - {""}) for name, field in fields.items()}
    return {"processes": len(made_of)} | {name: found for name, found in values.items() if found}


def _about(node: str, made_of: list[Node]) -> About:
    kind, _, rest = node.partition(":")
    if kind == "service":
        return About([node], services=[rest])
    if kind == "host":
        return About([node], hosts=[rest])
    return About([node, *(each.id for each in made_of)])


def _neighbours(
    store: Store, node: str, level: Level, over: Span, known: Hosts, recorded: Recorded, mine: set[str]
) -> Iterator[dict[str, Any]]:
    requests = requests_of(store, level, over, node)
    hostnames = {each["id"]: each["hostname"] for each in known}
    for row in read_rows(store, "view_neighbours", level, over, [node], node=node, most=MOST_NEIGHBOURS):
        other, incoming, transport, port, host, service, name, container = row[:8]
        opened, failed, active, moved, retransmits, segments, rtt_us = row[8:]
        nodes = Nodes(hostnames)
        nodes.add(other, [host] if host else [], service, name, container)
        (found,) = nodes.listed()
        seconds = recorded.seconds([*mine, host])
        ends = (other, node) if incoming else (node, other)
        asked: Requests | None = requests.get((*ends, transport, port))
        http = (asked.requests, asked.errors, asked.latency) if asked else (0, 0, {})
        counted = Counts(opened, failed, segments, retransmits, *http)
        yield {
            "id": other,
            "title": found.title,
            "kind": found.kind,
            "hostname": found.hostname or hostnames.get(host, host),
            "direction": "in" if incoming else "out",
            "transport": transport,
            "server_port": port,
            "recorded_s": seconds,
            "bytes_s": moved / seconds,
            "opened_s": opened / seconds,
            "active": active,
            "failed": failed,
            "failed_share": counted.failed_share,
            "retransmits": retransmits,
            "rtt_ms": rtt_us / 1000 if rtt_us == rtt_us else None,  # NaN: not measured
            **judgement(faults(counted)),
            **(asked.told() if asked else {}),
        }
