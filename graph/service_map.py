"""The map as a view: the edges between {from} and {to} at {level}, with requests, as `servicemap map` has them.

One query has all levels, for the level is a constant in it: what is of others is neither planned nor read.
"""

from graph.asked import requested, summed, within_ms
from graph.columns import COLUMNS, ENDS, KEY, EdgeColumn
from graph.counters import NAMES
from graph.levels import KNOWN, LEVELS, Column, node_asked
from graph.lifetimes import asked
from graph.map import edges_between
from graph.packing import plain
from graph.span import of_range
from graph.spans import ALL_AT_ONCE, spans
from graph.sql import inside, select
from schemas.kinds import F64, TEXTS, U64

_LEVEL = "{level:String}"
_OF_ADDRESSES = f"{_LEVEL} = 'address'"
_WRONG = f"throwIf({_LEVEL} NOT IN {tuple(LEVELS)}, 'level: give one of {', '.join(LEVELS)}')"
_SPAN = of_range(f"{_WRONG} OR {_OF_ADDRESSES}")  # it is read whatever there is
_SHOWN = ("first", "last", "protocol", "tls_name", "alias", "rule", "seen_by_client", "seen_by_server")
_BY_NAME = {column.name: column for column in COLUMNS}
_CONNECTIONS = tuple(name for name in _BY_NAME if name.startswith("connections_"))
_COUNTS = ("requests", "errors", "unseen", "given_up", "latency", "sampling")
_TIMES = {"p50_ms": 0.5, "p99_ms": 0.99}
_WHO = tuple(f"{end}_{name}" for end in ENDS for name in KNOWN)
_REQUESTS = (
    EdgeColumn("requests", U64, "requests that were answered, and those that were left unanswered; 0: none are seen"),
    EdgeColumn("errors", U64, "requests answered with an error (of HTTP: 5xx), or left unanswered by the server"),
    EdgeColumn("unseen", U64, "requests of which nobody saw how they ended; none of them is among the errors"),
    EdgeColumn("given_up", U64, "further ones, which their clients gave up"),
    *(
        EdgeColumn(name, F64, f"time to answer that {share:.0%} of the answers kept, ms; 0 without any")
        for name, share in _TIMES.items()
    ),
    EdgeColumn("sampling", U64, "one of so many connections was looked at for requests; 0 without any"),
)
SERVICE_MAP = (
    *(_BY_NAME[name] for name in (*KEY, *_SHOWN, *_CONNECTIONS, *NAMES)),
    *(EdgeColumn(f"{end}_hosts", TEXTS, f"ids of the {end}'s hosts that are known") for end in ENDS),
    *_REQUESTS,
)


def service_map() -> str:
    """Return the edges of a range at a level: the view."""
    counted = ("requests", "errors", "unseen", "given_up", "sampling")
    passed = "arrayCumSum(mapValues(asked.latency))"
    columns = {
        **{column.name: f"edge.{column.name}" for column in SERVICE_MAP},
        **{name: f"asked.{name}" for name in counted},
        **{name: within_ms("mapKeys(asked.latency)", passed, share) for name, share in _TIMES.items()},
    }
    rows = select(
        columns,
        f"{inside(_edges())} AS edge",
        f"LEFT JOIN {inside(_requests())} AS asked USING ({', '.join(KEY)})",
    )
    for parameter in ("from", "to"):
        rows = rows.replace(f"%({parameter})s", f"toUnixTimestamp64Milli({asked(parameter)})")
    return f"{rows}\nORDER BY {', '.join(KEY)}"


def _edges() -> str:
    columns = {name: name for name in KEY} | {name: plain(name) for name in (*_SHOWN, *_CONNECTIONS, *NAMES)}
    rows = spans(ALL_AT_ONCE, addresses=_OF_ADDRESSES)
    return edges_between(_nodes(plain, "pair"), columns, rows, _SPAN)


def _requests() -> str:
    rows = requested((*KEY, *_WHO, *_COUNTS), addresses=_OF_ADDRESSES)
    at_level = _nodes("{1}.{0}".format, "row") | {name: f"row.{name}" for name in (*KEY[2:], *_COUNTS)}
    edge = select(at_level, f"{inside(rows)} AS row")
    key = {name: f"edge.{name}" for name in KEY}
    by_edge = select(key | summed(_COUNTS, "edge"), f"{inside(edge)} AS edge", group=key.values())
    return f"WITH {_SPAN}\n{by_edge}"


def _nodes(column: Column, row: str) -> dict[str, str]:
    return {end: node_asked(end, column, row, _LEVEL) for end in ENDS}
