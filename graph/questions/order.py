"""Order: in which waves nodes can be started, servers before their clients, or stopped, clients before their servers.

Nodes that need each other in a circle have no order. They are one step, and the arrows are named without which they had
one: one alone, if there is such a one, or else the least that carry little.
"""

from collections import Counter
from typing import NamedTuple

from graph.lazily import nx
from graph.questions.wiring import Arrow, Wiring, arrow

TRIED = 200  # arrows: of a larger circle no single one is looked for


class Step(NamedTuple):
    """Nodes of one step: one, or several that need each other.

    `because` are the arrows to or from nodes of earlier waves, and `breaks` those without which a circle had an order.
    """

    nodes: list[str]
    because: list[Arrow]
    breaks: list[Arrow]


def start_order(wiring: Wiring) -> list[list[Step]]:
    """Return the waves in which nodes can be started: each needs only nodes of earlier waves."""
    return [
        [Step(nodes, _out_of(wiring, nodes), breaking(wiring, nodes)) for nodes in wave]
        for wave in _waves(wiring.reverse(copy=False))
    ]


def stop_order(wiring: Wiring) -> list[list[Step]]:
    """Return the waves in which nodes can be stopped: each is needed only by nodes of earlier waves."""
    return [
        [Step(nodes, _into(wiring, nodes), breaking(wiring, nodes)) for nodes in wave]
        for wave in _waves(wiring)
    ]  # fmt: skip


def breaking(wiring: Wiring, nodes: list[str]) -> list[Arrow]:
    """Return arrows without which nodes that need each other had an order; none for a single node."""
    circle: Wiring = nx.DiGraph(wiring.subgraph(nodes))
    arrows = sorted((arrow(wiring, *ends) for ends in circle.edges), key=_least)
    if len(arrows) > TRIED:
        return _upwards(arrows)
    alone = next(([one] for one in arrows if _has_order(circle, one)), None)
    return alone if alone is not None else _one_by_one(circle, arrows)


def _one_by_one(circle: Wiring, arrows: list[Arrow]) -> list[Arrow]:
    """Take away the arrow of a circle that carries the least, until none is left."""
    taken: list[Arrow] = []
    while inside := {node for found in nx.strongly_connected_components(circle) if len(found) > 1 for node in found}:
        least = next(one for one in arrows if one not in taken and {one.client, one.server} <= inside)
        circle.remove_edge(least.client, least.server)
        taken.append(least)
    return taken


def _upwards(arrows: list[Arrow]) -> list[Arrow]:
    """Return the arrows that go up where nodes stand in the order of how much more goes out of them than comes in.

    These are enough, though not the fewest: of a large circle the fewest take too long to find.
    """
    surplus: Counter[str] = Counter()
    for one in arrows:
        surplus[one.client] += 1 + one.connections
        surplus[one.server] -= 1 + one.connections
    return [one for one in arrows if (surplus[one.client], one.client) < (surplus[one.server], one.server)]


def _waves(later: Wiring) -> list[list[list[str]]]:
    """Return waves of circles, sorted; arrows of `later` go from what comes first to what comes after it."""
    circles = nx.condensation(later)
    return [
        sorted(sorted(circles.nodes[at]["members"]) for at in wave)
        for wave in nx.topological_generations(circles)
    ]  # fmt: skip


def _out_of(wiring: Wiring, nodes: list[str]) -> list[Arrow]:
    return [arrow(wiring, *ends) for ends in nx.edge_boundary(wiring, nodes)]


def _into(wiring: Wiring, nodes: list[str]) -> list[Arrow]:
    return [arrow(wiring, client, server) for server, client in nx.edge_boundary(wiring.reverse(copy=False), nodes)]


def _has_order(circle: Wiring, without: Arrow) -> bool:
    rest: Wiring = nx.DiGraph(circle)
    rest.remove_edge(without.client, without.server)
    return nx.is_directed_acyclic_graph(rest)


def _least(one: Arrow) -> tuple[tuple[int, int, int], str, str]:
    return one.weight(), one.client, one.server
