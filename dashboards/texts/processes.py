"""What the processes of a service use. Parameters: service; host (id), "" for any; from, to in ms; interval in s."""

from collections.abc import Iterable

from graph.clock import POINT, TIME, clock
from graph.panels.lines import ORDER
from graph.panels.tables import members
from graph.sql import defined, inside, select, texts, within
from graph.titles import HOSTNAMES, called
from schemas.used import PER_SECOND, Used

_OF_MEMBERS = "window >= span.since AND window < span.until AND node IN (SELECT node FROM members)"
_REPORTED = "process.hour >= toStartOfHour(span.since - INTERVAL 2 HOUR) AND process.hour < span.until"


def counted(fact: Used) -> str:
    """Return the rate of what processes did, by host."""
    sums = select(
        {"at": POINT("window"), "series": called("host"), "total": f"sum({fact.name})"},
        "process_usage FINAL",
        where=_OF_MEMBERS,
        group=("at", "series"),
    )
    points = select(
        {"at": "clock.at", "seconds": "clock.seconds", "series": "lines.series"},
        "clock",
        "CROSS JOIN (SELECT DISTINCT series FROM sums) AS lines",
    )
    columns = {
        "time": TIME("points.at"),
        "series": "points.series",
        "value": f"toFloat64(sums.total) * {PER_SECOND[fact.unit]} / (points.seconds * 1000)",
    }
    joined = "LEFT JOIN sums ON sums.at = points.at AND sums.series = points.series"
    return within(_parts(sums=sums, points=points), select(columns, "points", joined) + ORDER)


def held(fact: Used) -> str:
    """Return what processes held, by host: the greatest of each process in each point, summed; -1 is not known."""
    greatest = select(
        {"at": POINT("window"), "on_host": "host", "node": "node", "held": f"max({fact.name})"},
        "process_usage FINAL",
        where=f"{_OF_MEMBERS} AND {fact.name} >= 0",
        group=("at", "on_host", "node"),
    )
    columns = {"time": TIME("at"), "series": called("on_host"), "value": "toFloat64(sum(held))"}
    return within(_parts(greatest=greatest), select(columns, "greatest", group=("time", "series")) + ORDER)


def shared(facts: Iterable[Used]) -> str:
    """Return rates of what processes have in common: the greatest of each window, on the host where it is most."""
    found = list(facts)
    group = ("at", "on_host", "of_window")
    key = {"at": POINT("window"), "on_host": "host", "of_window": "window"}
    once = select(
        key | {one.name: f"max(process_usage.{one.name})" for one in found},
        "process_usage FINAL",
        where=_OF_MEMBERS,
        group=group,
    )
    added = select(
        {"at": "at", "on_host": "on_host", **{one.name: f"sum(once.{one.name})" for one in found}},
        f"{inside(once)} AS once",
        group=("at", "on_host"),
    )
    values = ", ".join(f"toFloat64(max({one.name})) * {PER_SECOND[one.unit]}" for one in found)
    most = select({"at": "at", "found": f"[{values}]"}, inside(added), group=["at"])
    columns = {"time": TIME("clock.at"), "series": "series", "value": "one / (clock.seconds * 1000)"}
    names = texts([one.line or one.series for one in found])
    joined = (
        f"LEFT JOIN most ON most.at = clock.at "
        f"ARRAY JOIN {names} AS series, arrayResize(most.found, {len(found)}, 0) AS one"
    )
    return within(_parts(most=most), select(columns, "clock", joined) + ORDER)


def of_groups(fact: Used) -> str:
    """Return what control groups have in common, by host: a share of its whole, or else a rate."""
    wanted = [fact.name, *([fact.whole] if fact.whole else [])]
    group = {"at": POINT("window"), "on_host": "host", "of_window": "window", "in_group": "cgroup"}
    once = select(
        group | {name: f"max(process_usage.{name})" for name in wanted},
        "process_usage FINAL",
        where=f"{_OF_MEMBERS} AND cgroup != ''",
        group=group,
    )
    sums = select(
        {"at": "at", "on_host": "on_host", **{name: f"sum(once.{name})" for name in wanted}},
        f"{inside(once)} AS once",
        group=("at", "on_host"),
    )
    if fact.whole:
        columns = {"time": TIME("at"), "series": called("on_host"), "value": f"{fact.name} / {fact.whole}"}
        return within(_parts(sums=sums), select(columns, "sums", where=f"{fact.whole} > 0") + ORDER)
    rate = f"toFloat64(sums.{fact.name}) * {PER_SECOND[fact.unit]} / (clock.seconds * 1000)"
    columns = {"time": TIME("clock.at"), "series": called("sums.on_host"), "value": rate}
    return within(_parts(sums=sums), select(columns, "clock", "INNER JOIN sums ON sums.at = clock.at") + ORDER)


def used() -> str:
    """Return the processes that used anything: mean CPUs, greatest memory and descriptors."""
    usage = select(
        {
            "node": "node",
            "busy": "sum(cpu_ms) / 1000 / recorded.seconds",
            "held": "max(rss_bytes)",
            "files": "max(fds)",
            "most_threads": "max(threads)",
        },
        "process_usage FINAL",
        where=_OF_MEMBERS,
        group=["node"],
    )
    facts = ("host", "pid", "name", "user", "started", "cmdline")
    known = select(
        {"node": "process.node", **{name: f"argMax(process.{name}, process.seen)" for name in facts}},
        "nodes AS process",
        where=f"{_REPORTED} AND process.node IN (SELECT node FROM usage)",
        group=["process.node"],
    )
    columns = {
        "host": called("known.host"),
        "host_id": "toString(known.host)",
        "pid": "known.pid",
        "program": "known.name",
        "user": "toString(known.user)",
        "started": "toDateTime(known.started, 'UTC')",
        "cpus": "toFloat64(usage.busy)",
        "memory": "toFloat64(usage.held)",
        "descriptors": "toInt32(usage.files)",
        "threads": "toUInt32(usage.most_threads)",
        "command": "substring(known.cmdline, 1, 200)",
    }
    rows = select(columns, "known", "INNER JOIN usage ON usage.node = known.node")
    return within(_parts(usage=usage, known=known), f"{rows}\nORDER BY cpus DESC, host, pid\nLIMIT 200")


_CONTAINER = "if(known.container_name != '', toString(known.container_name), substring(known.container, 1, 12))"


def about() -> str:
    """Return what a service is: its programs, where they ran, as whom, and how many processes."""
    facts = (
        "host",
        "name",
        "user",
        "unit",
        "container",
        "container_name",
        "namespace",
        "pod",
        "image",
        "exe",
        "started",
        "service",
    )
    known = select(
        {"node": "process.node", **{name: f"argMax(process.{name}, process.seen)" for name in facts}},
        "nodes AS process",
        where=_REPORTED,
        group=["process.node"],
    )
    columns = {
        "host": called("known.host"),
        "host_id": "toString(known.host)",
        "program": "known.name",
        "user": "toString(known.user)",
        "unit": "toString(known.unit)",
        "namespace": "toString(known.namespace)",
        "pod": "toString(known.pod)",
        "container": _CONTAINER,
        "image": "toString(known.image)",
        "executable": "toString(known.exe)",
        "processes": "count()",
        "oldest": "toDateTime(min(known.started), 'UTC')",
        "youngest": "toDateTime(max(known.started), 'UTC')",
    }
    rows = select(
        columns,
        "known",
        where="known.service = %(service)s AND %(host)s IN ('', known.host)",
        group=(f"known.{name}" for name in facts if name not in ("started", "service")),
    )
    order = "ORDER BY processes DESC, host, program, executable\nLIMIT 200"
    return within([*clock(), HOSTNAMES, *defined(known=known)], f"{rows}\n{order}")


def _parts(**queries: str) -> list[str]:
    return [*clock(), HOSTNAMES, *defined(members=members(), **queries)]
