"""Processes, agents and collectors that started, ended or failed, and those that still fail."""

from typing import NamedTuple

from graph.identity import cut, part
from graph.orientation import serves
from graph.span import in_range, moment
from graph.sql import inside, select, union

_SINCE, _UNTIL = moment("from"), moment("to")
_OF_PROCESSES = "'process_started', 'process_exited'"
_ALWAYS = (
    "'host_silent', 'gap', 'window_incomplete', 'agent_started', 'host_id_shared', 'host_id_unshared', "
    "'collector_failed', 'collector_recovered'"
)


class LifeRow(NamedTuple):
    """A row of `lives`: something that started, ended or failed. Time in ms."""

    time: int
    kind: str
    subject: str
    service: str
    detail: str


def lives() -> str:
    """Return the starts, ends and failures in [from, to), ms, the newest %(most)s, newest first.

    Processes are listed if they serve, or if they had connections and exited after they ran for a while. What still
    fails at the end is listed whenever it began: a failed collector, a silent host, an id that hosts share.
    """
    # Ends and nodes are not read if no process started or exited.
    processes = select(["count()"], "events", where=f"{in_range('time')} AND kind IN ({_OF_PROCESSES})")
    parts = [
        f"{inside(processes)} AS processes",
        f"ends AS {inside(_ends())}",
        f"settled AS {inside(_settled())}",
    ]
    columns = {name: f"life.{name}" for name in LifeRow._fields}
    columns["time"] = "toUnixTimestamp64Milli(life.time)"
    rows = select(columns, f"{inside(union(_happened(), _shared(), _failing()))} AS life")
    with_parts = "WITH " + ",\n".join(parts)
    return f"{with_parts}\n{rows}\nORDER BY life.time DESC, life.kind, life.subject\nLIMIT %(most)s"


def _ends() -> str:
    """Return the processes with connections, and whether each serves."""
    recent = f"window >= {_SINCE} - INTERVAL 1 MINUTE AND window < {_UNTIL}"
    flows = f"SELECT DISTINCT {serves()} AS b_serves, a_who, b_who FROM edges WHERE processes > 0 AND {recent}"
    columns = {"node": part(cut("who"), "node"), "serves": "max(is_b = b_serves)"}
    return select(columns, inside(flows), "ARRAY JOIN [a_who, b_who] AS who, [0, 1] AS is_b", group=("node",))


def _settled() -> str:
    recent = f"hour >= toStartOfHour({_SINCE} - INTERVAL 1 HOUR) AND hour < {_UNTIL}"
    return select(["node"], "nodes", where=f"processes > 0 AND {recent} AND seen - started >= 30")


def _happened() -> str:
    of_process = f"kind IN ({_OF_PROCESSES}) AND (subject, 1) IN ends"
    short = "kind = 'process_exited' AND (subject, 0) IN ends AND subject IN settled"
    kinds = f"kind IN ({_ALWAYS}) OR ({of_process}) OR ({short})"
    return select(LifeRow._fields, "events FINAL", where=f"{in_range('time')} AND ({kinds})")


def _shared() -> str:
    """Return ids of hosts that were shared before and still are. An event reports it every hour."""
    columns = {
        "time": "max(event.time)",
        "kind": "'host_id_shared'",
        "subject": "event.subject",
        "service": "''",
        "detail": "argMax(event.detail, (event.time, event.kind))",
    }
    where = (
        f"event.time >= {_UNTIL} - INTERVAL 2 HOUR AND event.time < {_UNTIL} "
        "AND event.kind IN ('host_id_shared', 'host_id_unshared')"
    )
    still = f"argMax(event.kind, (event.time, event.kind)) = 'host_id_shared' AND max(event.time) < {_SINCE}"
    rows = select(columns, "events AS event FINAL", where=where, group=("event.subject", "event.object"))
    return f"{rows}\nHAVING {still}"


def _failing() -> str:
    """Return hosts that are silent at the end, and collectors that fail, if no event in the range is about it."""
    beats = select(
        {
            "id": "beat.host",
            "last": "max(beat.window)",
            "failed": "argMax(beat.failed, (beat.window, length(beat.failed)))",
        },
        "host_usage AS beat",
        where=f"beat.window >= {_UNTIL} - INTERVAL 1 HOUR AND beat.window < {_UNTIL}",
        group=("beat.host",),
    )
    named = select(
        {
            "id": "beats.id",
            "last": "beats.last",
            "failed": "beats.failed",
            "name": "if(known.hostname != '', known.hostname, toString(beats.id))",
            "silent": f"beats.last < {_UNTIL} - INTERVAL 1 MINUTE",
        },
        f"{inside(beats)} AS beats",
        "LEFT JOIN (SELECT host, hostname FROM hosts FINAL) AS known ON known.host = beats.id",
    )
    since = "concat('no report from ', name, ' since ', formatDateTime(last, '%%H:%%i:%%S', 'UTC'), ' UTC')"
    fails = "concat('the collector of ', topic, ' on ', name, ' fails: ', reason)"
    failures = f"arrayMap((topic, reason) -> {fails}, mapKeys(failed), mapValues(failed))"
    columns = {
        "time": "last",
        "kind": "if(silent, 'host_silent', 'collector_failed')",
        "subject": "concat('host:', id)",
        "service": "''",
        "detail": "problem",
    }
    reported = select(
        ["kind", "subject"], "events", where=f"{in_range('time')} AND kind IN ('host_silent', 'collector_failed')"
    )
    return select(
        columns,
        inside(named),
        f"ARRAY JOIN if(silent, [{since}], {failures}) AS problem",
        where=f"(kind, subject) NOT IN {inside(reported)}",
    )
