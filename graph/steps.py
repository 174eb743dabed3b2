"""Edges of a level in the steps of a range: what time series, neighbours and the time line are made of."""

from graph import span
from graph.columns import ENDS
from graph.concerns import CONCERNS
from graph.levels import node_at
from graph.packing import plain
from graph.spans import EACH_WINDOW, spans
from graph.sql import inside, select

AT = span.begins("row.first")  # windows, minutes or hours: what an edge has at the same time is added up


def point_of(ms: str) -> str:
    """Return the start of the step, ms, that a time is in. Steps are of %(step)s ms."""
    return f"intDiv({ms}, %(step)s) * %(step)s"


def with_steps(level: str, columns: dict[str, str], *parts: str, narrowed: bool) -> str:
    """Begin a query with `edge`: the edges of a level in [from, to), ms, each row of a window, a minute or an hour.

    `columns` are made of a packed `row` (graph/packing.py). Read are all edges, or those that may concern the nodes of
    graph/concerns.py. `parts` are what follows in the same WITH.
    """
    addresses = level == "address"
    rows = spans(EACH_WINDOW, CONCERNS if narrowed else "", addresses=addresses)
    ends = {end: node_at(end, plain, "row", level) for end in ENDS}
    edge = {**ends, "transport": "row.transport", "server_port": "row.server_port", **columns}
    sources = (
        span.of_windows() if addresses else span.of_steps(),
        f"spans AS {inside(rows)}",
        f"edge AS {inside(select(edge, 'spans AS row'))}",
    )
    return "WITH " + ",\n".join((*sources, *parts))
