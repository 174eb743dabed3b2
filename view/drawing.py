"""The map as the page shows it: rates, health, new and gone edges. Pure; view/map.py reads what it needs."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from graph import counters
from graph.health import faults, judgement, known_share, share_of, softened, usual_ms, worst
from graph.hosts import LabelsRow
from graph.infrastructure import Infrastructure, infrastructure
from graph.levels import everywhere
from graph.model import Edge, Node, ServiceMap, ms_of
from graph.requests import Key, Requests, counts, key
from graph.traffic import OWN_SUMS
from view.keys import edge_id

NEW_MS = 600_000  # an edge that was first seen so recently may be new


def drawn(
    found: ServiceMap,
    before: ServiceMap | None,
    known: Collection[Key],
    requests: Mapping[Key, Requests],
    usual: Mapping[Key, Requests],
    labels: Iterable[LabelsRow],
) -> dict[str, Any]:
    """Return the nodes, the edges with their requests, and the edges of `before` that are gone.

    An edge is new if it was first seen recently and is not `known` from earlier. Where nothing is known, none is new.
    Latency is compared with what is `usual`.
    """
    there = {key(edge) for edge in found.edges}
    recently = _ms(found.end) - NEW_MS
    fresh = {key(edge) for edge in found.edges if known and _ms(edge.first) >= recently and key(edge) not in known}
    edges = [_edge(edge, requests.get(key(edge)), usual.get(key(edge)), new=key(edge) in fresh) for edge in found.edges]
    gone: list[dict[str, Any]] = []
    if before is not None:
        gone = [_edge(edge, None, None, new=False) for edge in before.edges if key(edge) not in there]
    ghosts = before.nodes if before is not None else []
    nodes = list(_nodes(found.nodes, ghosts, edges, gone, labels))
    _name_infrastructure(infrastructure(found), nodes, edges)
    return {"nodes": nodes, "edges": edges, "gone": gone}


def _name_infrastructure(of: Infrastructure, nodes: list[dict[str, Any]], edges: list[dict[str, Any]]) -> None:
    """Add to what is infrastructure of which kind it is."""
    kinds = {edge_id(one): kind for one, kind in of.edges.items()} | dict(of.nodes)
    for each in (*nodes, *edges):
        if each["id"] in kinds:
            each["infra"] = kinds[each["id"]]


def _edge(edge: Edge, own: Requests | None, usual: Requests | None, *, new: bool) -> dict[str, Any]:
    counted = counts(edge, own, usual)
    return edge.as_fields() | {
        "id": edge_id(key(edge)),
        "first": _ms(edge.first),
        "last": _ms(edge.last),
        "bytes_s": counters.moved(edge.counters) / edge.recorded_s if edge.counted else None,
        "opened_s": edge.connections_opened / edge.recorded_s,
        **counted.shares(),
        "rtt_ms": counters.rtt_ms(edge.counters),
        **judgement(faults(counted)),
        "new": new,
        "signals": "requests" if own else "tcp",
        **(own.as_fields() | {"requests_s": own.requests / edge.recorded_s} if own else {}),
        **({"usual_ms": usual_ms(usual.latency if usual else {})} if own else {}),
    }


def _nodes(
    found: list[Node],
    before: list[Node],
    edges: list[dict[str, Any]],
    gone: list[dict[str, Any]],
    labels: Iterable[LabelsRow],
) -> Iterator[dict[str, Any]]:
    places = {name: label for label in labels for name in (label.hostname, label.host)}
    inward, outward = _sums(edges, "server"), _sums(edges, "client")
    there = {node.id for node in found}
    missing = {end for edge in gone for end in (edge["client"], edge["server"])} - there
    for node in [*found, *(node for node in before if node.id in missing)]:
        served, used = inward.get(node.id), outward.get(node.id)
        yield (
            msgspec.to_builtins(node)
            | _place(node, places)
            | {
                "health": worst(
                    served["health"] if served else "ok",
                    softened(used["health"]) if used else "ok",
                    node.health,
                ),
                "why": node.why,
                "in": served or _NOTHING,
                "out": used or _NOTHING,
                "gone": node.id in missing,
            }
        )


_COUNTS = {f"connections_{count}": count for count in ("opened", "closed", "active", "failed")}
_REQUESTS = ("requests", "errors", "unseen", "given_up")
_SUMS = ("edges", *_COUNTS.values(), *_REQUESTS, "conn_s", "bytes_s", "requests_s", "failed_share")
_NOTHING: dict[str, Any] = {
    **dict.fromkeys(_SUMS, 0),
    "error_share": None,
    "sampling": 1,
    "counted": dict.fromkeys(OWN_SUMS, 0),
    "health": "ok",
}


def _sums(edges: list[dict[str, Any]], end: str) -> dict[str, dict[str, Any]]:
    """Add up the edges of each node that is their `end`: client or server."""
    sums: dict[str, dict[str, Any]] = {}
    for edge in edges:
        node = sums.get(edge[end])
        if node is None:
            node = sums[edge[end]] = {**_NOTHING, "counted": dict(_NOTHING["counted"])}
        node["edges"] += 1
        for of_edge, of_node in _COUNTS.items():
            node[of_node] += edge[of_edge]
        for name in _REQUESTS:
            node[name] += edge.get(name, 0)
        node["bytes_s"] += edge["bytes_s"] or 0
        node["conn_s"] += edge["opened_s"]
        node["requests_s"] += edge.get("requests_s", 0)
        node["sampling"] = max(node["sampling"], edge.get("sampling", 1))
        for name in OWN_SUMS if edge["bytes_s"] is not None else ():
            node["counted"][name] += counters.both(edge, name)
        if edge["health"] != "ok":
            node["health"] = worst(node["health"], edge["health"])
    for node in sums.values():
        node["error_share"] = known_share("errors", node)
        node["failed_share"] = share_of("failed", node)
    return sums


def _place(node: Node, places: dict[str, LabelsRow]) -> dict[str, Any]:
    """Return region, zone and host of a node, as far as all its hosts share them, and the line below its title."""
    names = [node.hostname or node.host] if node.host else node.hosts
    found = [places.get(name, LabelsRow("", name, {})) for name in names]
    regions, zones = ({each.labels.get(label, "") for each in found} for label in ("region", "zone"))
    place: dict[str, Any] = {
        "region": regions.pop() if len(regions) == 1 else "",
        "zone": zones.pop() if len(zones) == 1 else "",
        "subtitle": _subtitle(node),
    }
    if len(found) == 1:
        place |= {"host": found[0].host or node.host, "hostname": found[0].hostname}
    return place


def _subtitle(node: Node) -> str:
    if node.kind == "process":
        return " on ".join(text for text in (node.service, node.hostname) if text)
    if everywhere(node.kind):
        return node.hosts[0] if len(node.hosts) == 1 else f"{len(node.hosts)} hosts"
    if node.kind in ("container", "pod"):
        return " on ".join(text for text in (node.namespace, node.hostname) if text)
    if node.kind == "address":
        where = f"on {node.hostname}" if node.hostname else ""
        return f"{node.address} {where}".rstrip() if node.names else where
    return ""


_ms = lru_cache(maxsize=1024)(ms_of)  # most edges share their times
