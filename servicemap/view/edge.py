"""All about one edge: facts, what each of its sides counts, events, and the SQL that asks for the same."""

from typing import Any

import msgspec

from dashboards.queries import query
from servicemap.map_model import Node, Wanted
from servicemap.map_read import read_map
from servicemap.view.graph import drawn, edge_id
from servicemap.view.lines import EDGE
from servicemap.view.map_reading import newest_end
from servicemap.view.node import HOUR_MS, members_of
from servicemap.view.parameters import EdgeAsked, Level, NotThere, level_of, stretch
from servicemap.view.series import POINTS, step_ms, steps, told
from servicemap.view.statement import edge_statement
from servicemap.view.timeline import About, events
from sinks.store import Store

_FINEST: tuple[Level, ...] = ("process", "service", "container", "host", "address")


def edge_answer(store: Store, asked: EdgeAsked, now: int) -> dict[str, Any]:
    """Return what is known of an edge, as /api/edge tells it; without a range, in the last hour."""
    level = min((level_of(end, asked.level) for end in (asked.client, asked.server)), key=_FINEST.index)
    latest = newest_end(store, now)
    start, end = stretch(asked, latest, HOUR_MS)
    ((_, width),) = store.query(query("map_newest"))
    step = step_ms(start, end, POINTS, width)
    which = {"client": asked.client, "server": asked.server, "transport": asked.transport, "port": asked.port}
    ranged: dict[str, Any] = {"level": level, "from": start, "to": end, "step": step}
    rows = store.query(query("view_edge_series"), ranged | which)
    members = members_of(store, [asked.client, asked.server], level, start, end)
    return {
        "from": start,
        "to": end,
        "newest": latest,
        "step_ms": step,
        "level": level,
        "facts": _facts(store, asked, Wanted(start=start, end=end, level=level)),
        "series": told(EDGE, rows, list(steps(start, end, step, latest))),
        "members": [msgspec.to_builtins(member) for member in members],
        "events": _events(store, asked, members, start, end),
        "sql": edge_statement(asked.client, asked.server, asked.transport, asked.port, level, start, end),
    }


def _facts(store: Store, asked: EdgeAsked, wanted: Wanted) -> dict[str, Any]:
    """Return the edge as the map of the whole range has it. Raises NotThere."""
    found = read_map(store, wanted)
    which = edge_id((asked.client, asked.server, asked.transport, asked.port))
    nodes = {node.id: node for node in found.nodes}
    for edge in drawn(found, found, (), ())["edges"]:
        if edge["id"] == which:
            titles = {f"{end}_title": nodes[edge[end]].title for end in ("client", "server")}
            return {**edge, **titles}
    raise NotThere(f"{asked.client} does not talk to {asked.server} on {asked.transport} {asked.port} in this stretch")


def _events(store: Store, asked: EdgeAsked, members: list[Node], start: int, end: int) -> list[dict[str, Any]]:
    """Return what happened to the processes at both ends, and when connections to this port came and went."""
    subjects = [member.id for member in members]
    services = sorted({member.service for member in members if member.service})
    found = events(store, start, end, About(subjects, services))
    port = f":{asked.port}"
    return [each for each in found if each["subject"] in subjects or each["object"].endswith(port)]
