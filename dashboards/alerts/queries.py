"""What alerts ask that are not about edges: text columns, which are labels, and one number.

Parameters: from, to in ms.
"""

from graph.span import in_range, moment
from graph.sql import defined, inside, select, within
from graph.suspects import suspects
from graph.titles import HOSTNAMES, called

_IN_RANGE = in_range("window")
_SINCE, _UNTIL = moment("from"), moment("to")


def collector_failed() -> str:
    """Return for how long each collector of a host failed, in seconds."""
    failing = select(
        {"on_host": "host", "collector": "arrayJoin(mapKeys(failed))", "seconds": "sum(width_ms) / 1000"},
        "host_usage FINAL",
        where=_IN_RANGE,
        group=("on_host", "collector"),
    )
    columns = {
        "host_id": "toString(on_host)",
        "host": called("on_host"),
        "collector": "collector",
        "failed_seconds": "toFloat64(seconds)",
    }
    return within([HOSTNAMES], f"{select(columns, inside(failing))}\nORDER BY host_id, collector\nLIMIT 100")


def host_silent() -> str:
    """Return how long each host has not reported, in seconds, behind the newest report of all hosts.

    A host alone is not silent by this but late (pipeline_late). One without a report in the range is not expected.
    """
    last = select(
        {"on_host": "host", "reported_to": "max(window + toIntervalMillisecond(width_ms))"},
        "host_usage",
        where=_IN_RANGE,
        group=["on_host"],
    )
    columns = {
        "host_id": "toString(on_host)",
        "host": called("on_host"),
        "silent_seconds": "toFloat64(dateDiff('second', reported_to, max(reported_to) OVER ()))",
    }
    return within([HOSTNAMES], f"{select(columns, inside(last))}\nORDER BY host_id")


def switch_suspected() -> str:
    """Return how long all hosts of a switch have been silent, in seconds (graph/suspects.py)."""
    columns = {
        "switch_id": "suspect.node",
        "switch": "suspect.switch",
        "hosts": "toString(length(suspect.hosts))",
        "names": "arrayStringConcat(arraySlice(suspect.hosts, 1, 10), ', ')",
        "silent_seconds": "suspect.silent_seconds",
    }
    return select(columns, f"{inside(suspects())} AS suspect") + "\nORDER BY switch_id"


def host_id_shared() -> str:
    """Return which agents report under one host id, by the latest event of each pair; events recur every hour."""
    latest = select(
        {
            "id": "max(host)",
            "last": "argMax(kind, (time, kind))",
            "words": "argMax(detail, (time, kind))",
        },
        "events FINAL",
        where=f"kind IN ('host_id_shared', 'host_id_unshared') AND {in_range('time')}",
        group=("subject", "object"),
    )
    columns = {"host_id": "toString(id)", "agents": "words", "shared": "toFloat64(1)"}
    rows = select(columns, inside(latest), where="last = 'host_id_shared'")
    return f"{rows}\nORDER BY host_id, agents\nLIMIT 100"


def dead_letters() -> str:
    """Return how many records could not be used. All sinks report the same ones: of a minute the greatest counts."""
    by_minute = select(
        {"minute": "minute", "letters": "max(value)"},
        "pipeline FINAL",
        where=f"measure = 'dead_letters' AND {in_range('minute')}",
        group=["minute"],
    )
    columns = {"topic": "'dead-letters'", "records": "toFloat64(sum(letters))"}
    return select(columns, inside(by_minute)) + "\nHAVING records > 0"


def pipeline_late() -> str:
    """Return how late each stage is, in seconds; no rows without any report in the range.

    `facts`: since the end of the newest window that a host reported: agents, log and sink. `map`: from there back to
    the newest that the folds made of facts: the workers. A keyframe has every process once a minute unless configured,
    so the map is a minute late at most when all is well.
    """
    facts = select(
        {
            "oldest": "min(window)",
            "newest": "max(window + toIntervalMillisecond(width_ms))",
            "windows": "count()",
        },
        "host_usage",
        where=_IN_RANGE,
    )
    of_nodes = f"(SELECT max(seen) FROM nodes WHERE hour >= toStartOfHour({_SINCE}) AND seen < {_UNTIL})"
    of_edges = f"(SELECT max(window) FROM edges WHERE {_IN_RANGE})"
    late = {
        "facts": f"dateDiff('second', newest, {_UNTIL})",
        "map": f"dateDiff('second', greatest(assumeNotNull({of_nodes}), assumeNotNull({of_edges}), oldest), newest)",
    }
    stages = f"{list(late)} AS stage, [{', '.join(late.values())}] AS seconds"
    columns = {"stage": "stage", "late_seconds": "greatest(0., toFloat64(seconds))"}
    rows = select(columns, "facts", f"ARRAY JOIN {stages}", where="windows > 0")
    return within(defined(facts=facts), f"{rows}\nORDER BY stage")
