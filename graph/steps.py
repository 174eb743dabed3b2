"""Edges of a level in the steps of a range: what time series, neighbours and the time line are made of."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from graph import span
from graph.columns import ENDS
from graph.concerns import CONCERNS
from graph.levels import node_at
from graph.packing import packs_in, plain
from graph.span import Reach
from graph.spans import EACH_WINDOW, spans
from graph.sql import inside, select


class Over(NamedTuple):
    """Other rows than those of [from, to): at which times, the point of a time, and the condition on an `edge`."""

    reach: Reach
    point: Callable[[str], str]
    where: str = ""


def point_of(ms: str) -> str:
    """Return the start of the step, ms, that a time is in. Steps are of %(step)s ms."""
    return f"intDiv({ms}, %(step)s) * %(step)s"


def with_steps(
    level: str,
    columns: Mapping[str, str],
    *parts: str,
    narrowed: bool = False,
    rolled_up: bool = True,
    reach: Reach | None = None,
) -> str:
    """Begin a query with `edge`: the edges of a level in [from, to), ms, each row of a window, a minute or an hour.

    What rows of an edge have of the same time, `at`, is added up. `columns` are made of a packed `row`
    (graph/packing.py). Read are all edges, or those that may concern the nodes of graph/concerns.py, and roll-ups as
    far as they are known. `parts` are what follows in the same WITH. A `reach` is read in place of [from, to).
    """
    addresses = level == "address"
    only_windows = addresses or not rolled_up
    at = "toUnixTimestamp64Milli(row.first)" if only_windows or reach else span.begins("row.first")
    ends = {end: node_at(end, plain, "row", level) for end in ENDS}
    edge = {"at": at, **ends, "transport": "row.transport", "server_port": "row.server_port", **columns}
    names = packs_in(edge.values(), "row")
    concerns = CONCERNS if narrowed else ""
    over = reach or span.IN_STEPS
    rows = spans(EACH_WINDOW, concerns, addresses=addresses, names=names, rolled_up=rolled_up, reach=over)
    sources = (
        *(() if reach else (span.of_windows() if only_windows else span.of_steps(),)),
        f"spans AS {inside(rows)}",
        f"edge AS {inside(select(edge, 'spans AS row'))}",
    )
    return "WITH " + ",\n".join((*sources, *parts))
