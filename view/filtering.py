"""The part of a map that a filter keeps, of the map as it is drawn."""

from collections.abc import Collection, Mapping
from typing import Any

from msgspec import structs

from answers.faults import BadRequest
from graph.filters.hints import hints
from graph.filters.matching import Kept, kept
from graph.filters.parsing import BadFilter, parse_filter
from graph.filters.seen import Seen
from graph.filters.terms import Filter
from graph.model import ServiceMap
from graph.node_texts import Labels
from graph.requests import Key, key
from view.keys import edge_id


def wanted_filter(text: str) -> Filter | None:
    """Read the filter of a request; None without one."""
    try:
        return parse_filter(text) if text.strip() else None
    except BadFilter as error:
        raise BadRequest(f"filter: {error}") from None


def marked(
    of: ServiceMap, past: ServiceMap | None, by: Filter, labels: Labels, fresh: Mapping[str, Collection[Key]]
) -> dict[str, Any]:
    """Return what a filter keeps of a judged map, and of the edges of the past that are gone, by ids."""
    seen = Seen(of, labels, fresh)
    found = kept(seen, by)
    gone = kept(Seen(_gone(of, past), labels), by) if past else Kept(*[frozenset[Any]()] * 4)
    there = {node.id for node in of.nodes}
    missing = {id_ for id_ in gone.nodes if id_ not in there or id_ in found.nodes}
    ends = {end for one in gone.edges for end in (one.client, one.server)}
    return {
        "text": str(by),
        "nodes": sorted(found.nodes | missing | ends),
        "edges": sorted(map(edge_id, found.edges | gone.edges)),
        "hits": sorted(found.hit_nodes),
        "hints": [] if found.nodes or gone.edges else hints(seen, by),
    }


def reduced(drawn: dict[str, Any], to: Mapping[str, Any]) -> dict[str, Any]:
    """Return a drawn map with only the nodes and edges that are kept. What they count stays that of the whole map."""
    nodes, edges = set(to["nodes"]), set(to["edges"])
    return drawn | {
        "nodes": [node for node in drawn["nodes"] if node["id"] in nodes],
        **{name: [edge for edge in drawn[name] if edge["id"] in edges] for name in ("edges", "gone")},
    }


def _gone(of: ServiceMap, past: ServiceMap) -> ServiceMap:
    there = {key(edge) for edge in of.edges}
    edges = [edge for edge in past.edges if key(edge) not in there]
    ends = {end for edge in edges for end in (edge.client, edge.server)}
    return structs.replace(past, nodes=[node for node in past.nodes if node.id in ends], edges=edges)
