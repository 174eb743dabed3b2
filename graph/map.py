"""The map: the edges of a range at a level, with their events and counters."""

from collections.abc import Mapping

from graph.columns import ENDS, KEY
from graph.counters import NAMES
from graph.edges import EdgeRow
from graph.levels import node_at
from graph.packing import plain, rolled
from graph.span import of_range, of_windows
from graph.spans import ALL_AT_ONCE, spans
from graph.sql import inside, select

_TIMES = ("first", "last")


def map_edges(level: str, *, narrowed: bool = True) -> str:
    """Return the edges in [from, to), ms, at a level; `narrowed` to an end in %(service)s and on %(host)s, "" for any.

    The connections open at the end are those of the last window of each pair of processes. A pair without any in the
    last windows of the range has none, because its host may have died without a report.
    """
    addresses = level == "address"
    columns = {name: plain(name) for name in EdgeRow._fields}
    columns["counters"] = f"[{', '.join(map(plain, NAMES))}]"
    columns |= {name: f"toUnixTimestamp64Milli({name})" for name in _TIMES}
    rows = edges_between(
        {end: node_at(end, plain, "pair", level) for end in ENDS},
        columns,
        spans(ALL_AT_ONCE, addresses=addresses),
        of_windows() if addresses else of_range(),
        narrowed=narrowed,
    )
    # The time chooses rows before FINAL merges them.
    return f"{rows}\nORDER BY {', '.join(KEY)}\nSETTINGS optimize_move_to_prewhere_if_final = 1"


def edges_between(
    nodes: Mapping[str, str], columns: Mapping[str, str], rows: str, span: str, *, narrowed: bool = False
) -> str:
    """Return edges between the nodes of each `pair` of processes, by the ends: the rows of a span, added up."""
    pairs = select(
        {name: f"row.{name}" for name in KEY} | rolled("row") | {"newest": "max(max(row.last)) OVER ()"},
        "spans AS row",
        group=(f"row.{name}" for name in KEY),
    )
    lasting = "pair.last + toIntervalMillisecond(3 * pair.width_ms) >= pair.newest"
    at_level = {
        **nodes,
        "transport": "pair.transport",
        "server_port": "pair.server_port",
        **rolled("pair"),
        "active": f"sumIf(pair.active, {lasting})",
        **{f"{end}_hosts": f"groupUniqArray({plain(f'{end}_host', 'pair')})" for end in ENDS},
    }
    levelled = select(at_level, "pairs AS pair", where=_NARROWED if narrowed else "", group=KEY)
    hosts = {f"{end}_hosts": f"arraySort(arrayFilter(host -> host != '', {end}_hosts))" for end in ENDS}
    parts = [
        span,
        f"spans AS {inside(rows)}",
        f"pairs AS {inside(pairs)}",
        *([f"named AS {inside(_NAMED)}"] if narrowed else []),
    ]
    return f"WITH {f',{chr(10)}'.join(parts)}\n{select({**columns, **hosts}, f'{inside(levelled)} AS edge')}"


_NAMED = """SELECT host FROM hosts WHERE hostname = %(host)s
UNION DISTINCT
SELECT host FROM nodes WHERE hostname = %(host)s AND hour >= span.since - INTERVAL 2 HOUR AND hour < span.until
UNION DISTINCT
SELECT %(host)s"""
_SERVICES, _HOSTS = ([plain(f"{end}_{name}", "pair") for end in ENDS] for name in ("service", "host"))
_NARROWED = (
    f"(%(service)s = '' OR {' OR '.join(f'{service} = %(service)s' for service in _SERVICES)})\n"
    f"    AND (%(host)s = '' OR {' OR '.join(f'{host} IN named' for host in _HOSTS)})"
)
