"""Edges between processes in a span, as packed rows (graph/packing.py), each of windows, of a minute or of an hour."""

from graph import span
from graph.columns import KEY
from graph.flows import packed_edges
from graph.packing import packed
from graph.sql import select, union

ALL_AT_ONCE = "toUInt8(0)"  # one row of all windows
EACH_WINDOW = "flow.window"


def spans(moment: str, concerns: str = "", *, addresses: bool = False) -> str:
    """Return the rows after a `span`; those of windows are of all with the same `moment`.

    Two rows may be of one edge and time (graph/flows.py), so what is open at the end is the sum of all that are last.
    Between addresses there are no roll-ups.
    """
    of_windows = packed_edges(span.windows("flow.window"), moment, concerns, addresses=addresses)
    if addresses:
        return of_windows
    columns = {name: name for name in KEY} | packed()
    return union(
        select(columns, "edges_1h FINAL", where=span.hours()),
        select(columns, "edges_1m FINAL", where=span.minutes()),
        of_windows,
    )
