"""List the edges of a level in a range, without their counters.

Rows that are not merged yet do no harm here, and merging them would take half of the time.
"""

from collections.abc import Iterable

from graph import span
from graph.columns import ENDS, KEY
from graph.identity import address_id, part, process_id
from graph.levels import KNOWN, node_at
from graph.orientation import oriented, seen, server_port
from graph.places import lost_end, resolved
from graph.sql import inside, listed, named, select, union

_PORT = {"transport": "transport", "server_port": "server_port"}
_COLUMNS = (*KEY, *(f"{end}_{name}" for end in ENDS for name in KNOWN))


def known_edges(level: str) -> str:
    """Return the edges of a level in [from, to), ms."""
    if level == "address":
        return f"WITH {span.of_windows()}\n{_distinct(KEY, _between_addresses())}"
    rows = union(
        select(_COLUMNS, "edges_1d", where=f"{span.days()} AND NOT gone"),
        select(_COLUMNS, "edges_1h", where=f"{span.hours()} AND NOT gone"),
        select(_COLUMNS, "edges_1m", where=f"{span.minutes()} AND NOT gone"),
        _between_processes(),
    )
    columns = {name: f"row.{name}" for name in KEY} | {
        end: node_at(end, "{1}.{0}".format, "row", level) for end in ENDS
    }
    return f"WITH {span.of_range()}\n{_distinct(named(columns), rows)}"


def _distinct(columns: Iterable[str], rows: str) -> str:
    return f"SELECT DISTINCT\n{listed(columns)}\nFROM {inside(rows)} AS row"


def _between_addresses() -> str:
    names = ("scope", "address")
    columns = {end: address_id(end) for end in ENDS} | _PORT
    return select(columns, inside(select(_PORT | oriented(names), inside(_flows(names)))))


def _between_processes() -> str:
    names = ("scope", "address", "who")
    columns = {end: process_id(end) for end in ENDS} | _PORT
    columns |= {f"{end}_{name}": part(f"{end}_who", name) for end in ENDS for name in KNOWN}
    rows = select(_PORT | oriented(names), inside(resolved(_flows(names, **lost_end()))))
    return select({name: columns[name] for name in _COLUMNS}, inside(rows))


def _flows(names: tuple[str, ...], **columns: str) -> str:
    """Return the flows of windows, each pair of ends once."""
    ends = {f"{end}_{name}": f"flow.{end}_{name}" for end in "ab" for name in names}
    key = {"transport": "flow.transport", "verdict": "flow.verdict", "server_port": server_port("flow")}
    where = f"{span.windows('flow.window')} AND {seen('flow')}"
    return select(key | ends | columns, "edges AS flow FINAL", where=where, group=(*key, *ends, *columns))
