"""Whether the map can be believed: how late it is, what is stored, what was lost.

Parameters: from, to in ms; interval in s.
"""

from graph.clock import POINT, TIME, clock
from graph.panels.lines import ORDER
from graph.sql import defined, inside, select, text, union, within
from graph.titles import HOSTNAMES, called

_PRESENT = "least(toInt64(%(to)s), toInt64(toUnixTimestamp(now())) * 1000) / 1000"
_IN_SPAN = "{0} >= span.since AND {0} < span.until".format
_WITH_DAY_BEFORE = "window >= span.since - INTERVAL 1 DAY AND window < span.until"


def now() -> str:
    """Return the pipeline in numbers: one row. Hosts of the day before are silent after a minute."""
    last = select(
        {"host": "host", "reported": "max(toUnixTimestamp64Milli(window) + width_ms) / 1000"},
        "host_usage",
        where=_WITH_DAY_BEFORE,
        group=["host"],
    )
    of_edges = f"FROM edges WHERE {_IN_SPAN('window')}"
    newest = f"ifNull((SELECT max(toUnixTimestamp64Milli(window) + width_ms) / 1000 {of_edges}), 0)"
    size = "SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = currentDatabase()"
    columns = {
        "facts_late": f"toFloat64(greatest({_PRESENT} - max(reported), 0))",
        "edges_late": f"toFloat64(greatest({_PRESENT} - {newest}, 0))",
        "reporting": f"toFloat64(countIf(reported >= {_PRESENT} - 60))",
        "silent": f"toFloat64(countIf(reported < {_PRESENT} - 60))",
        "edge_rows": f"toFloat64(ifNull((SELECT count() {of_edges}), 0) / span.seconds)",
        "stored": f"toFloat64(ifNull(({size}), 0))",
    }
    return within([*clock(), *defined(last=last)], select(columns, "last") + "\nHAVING count() > 0")


def late() -> str:
    """Return how late the newest stored facts and edges were, s: the worst of each point."""
    columns = {
        "time": TIME(POINT("minute")),
        "series": "if(measure = 'facts_late', 'facts', 'edges')",
        "value": "toFloat64(max(pipeline.value))",
    }
    where = f"{_IN_SPAN('minute')} AND measure IN ('facts_late', 'edges_late')"
    return within(clock(), select(columns, "pipeline FINAL", where=where, group=("time", "series")) + ORDER)


def lost() -> str:
    """Return records that could not be used, those that the store refused, and how often sinks asked it again.

    All sinks report the same dead letters, and each of its own store.
    """
    by_minute = select(
        {
            "at": POINT("minute"),
            "measure": "measure",
            "many": "if(measure = 'dead_letters', max(pipeline.value), sum(pipeline.value))",
        },
        "pipeline FINAL",
        where=f"{_IN_SPAN('minute')} AND measure IN ('dead_letters', 'refused', 'store_retries')",
        group=("minute", "measure"),
    )
    names = "['dead_letters', 'refused'], ['dead letters', 'refused by the store'], 'asked again'"
    columns = {
        "time": TIME("at"),
        "series": f"transform(CAST(measure, 'String'), {names})",
        "value": "toFloat64(sum(many))",
    }
    return within(clock(), select(columns, inside(by_minute), group=("time", "series")) + ORDER)


def rows() -> str:
    """Return rows a second that the store holds of each point, by table; repeated ones that are not merged yet too."""
    times = {"edges": "window", "process_usage": "window", "host_usage": "window", "events": "time"}
    stored = union(
        *(select({"moment": time, "series": text(table)}, table, where=_IN_SPAN(time)) for table, time in times.items())
    )
    counted = select(
        {"at": POINT("moment"), "series": "series", "many": "count()"}, inside(stored), group=("at", "series")
    )
    columns = {
        "time": TIME("clock.at"),
        "series": "counted.series",
        "value": "toFloat64(counted.many / clock.seconds)",
    }
    joined = "INNER JOIN clock ON clock.at = counted.at"
    return within([*clock(), *defined(counted=counted)], select(columns, "counted", joined) + ORDER)


def hosts_reporting() -> str:
    """Return how many hosts reported anything in each point."""
    reported = select(
        {"at": POINT("window"), "many": "uniqExact(host)"}, "host_usage", where=_IN_SPAN("window"), group=["at"]
    )
    columns = {"time": TIME("clock.at"), "series": "'hosts'", "value": "toFloat64(reported.many)"}
    joined = "LEFT JOIN reported ON reported.at = clock.at"
    return within([*clock(), *defined(reported=reported)], select(columns, "clock", joined) + ORDER)


def counters() -> str:
    """Return errors and drops of agents in each point. A counter that fell began anew, as its agent did."""
    counted = select(
        {"host": "host", "at": POINT("window"), "what": "what", "total": "toInt64(max(count))"},
        inside(select(["host", "window", "counters"], "host_usage FINAL", where=_IN_SPAN("window"))),
        "ARRAY JOIN mapKeys(counters) AS what, mapValues(counters) AS count",
        group=("host", "at", "what"),
    )
    frame = "PARTITION BY host, what ORDER BY at ROWS BETWEEN 1 PRECEDING AND CURRENT ROW"
    grown = select(
        {
            "at": "at",
            "what": "what",
            "before": f"lagInFrame(total, 1, total) OVER ({frame})",
            "more": "if(total < before, total, total - before)",
        },
        "counted",
    )
    columns = {"time": TIME("at"), "series": "replaceAll(what, '_', ' ')", "value": "toFloat64(sum(more))"}
    parts = [*clock(), *defined(counted=counted, grown=grown)]
    return within(parts, select(columns, "grown", group=("time", "series")) + ORDER)


def hosts() -> str:
    """Return every host that reported in a range or the day before it: how late it is, s, and what its agent uses."""
    in_span, width = "window >= span.since", "greatest(sumIf(width_ms, window >= span.since), 1)"
    last = select(
        {
            "on_host": "host",
            "newest": "max(window)",
            "width": "argMax(width_ms, window)",
            "part": f"sumIf(width_ms, {in_span}) / 1000 / span.seconds",
            "busy": f"sumIf(agent_cpu_ms, {in_span}) / {width}",
            "held": "argMax(agent_rss_bytes, window)",
            "unseen_topics": "length(argMax(missing, window)) + length(argMax(failed, window))",
            "counted": "argMax(counters, window)",
        },
        "host_usage FINAL",
        where=_WITH_DAY_BEFORE,
        group=["on_host"],
    )
    columns = {
        "host": called("on_host"),
        "host_id": "toString(on_host)",
        "last_window": "toDateTime(newest, 'UTC')",
        "late": f"toFloat64(greatest({_PRESENT} - toUnixTimestamp64Milli(newest) / 1000 - width / 1000, 0))",
        "share": "toFloat64(least(part, 1))",
        "agent_cpu": "toFloat64(busy)",
        "agent_memory": "toFloat64(held)",
        "unseen": "unseen_topics",
        "errors": "toFloat64(arraySum(mapValues(counted)))",
    }
    parts = [*clock(), HOSTNAMES, *defined(last=last)]
    return within(parts, f"{select(columns, 'last')}\nORDER BY late DESC, host\nLIMIT 500")


def kept() -> str:
    """Return what is kept, for how long, and how far back it will reach, as a sink found it last."""
    columns = {
        "kept": "if(what = 'log', concat('topic ', name), name)",
        "reaches": "if(toUnixTimestamp64Milli(since) = 0, NULL, toFloat64(dateDiff('second', since, at)))",
        "limit": "toFloat64(nullIf(limit_ms, 0)) / 1000",
        "at_most": "toFloat64(nullIf(limit_bytes, 0))",
        "now": "toFloat64(nullIf(retention.bytes, 0))",
        "daily": "toFloat64(nullIf(daily_bytes, 0))",
        "reach": "toFloat64(nullIf(reach_ms, 0)) / 1000",
        "answers": "answers",
    }
    latest = "at >= (SELECT max(at) FROM retention) - INTERVAL 1 HOUR"
    return select(columns, "retention FINAL", where=latest) + "\nORDER BY what = 'log', reach DESC, kept"


def storage() -> str:
    """Return what each table takes in the store, and how its parts merge."""
    columns = {
        "stored": "table",
        "rows": "toFloat64(sum(parts.rows))",
        "bytes": "toFloat64(sum(bytes_on_disk))",
        "ratio": "toFloat64(sum(data_uncompressed_bytes) / greatest(sum(data_compressed_bytes), 1))",
        "parts": "count()",
        "partitions": "uniqExact(partition)",
        "written": "max(modification_time)",
    }
    where = "active AND database = currentDatabase()"
    return select(columns, "system.parts", where=where, group=["table"]) + "\nORDER BY bytes DESC, stored"
