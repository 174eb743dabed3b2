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
    addresses: bool | str = False,
    names: Collection[str] = tuple(PACKED),
    rolled_up: bool = True,
    reach: Reach = ALL_OF_IT,
) -> str:
    """Return the rows after a `span`; those of windows are of all with the same `moment`.

    Two rows may be of one edge and time (graph/flows.py), so what is open at the end is the sum of all that are last.
    Between addresses there are no roll-ups, and none are read unless `rolled_up`. `names` are columns of a packed row.
    If a constant of SQL says whether the rows are between addresses, the `span` has to (graph/span.py).
    What `reach` has no condition for is left out: to plan the reading of windows takes longer than to read a minute.
    """
    made = packed()
    columns = {name: name for name in KEY} | {name: made[name] for name in names}
    days = reach.days() if reach.days else ""
    rolled = {"1d": days, "1h": reach.hours(), "1m": reach.minutes()} if rolled_up and addresses is not True else {}
    rows = [select(columns, f"edges_{unit} FINAL", where=where) for unit, where in rolled.items() if where]
    if when := reach.windows("flow.window"):
        rows.append(packed_edges(when, moment, concerns, addresses=addresses, names=names))
    return union(*rows)
