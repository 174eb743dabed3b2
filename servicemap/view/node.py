"""All about one node: facts, time series, neighbours, events, and the SQL that asks for the same."""

from collections.abc import Iterator
from typing import Any

import msgspec

from dashboards.queries import query
from servicemap.map_model import Node, Wanted
from servicemap.map_nodes import Nodes
from servicemap.map_read import processes
from servicemap.view.health import health, share
from servicemap.view.hosts import hosts
from servicemap.view.lines import HOST, PROCESSES, TRAFFIC
from servicemap.view.map_reading import newest_end
from servicemap.view.parameters import Level, NodeAsked, NotThere, level_of, stretch
from servicemap.view.series import POINTS, step_ms, steps, told
from servicemap.view.statement import node_statement
from servicemap.view.timeline import About, events
from sinks.store import Store

HOUR_MS = 3_600_000
MOST_MEMBERS, MOST_NEIGHBOURS = 200, 200


def node_answer(store: Store, asked: NodeAsked, now: int) -> dict[str, Any]:
    """Return what is known of a node, as /api/node tells it; without a range, in the last hour."""
    level = level_of(asked.id, asked.level)
    latest = newest_end(store, now)
    start, end = stretch(asked, latest, HOUR_MS)
    ((_, width),) = store.query(query("map_newest"))
    step = step_ms(start, end, POINTS, width)
    ranged: dict[str, Any] = {"level": level, "from": start, "to": end, "step": step}
    known = hosts(store, end)
    members = members_of(store, [asked.id], level, start, end)
    times = list(steps(start, end, step, latest))
    rows = store.query(query("view_node_series"), {**ranged, "node": asked.id})
    used, lines = _used(store, asked.id, members, ranged)
    if not (rows or used or members):
        raise NotThere(f"there is no node {asked.id} in this stretch")
    return {
        "from": start,
        "to": end,
        "newest": latest,
        "step_ms": step,
        "id": asked.id,
        "level": level,
        "facts": _facts(asked.id, members, known),
        "series": told(lines, used, times) | told(TRAFFIC, rows, times),
        "neighbours": list(_neighbours(store, asked.id, ranged, known)),
        "members": [msgspec.to_builtins(member) for member in members],
        "events": events(store, start, end, _about(asked.id, members)),
        "sql": node_statement(asked.id, level, start, end),
    }


def members_of(store: Store, nodes: list[str], level: Level, start: int, end: int) -> list[Node]:
    """Return the busiest processes at nodes of a level, and the nodes themselves that are processes."""
    ranged = {"level": level, "from": start, "to": end}
    rows = store.query(query("view_members"), {**ranged, "nodes": nodes, "most": MOST_MEMBERS})
    found = [*nodes, *(row[0] for row in rows)]
    ids = [node for node in dict.fromkeys(found) if node.startswith("process:")]
    return list(processes(store, ids, Wanted(start=start, end=end)))


def _used(store: Store, node: str, members: list[Node], ranged: dict[str, Any]) -> tuple[Any, Any]:
    kind, _, rest = node.partition(":")
    if kind == "host":
        return store.query(query("view_host_usage"), {**ranged, "host": rest}), HOST
    if kind == "address":
        return [], ()
    ids = [member.id for member in members]
    return store.query(query("view_process_usage"), {**ranged, "nodes": [*ids, ""]}), PROCESSES


def _facts(node: str, members: list[Node], known: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what is known of a node by itself; what is not known is left out."""
    kind, _, rest = node.partition(":")
    if kind == "process":
        found = next((msgspec.to_builtins(member) for member in members if member.id == node), {"id": node})
        host = next((each for each in known if each["id"] == found.get("host")), None)
        return found | ({"labels": host["labels"]} if host else {})
    if kind == "host":
        return {"kind": kind} | next((each for each in known if each["id"] == rest), {"id": rest})
    if kind == "address":
        scope, _, address = rest.rpartition("@")
        owners = [] if scope else [each["hostname"] for each in known if _has(each["addresses"], address)]
        return {"kind": kind, "address": address, "scope": scope, "addresses_of": owners}
    return {"kind": kind, "name": rest.rpartition(":")[2] if kind == "container" else rest} | _shared(members)


def _has(addresses: list[str], address: str) -> bool:
    return any(each.rpartition("/")[0] == address for each in addresses)  # they stand with their prefix


def _shared(members: list[Node]) -> dict[str, Any]:
    """Return what the processes of a service or container are, each value once."""
    fields = {
        "hosts": "hostname", "names": "name", "users": "user", "programs": "exe", "containers": "container",
        "units": "unit", "services": "service",
    }  # fmt: skip
    values = {name: sorted({getattr(member, field) for member in members} - {""}) for name, field in fields.items()}
    return {"processes": len(members)} | {name: found for name, found in values.items() if found}


def _about(node: str, members: list[Node]) -> About:
    kind, _, rest = node.partition(":")
    if kind == "service":
        return About([node], services=[rest])
    if kind == "host":
        return About([node], hosts=[rest])
    return About([node, *(member.id for member in members)])


def _neighbours(
    store: Store, node: str, ranged: dict[str, Any], known: list[dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    hostnames = {each["id"]: each["hostname"] for each in known}
    seconds = (ranged["to"] - ranged["from"]) / 1000
    for row in store.query(query("view_neighbours"), {**ranged, "node": node, "most": MOST_NEIGHBOURS}):
        other, incoming, transport, port, host, service, name, container = row[:8]
        opened, failed, active, moved, retransmits, segments, rtt_us = row[8:]
        nodes = Nodes(hostnames)
        nodes.add(other, [host] if host else [], service, name, container)
        (found,) = nodes.listed()
        failed_share = min(1.0, share(failed, max(opened, failed)))
        yield {
            "id": other,
            "title": found.title,
            "kind": found.kind,
            "hostname": found.hostname or hostnames.get(host, host),
            "direction": "in" if incoming else "out",
            "transport": transport,
            "server_port": port,
            "bytes_s": moved / seconds,
            "opened_s": opened / seconds,
            "active": active,
            "failed": failed,
            "failed_share": failed_share,
            "retransmits": retransmits,
            "rtt_ms": rtt_us / 1000 if rtt_us == rtt_us else None,  # NaN: not measured
            "health": health(failed_share, min(1.0, share(retransmits, segments)), segments),
        }
