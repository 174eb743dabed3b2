"""Small systems for the culprit finder: a shop of four services, with what is measured of each edge."""

import math
from collections.abc import Mapping
from random import Random

from graph.culprit.model import Edge, Evidence, Node, Values

MINUTE = 60_000
BEFORE, AFTER = 40, 8
BEGAN = BEFORE * MINUTE
TIMES = [at * MINUTE for at in range(BEFORE + AFTER)]
CALLS = (("users", "web"), ("web", "cart"), ("web", "search"), ("cart", "store"), ("search", "store"))
USUAL = {"requests": 50.0, "failed": 0.0, "mean": 10.0, "p50": 8.0, "p95": 30.0}


def varied(usual: float, now: float, seed: str, spread: float = 0.03) -> Values:
    """Return a series that scatters around one value before the start of the trouble, and around another after it."""
    random = Random(seed)
    return [(usual if at < BEFORE else now) * math.exp(random.gauss(0, spread)) for at in range(BEFORE + AFTER)]


def edge(client: str, server: str, **now: float) -> Edge:
    """Return an edge whose measures are as usual, but for those that are given."""
    series = {name: varied(usual, now.get(name, usual), f"{client}{server}{name}") for name, usual in USUAL.items()}
    return Edge(client=client, server=server, series=series)


def shop(changed: Mapping[tuple[str, str], Mapping[str, float]], **more: object) -> Evidence:
    """Return the shop with changed edges."""
    edges = [edge(client, server, **changed.get((client, server), {})) for client, server in CALLS]
    nodes = [Node(id=name, inside=["host:a"]) for name in ("web", "cart", "search", "store")]
    given = {"times": TIMES, "nodes": nodes, "edges": edges, "began": BEGAN} | more
    return Evidence(**given)  # type: ignore[arg-type]
