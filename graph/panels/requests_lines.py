"""Lines of requests: those if the range has any, or else connections, which are read only then.

The name of a line shows which of them it is.
"""

from graph.asked import within_ms
from graph.clock import POINT, TIME
from graph.panels.lines import AT, ORDER, of
from graph.panels.subjects import Subject
from graph.sql import defined, inside, select, union, within

_ASKED_AT = POINT("row.begins")
_RESULT = "concat(if(endsWith(kind, 'xx'), 'HTTP ', 'requests '), kind)"
_TIMES = {"half within": 0.5, "95 %% within": 0.95, "99 %% within": 0.99}
_ROUND_TRIPS = {"half within": 0.5, "95 %% within": 0.95}


def outcomes(subject: Subject) -> str:
    """Return requests a second by result (2xx, ok, error), unanswered, given up; else connections that were opened."""
    by_class = "mapApply((what, count) -> (arrayElement(splitByChar(' ', what), -1), count), row.by)"
    kinds = f"arrayConcat(mapKeys({by_class}), ['unanswered', 'given up'])"
    counts = f"arrayConcat(mapValues({by_class}), [row.unanswered, row.given_up])"
    asked = select(
        {"at": _ASKED_AT, "series": _RESULT, "many": "sum(count)"},
        "asked AS row",
        f"ARRAY JOIN {kinds} AS kind, {counts} AS count",
        where="row.serves AND count > 0",
        group=("at", "series"),
    )
    opened = select(
        {"at": AT, "series": "'connections opened'", "many": of("connections_opened")},
        "mine AS row",
        where="row.serves AND empty(of_requests)",
    )
    found = select(
        ["one.at AS at", "one.series AS series", "one.many AS many"], inside("SELECT arrayJoin(of_requests) AS one")
    )
    parts = subject.parts(opened, also_asked=("by", "unanswered", "given_up"))
    rows = "CAST(groupArray((at, series, many)), 'Array(Tuple(at Int64, series String, many UInt64))')"
    return _rates([*parts, f"{inside(select([rows], inside(asked)))} AS of_requests"], union(found, opened))


def errors(subject: Subject) -> str:
    """Return failed requests and connections a second, as a client and as a server.

    Without requests there is no line of them, and without errors a line of 0.
    """
    answers = {"requests failed": "row.errors - row.unanswered", "requests unanswered": "row.unanswered"}
    failed = of("connections_failed")
    if subject.is_edge:  # it has one role
        asked = {name: (count, "serves") for name, count in answers.items()}
        connections = {"connections failed": (failed, "serves")}
    else:
        asked = {f"{name}, to its clients": (count, "serves") for name, count in answers.items()}
        asked["requests failed, from its servers"] = ("row.errors", "calls")
        connections = {
            "connections failed, from its clients": (failed, "serves"),
            "connections failed, to its servers": (failed, "calls"),
        }
    counted = union(_in_roles(_ASKED_AT, "asked", asked), _in_roles(AT, "mine", connections))
    return _rates(subject.parts(counted, also_asked=("errors", "unanswered")), counted)


def latency(subject: Subject) -> str:
    """Return the time to answer, ms; else the round trip of connections, as the server's host measured it if it did."""
    sketches = select(
        {
            "at": _ASKED_AT,
            "sketch": "sumMap(row.latency)",
            "buckets": "mapKeys(sketch)",
            "passed": "arrayCumSum(mapValues(sketch))",
        },
        "asked AS row",
        where="row.serves",
        group=["at"],
    )
    times = (f"('answers, {name}', {within_ms('buckets', 'passed', share)})" for name, share in _TIMES.items())
    asked = f"CAST(groupArray((at, [{', '.join(times)}])), 'Array(Tuple(at Int64, lines {_LINES}))')"
    rtt = f"if({of('server_rtt_us')} > 0, {of('server_rtt_us')}, {of('client_rtt_us')})"
    trips = (f"('round trip, {name}', quantile({share})({rtt}) / 1000)" for name, share in _ROUND_TRIPS.items())
    round_trips = select(
        {"at": AT, "lines": f"CAST([{', '.join(trips)}], '{_LINES}')"},
        "mine AS row",
        where=f"row.serves AND {rtt} > 0 AND empty(of_requests)",
        group=["at"],
    )
    found = select(["one.at AS at", "one.lines AS lines"], inside("SELECT arrayJoin(of_requests) AS one"))
    answered = select([asked], inside(sketches + "\nHAVING notEmpty(buckets)"))
    lines = select(
        {"time": TIME("at"), "series": "line.series", "value": "toFloat64(line.value)"},
        inside(union(found, round_trips)),
        "ARRAY JOIN lines AS line",
    )
    parts = subject.parts(round_trips, each_window=True, also_asked=["latency"])
    return within([*parts, f"{inside(answered)} AS of_requests"], lines + ORDER)


_LINES = "Array(Tuple(series String, value Float64))"


def _in_roles(at: str, rows: str, counts: dict[str, tuple[str, str]]) -> str:
    """Return these counts of rows by role, at points where the subject has that role."""
    lines = (
        f"('{name}', toUInt64(sumIf({count}, row.{role})), max(row.{role}))" for name, (count, role) in counts.items()
    )
    typed = f"CAST([{', '.join(lines)}], 'Array(Tuple(series String, many UInt64, there Bool))')"
    summed = select({"at": at, "lines": typed}, f"{rows} AS row", group=["at"])
    columns = {"at": "at", "series": "line.series", "many": "line.many"}
    return select(columns, inside(summed), "ARRAY JOIN lines AS line", where="line.there")


def _rates(parts: list[str], counted: str) -> str:
    """Return rates of counts, a line for each `series`; 0 without counts."""
    sums = select({"at": "at", "series": "series", "total": "sum(many)"}, "counted", group=("at", "series"))
    line = "mapFromArrays(groupArray(at), groupArray(total))"
    lines = select({"series": "series", "line": line}, inside(sums), group=["series"])
    columns = {
        "time": TIME("clock.at"),
        "series": "lines.series",
        "value": "toFloat64(lines.line[clock.at] / clock.seconds)",
    }
    rows = select(columns, "clock", "CROSS JOIN lines") + ORDER
    return within([*parts, *defined(counted=counted, lines=lines)], rows)
