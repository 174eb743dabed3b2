"""Paths: all shortest ways by which one node reaches another."""

from itertools import islice, pairwise

from graph.lazily import nx
from graph.questions.wiring import Arrow, Wiring, arrow

MOST = 100  # ways; between layers of replicas there may be millions


def paths(wiring: Wiring, client: str, server: str, most: int = MOST) -> list[list[Arrow]]:
    """Return the shortest ways from a client to a server, each as its arrows; none where it reaches it by no way."""
    if client == server or not nx.has_path(wiring, client, server):
        return []
    ways = islice(nx.all_shortest_paths(wiring, client, server), most)
    return [[arrow(wiring, *step) for step in pairwise(way)] for way in ways]
