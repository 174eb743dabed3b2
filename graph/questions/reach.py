"""Reach: who depends on a node, or what it depends on, through how many others, and by which way."""

from typing import NamedTuple

from graph.lazily import nx
from graph.questions.wiring import Arrow, Wiring, arrow


class Reached(NamedTuple):
    """A node that is reached, after `depth` arrows. `arrows` connect it with nodes that are one nearer."""

    node: str
    depth: int
    arrows: list[Arrow]


def dependencies(wiring: Wiring, node: str, most: int | None = None) -> list[Reached]:
    """Return what a node depends on, the nearest first, up to a depth."""
    depths = nx.single_source_shortest_path_length(wiring, node, cutoff=most)

    def arrows(server: str) -> list[Arrow]:
        return [arrow(wiring, each, server) for each in wiring.pred[server] if depths.get(each) == depths[server] - 1]

    return [Reached(each, depths[each], arrows(each)) for each in _reached(depths)]


def dependents(wiring: Wiring, node: str, most: int | None = None) -> list[Reached]:
    """Return who depends on a node, the nearest first, up to a depth."""
    depths = nx.single_source_shortest_path_length(wiring.reverse(copy=False), node, cutoff=most)

    def arrows(client: str) -> list[Arrow]:
        return [arrow(wiring, client, each) for each in wiring.succ[client] if depths.get(each) == depths[client] - 1]

    return [Reached(each, depths[each], arrows(each)) for each in _reached(depths)]


def _reached(depths: dict[str, int]) -> list[str]:
    """Return the nodes in order, without the one that everything begins at."""
    return sorted((node for node, depth in depths.items() if depth), key=lambda node: (depths[node], node))
