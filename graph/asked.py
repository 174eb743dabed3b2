"""Requests between processes: the counts of the hosts of both ends, joined with the identities of the ends.

If the hosts of both ends counted in a minute, the one that sampled more connections is believed; on a tie it is the
server's host. Counts are scaled by its sampling. Of one window this cannot be said: where clocks differ, the host of
the other end counts the same requests in the window before or after.
"""

from collections.abc import Callable, Iterable

from graph.columns import ENDS, KEY, KEYS, WINDOW, EdgeColumn
from graph.identity import WHO, address_id, part, process_id
from graph.orientation import oriented, server_port, serves
from graph.places import lost_end, resolved
from graph.span import ALL_OF_IT, Reach, in_range
from graph.sql import either, inside, select, union
from schemas.facts import Roll
from schemas.graph import CONTESTED
from schemas.kinds import BOOL, COUNT_MAP, F64, LABEL, SKETCH, U16, U64
from schemas.latency import GROWTH
from schemas.results import FAILED, UNKNOWN

_OF_END = ("scope", "address", "port", "who")
_NAMES = tuple(name for name in WHO if name not in ("provenance", "tied"))
_FLOW = ("window", "transport", *(f"{end}_{name}" for end in "ab" for name in ("scope", "address", "port")))
SAMPLING = EdgeColumn("sampling", U16, "one of so many connections was looked at; the counts here are scaled", Roll.MAX)
WHO_COLUMNS = tuple(EdgeColumn(f"{end}_{name}", LABEL, WHO[name].meaning, Roll.MAX) for end in ENDS for name in _NAMES)
COUNTS = (
    EdgeColumn("requests", U64, "answered and unanswered ones", Roll.SUM),
    EdgeColumn("errors", U64, "answers that are errors (of HTTP: 5xx), and unanswered requests", Roll.SUM),
    EdgeColumn(
        "unseen", U64, "part of requests: nobody saw how they ended, or no answer was wanted; not in errors", Roll.SUM
    ),
    EdgeColumn("unanswered", U64, "ended by the server without an answer", Roll.SUM),
    EdgeColumn(
        "given_up", U64, "no answer before the client left, or for five minutes; neither requests nor errors", Roll.SUM
    ),
    EdgeColumn("by", COUNT_MAP, "operation and result → answers: GET 2xx, SELECT ok, GET error", Roll.EACH),
    EdgeColumn("latency", SKETCH, "bucket of the time to answer → answers", Roll.EACH),
)
_SEEN = EdgeColumn("seen_by_server", BOOL, "whether the server's host counted, or the client's")
_ROLLED = {column.name: column for column in (SAMPLING, *COUNTS)}
_TIMES = {"p50_ms": 0.5, "p99_ms": 0.99}
_TIMES_OF = {"requests": "window", "requests_1m": "minute", "requests_1h": "hour", "requests_1d": "day"}
PROCESS_REQUESTS = (
    WINDOW,
    EdgeColumn("width_ms", U64, "width of the window, ms"),
    *KEYS,
    *WHO_COLUMNS,
    _SEEN,
    SAMPLING,
    *COUNTS,
    *(
        EdgeColumn(name, F64, f"time to answer that {share:.0%} of the answers kept, within 1 %")
        for name, share in _TIMES.items()
    ),
)


def summed(names: Iterable[str], row: str) -> dict[str, str]:
    """Return these numbers of all requests of rows: sums, sketches, and the greatest sampling."""
    return {name: _ROLLED[name].rolled(row, "begins") for name in names}


def within_ms(buckets: str, passed: str, share: float | str) -> str:
    """Return the time, ms, within which a share of answers came; 0 without answers. schemas/latency.py computes it too.

    `buckets` are those of a sketch; `passed` has the number of answers in each bucket and all below it.
    """
    at = f"{buckets}[arrayFirstIndex(count -> count > {share} * ({passed}[-1] - 1), {passed})]"
    return f"if(empty({buckets}), 0, 2 * pow({GROWTH!r}, {at}) / ({GROWTH!r} + 1) / 1000)"


def process_requests() -> str:
    """Return requests between processes, window by window."""
    who = [column.name for column in WHO_COLUMNS]
    return _shown({column.name: column.name for column in PROCESS_REQUESTS}, _believed(_counted(who), who))


def requested(
    columns: Iterable[str], *, addresses: bool | str = False, rolled_up: bool = True, reach: Reach = ALL_OF_IT
) -> str:
    """Return these columns of requests after a `span`, each row of a window, minute, hour or day that `begins`.

    The ends are processes, or addresses, between which there are no roll-ups; none are read unless `rolled_up`.
    Which of both may be said by a constant of SQL (graph/spans.py). What `reach` has no condition for is left out.
    """
    names = {name: name for name in columns}
    days = reach.days() if reach.days else ""
    rolled = {"day": days, "hour": reach.hours(), "minute": reach.minutes()}
    if addresses is True or not rolled_up:
        rolled = {}
    rows = [
        select({"begins": time, **names}, f"requests_1{time[0]} FINAL", where=where)
        for time, where in rolled.items()
        if where
    ]
    if reach.windows("window"):
        who = [column.name for column in WHO_COLUMNS if column.name in names]  # the fewer, the sooner it is planned
        believed = _believed(_counted(who, reach.windows), who, addresses=addresses)
        rows.append(_shown({"begins": "window", **names}, believed))
    return union(*rows)


def any_requested() -> str:
    """Return whether there are any requests in [from, to), ms. This is fast, and usually there are none."""
    found = [
        f"(SELECT count() FROM (SELECT 1 FROM {table} WHERE {in_range(time)} LIMIT 1))"
        for table, time in _TIMES_OF.items()
    ]
    return f"SELECT {' + '.join(found)} > 0 AS there"


def _counted(who_columns: Iterable[str], within: Callable[[str], str] | None = None) -> str:
    """Return the counts of the host of each end of a flow, with the ids of the processes and addresses at its ends."""
    flow = {name: f"flow.{name}" for name in ("window", "transport", "verdict")}
    ends = {f"{end}_{name}": f"flow.{end}_{name}" for end in "ab" for name in _OF_END}
    lost = {**lost_end(), "server_port": server_port("flow")}
    where = f"flow.nth = 0 AND bitAnd(flow.elsewhere, {CONTESTED}) = 0"
    where += f" AND {within('flow.window')}" if within else ""
    who = resolved(select(flow | ends | lost, "edges AS flow FINAL", where=where))
    counts = select(["*"], "requests FINAL", where=within("window") if within else "")
    joined = select(
        {
            **{name: f"who.{name}" for name in ("window", "transport", "server_port")},
            **oriented(("scope", "address", "who"), "who"),
            "width_ms": "toUInt32(counted.width_ms)",
            "by_server": f"counted.end = {serves('who')}",
            "factor": "toUInt16(counted.sampling)",
            "lost": "counted.unanswered * factor",
            "left": "counted.given_up * factor",
            "answers": "mapApply((what, count) -> (what, count * factor), counted.answered)",
            "sketch": "mapApply((bucket, count) -> (bucket, count * factor), counted.latency)",
        },
        f"{inside(who)} AS who",
        f"INNER JOIN {inside(counts)} AS counted USING ({', '.join(_FLOW)})",
    )
    named = {
        **{f"{end}_process": process_id(end) for end in ENDS},
        **{f"{end}_at": address_id(end) for end in ENDS},
        **{column: part(f"{end}_who", name) for column in who_columns for end, name in [column.split("_", 1)]},
    }
    return select(
        ["* EXCEPT (client_who, server_who)", *(f"{made} AS {name}" for name, made in named.items())], inside(joined)
    )


def _believed(rows: str, who_columns: Iterable[str], *, addresses: bool | str = False) -> str:
    """Add up the flows of an edge between processes, by the counts of the host that is believed."""
    processes = ("row.client_process", "row.server_process")
    ends = {end: either(addresses, f"row.{end}_at", f"row.{end}_process") for end in ENDS}
    port = {name: f"row.{name}" for name in KEY if name not in ENDS}
    edge = ", ".join(("toStartOfMinute(row.window)", *processes, *port.values()))
    sides = {
        "window": "row.window",
        **ends,
        **port,
        "width_ms": "max(row.width_ms)",
        **{column: f"max(row.{column})" for column in who_columns},
        "seen_by_server": "toUInt8(row.by_server)",
        "sampling": "max(row.factor)",
        "unanswered": "sum(row.lost)",
        "given_up": "sum(row.left)",
        "by": "sumMap(row.answers)",
        "latency": "sumMap(row.sketch)",
        "server_looked_at": f"maxIf(max(row.factor), row.by_server) OVER (PARTITION BY {edge})",
        "client_looked_at": f"maxIf(max(row.factor), NOT row.by_server) OVER (PARTITION BY {edge})",
    }
    group = dict.fromkeys(("row.window", *processes, *ends.values(), *port.values(), "row.by_server"))
    sampled = select(sides, f"{inside(rows)} AS row", group=group)
    believed = "multiIf(server_looked_at = 0, 0, client_looked_at = 0, 1, server_looked_at <= client_looked_at)"
    return select(["*"], inside(sampled), where=f"seen_by_server = {believed}")


def _shown(columns: dict[str, str], believed: str) -> str:
    """Return these columns; some are computed from the counts."""
    buckets, passed = "mapKeys(latency)", "arrayCumSum(mapValues(latency))"
    made = {
        "requests": "arraySum(mapValues(by)) + unanswered",
        "errors": f"{_ended(FAILED)} + unanswered",
        "unseen": _ended(UNKNOWN),
        **{name: within_ms(buckets, passed, share) for name, share in _TIMES.items()},
    }
    return select({name: made.get(name, column) for name, column in columns.items()}, inside(believed))


def _ended(results: Iterable[str]) -> str:
    """Return how many requests ended with one of these results."""
    ends = " OR ".join(f"endsWith(what, ' {result}')" for result in results)
    return f"arraySum(mapValues(mapFilter((what, count) -> {ends}, by)))"
