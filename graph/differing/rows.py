"""The queries behind a comparison: which edges were there then and now, which may have changed, and who ran."""

from collections.abc import Mapping
from typing import NamedTuple

from graph import traffic
from graph.asked import summed
from graph.columns import ENDS, KEY
from graph.culprit.departures import OUT
from graph.culprit.measures import MEASURES, RETRANSMITS, Scale
from graph.culprit.rows import of_process
from graph.differing.stretches import Stretches
from graph.levels import KNOWN, node_at
from graph.packing import plain
from graph.quantiles import Quantiles
from graph.requested import STEP_SHARES, requests_over
from graph.span import in_range, moment
from graph.sql import inside, select, text
from graph.steps import with_steps

_SETTLED_S = 120
MOST_ROWS, MOST_EVENTS = 500_000, 2_000
_OF_HOSTS = ("agent_started", "host_silent", "gap", "collector_failed", "collector_recovered")


class ComparedRow(NamedTuple):
    """A row of `compared_edges`: an edge, a number for it, and whether it was there, is there, and may differ.

    `amount` are the bytes that it carried, or its connections.
    """

    client: str
    server: str
    transport: str
    server_port: int
    number: int
    before: int
    after: int
    differs: int
    amount: int


class NumberRow(NamedTuple):
    """A row of `compared_requests`: the number of an edge whose requests may differ."""

    number: int


class RunRow(NamedTuple):
    """A row of `running`: the processes of a node on a host then, now and at both times; when the first new one began.

    `…_all` are those on all hosts.
    """

    node: str
    host: str
    before: int
    after: int
    kept: int
    began: int
    runs_before: list[str]
    runs_after: list[str]
    before_all: int
    after_all: int
    kept_all: int


class AddressRow(NamedTuple):
    """A row of `addresses`: the node of an address, and the host that has it."""

    node: str
    host: str


class HappenedRow(NamedTuple):
    """A row of `happened`: how often something did, when first, ms, and the words of the latest."""

    kind: str
    host: str
    service: str
    times: int
    first: int
    detail: str


NUMBER = f"cityHash64({', '.join(f'edge.{name}' for name in KEY)})"
CHOSEN = f"{NUMBER} IN %(numbers)s"
_SECONDS = {"before": "%(before_s)s", "after": "%(after_s)s"}
_COUNTED = ("sent_segments", "retransmits")


def compared_edges(level: str, of: Stretches) -> str:
    """Return all edges of both ranges. What may differ is looked at closer; nothing is left out that does differ.

    Rates are of %(before_s)s and %(after_s)s, the time that any host recorded; %(partly)s are hosts that recorded less.
    """
    edge = {name: plain(f"connections_{name}", "row") for name in ("opened", "failed")}
    edge["bytes"] = f"{traffic.to_server('row')} + {traffic.to_client('row')}"
    edge |= {f"{end}_{name}": plain(f"{end}_{name}", "row") for end in ENDS for name in _COUNTED}
    edge["partly"] = " OR ".join(f"{plain(f'{end}_host', 'row')} IN %(partly)s" for end in ENDS)
    over = of.ends()
    sums = [name for name in edge if name != "partly"]
    later = f"edge.at >= {of.after.start}"
    columns = {
        **{name: f"edge.{name}" for name in KEY},
        "number": NUMBER,
        "before": f"min({later}) = 0",
        "after": f"max({later})",
        "partly": "max(edge.partly)",
        **{f"{name}_before": f"sumIf(edge.{name}, NOT ({later}))" for name in sums},
        **{f"{name}_after": f"sumIf(edge.{name}, {later})" for name in sums},
    }
    rows = select(columns, "edge", group=(f"edge.{name}" for name in KEY))
    differ = [
        rate_differs("opened", _SECONDS),
        rate_differs("bytes", _SECONDS),
        share_differs("failing", "failed", "opened"),
    ]
    differ += [
        share_differs(name, f"{end}_retransmits", f"{end}_sent_segments")
        for end, name in zip(ENDS, RETRANSMITS, strict=True)
    ]
    found = {name: name for name in ComparedRow._fields}
    found["amount"] = "greatest(bytes_before, bytes_after) + opened_before + opened_after"
    found["differs"] = f"before AND after AND (partly OR {' OR '.join(differ)})"
    return f"{with_steps(level, edge, reach=over.reach)}\n{select(found, inside(rows))}\nLIMIT {MOST_ROWS}"


def compared_requests(level: str, of: Stretches) -> str:
    """Return the edges whose requests may differ, by their numbers."""
    counts = ("requests", "errors", "unseen", "given_up", "latency")
    later = f"edge.at >= {of.after.start}"
    ranged = summed(counts, "edge")
    half = {"number": NUMBER, "later": later, **ranged}
    halves = select(half, "edge", group=(*(f"edge.{name}" for name in KEY), "later"))
    times = Quantiles("times", "latency", STEP_SHARES)
    timed = select(["*", *(f"{made} AS {name}" for name, made in times.columns.items())], inside(halves))
    whole = {"asked": "requests + given_up", "failing": "errors + given_up", "known": "requests + given_up - unseen"}
    whole |= {"p50": times.at(0.5), "p99": times.at(0.99)}
    columns = {
        "number": "number",
        **{f"{name}_before": f"sumIf({made}, NOT later)" for name, made in whole.items()},
        **{f"{name}_after": f"sumIf({made}, later)" for name, made in whole.items()},
    }
    both = select(columns, inside(timed), group=("number",))
    differ = [
        rate_differs("asked", _SECONDS, "requests"),
        share_differs("failing", "failing", "known"),
        ratio_differs("p50"),
        ratio_differs("p99"),
    ]
    rows = select(["number"], inside(both), where=" OR ".join(differ))
    return f"{requests_over(level, of.ends().reach, *counts)}\n{rows}\nLIMIT {MOST_ROWS}"


def running(level: str) -> str:
    """Return who ran at %(then)s and %(now)s, ms, of nodes of which more than half is new or gone.

    What they run is an image, or else the path of a program. Of those that ran then, the ones count that had run for a
    while: what is started for a moment, again and again, is not restarted.
    """
    then, now = moment("then"), moment("now")
    alive = "{0}.started < {1} AND {0}.seen >= {1} - INTERVAL 90 SECOND".format
    hours = " OR ".join(
        f"(row.hour >= toStartOfHour({at} - INTERVAL 90 SECOND) AND row.hour < {at})" for at in (then, now)
    )
    latest = {name: f"argMax(row.{name}, row.seen)" for name in KNOWN}
    known = select(
        {
            "node": "row.node",
            **latest,
            "runs": "argMax(if(row.image != '', row.image, row.exe), row.seen)",
            "began": "max(row.started)",
            "then": f"max({alive('row', then)} AND row.started < {then} - INTERVAL {_SETTLED_S} SECOND)",
            "now": f"max({alive('row', now)})",
        },
        "nodes AS row",
        where=hours,
        group=("row.node",),
    )
    on_host = select(
        {
            "node": node_at("node", of_process, "known", level),
            "host": "known.host",
            "before": "sum(known.then)",
            "after": "sum(known.now)",
            "kept": "sum(known.then AND known.now)",
            "began": "toUnixTimestamp64Milli(minIf(known.began, known.now AND NOT known.then))",
            "runs_before": "arraySort(groupUniqArrayIf(3)(known.runs, known.then))",
            "runs_after": "arraySort(groupUniqArrayIf(3)(known.runs, known.now))",
        },
        f"{inside(known)} AS known",
        where="known.then OR known.now",
        group=("node", "host"),
    )
    whole = ", ".join(f"sum({name}) OVER (PARTITION BY node) AS {name}_all" for name in ("before", "after", "kept"))
    totals = select(["*", whole], inside(on_host))
    replaced = "(before = 0) != (after = 0) OR 2 * kept_all < greatest(before_all, after_all)"
    replaced = f"before_all > 0 AND after_all > 0 AND ({replaced})"
    rows = select(RunRow._fields, inside(totals), where=replaced)
    return f"{rows}\nORDER BY node, host\nLIMIT {MOST_ROWS}"


def addresses() -> str:
    """Return the addresses of %(hosts)s."""
    bare = "arrayJoin(arrayMap(one -> splitByChar('/', one)[1], addresses))"
    columns = {"node": f"concat('address:', {bare})", "host": "toString(host)"}
    return select(columns, "hosts FINAL", where="host IN %(hosts)s")


def happened() -> str:
    """Return what happened to %(services)s and %(hosts)s in [from, to), ms, each kind once for a service on a host."""
    killed = "event.kind = 'process_exited' AND match(event.detail, ', (signal|killed)')"
    of_hosts = ", ".join(map(text, _OF_HOSTS))
    columns = {
        "kind": "toString(event.kind)",
        "host": "toString(event.host)",
        "service": "toString(event.service)",
        "times": "count()",
        "first": "toUnixTimestamp64Milli(min(event.time))",
        "detail": "argMax(event.detail, event.time)",
    }
    where = (
        f"{in_range('event.time')} AND ((event.kind IN ({of_hosts}) AND event.host IN %(hosts)s) "
        f"OR ({killed} AND event.service IN %(services)s))"
    )
    rows = select(columns, "events AS event FINAL", where=where, group=("event.kind", "event.host", "event.service"))
    return f"{rows}\nORDER BY first, kind, host, service\nLIMIT {MOST_EVENTS}"


def rate_differs(name: str, seconds: Mapping[str, str], measure: str = "") -> str:
    """Return whether a count differs a second, by more than its measure does at least and than chance explains."""
    rates = {side: f"{name}_{side} / {made}" for side, made in seconds.items()}
    times = f"{seconds['after']} / {seconds['before']}"
    by_chance = f"2 * abs(sqrt({name}_after) - sqrt({name}_before * {times})) / sqrt(1 + {times})"
    return f"({_apart(rates['before'], rates['after'], measure or name)} AND {by_chance} >= {OUT})"


def ratio_differs(name: str) -> str:
    """Return whether a time differs by more than its measure does at least."""
    return f"({_apart(f'{name}_before', f'{name}_after', name)} AND least({name}_before, {name}_after) > 0)"


def share_differs(measure: str, part: str, whole: str) -> str:
    """Return whether a share differs by more than its measure does at least."""
    before, after = (f"{part}_{side} / nullIf({whole}_{side}, 0)" for side in ("before", "after"))
    return f"ifNull(abs({after} - {before}) > {OUT * MEASURES[measure].floor}, 0)"


def _apart(before: str, after: str, measure: str) -> str:
    assert MEASURES[measure].scale is Scale.RATIO
    return f"greatest({before}, {after}) > exp({OUT * MEASURES[measure].floor}) * least({before}, {after})"
