"""Edges between processes in a span, as packed rows (graph/packing.py), each of windows, a minute, an hour or a day."""

from collections.abc import Collection

from graph.columns import KEY
from graph.flows import packed_edges
from graph.packing import PACKED, packed
from graph.span import ALL_OF_IT, Reach
from graph.sql import select, union

ALL_AT_ONCE = "toUInt8(0)"  # one row of all windows
EACH_WINDOW = "flow.window"


def spans(
    moment: str,
    concerns: str = "",
    *,
    addresses: bool = False,
    names: Collection[str] = tuple(PACKED),
    rolled_up: bool = True,
    reach: Reach = ALL_OF_IT,
) -> str:
    """Return the rows after a `span`; those of windows are of all with the same `moment`.

    Two rows may be of one edge and time (graph/flows.py), so what is open at the end is the sum of all that are last.
    Between addresses there are no roll-ups, and none are read unless `rolled_up`. `names` are columns of a packed row.
    """
    of_windows = packed_edges(reach.windows("flow.window"), moment, concerns, addresses=addresses, names=names)
    if addresses or not rolled_up:
        return of_windows
    made = packed()
    columns = {name: name for name in KEY} | {name: made[name] for name in names}
    return union(
        *([select(columns, "edges_1d FINAL", where=reach.days())] if reach.days else []),
        select(columns, "edges_1h FINAL", where=reach.hours()),
        select(columns, "edges_1m FINAL", where=reach.minutes()),
        of_windows,
    )
