"""What a host is and uses. Parameters: host (id); from, to in ms; interval in s."""

from collections.abc import Iterable, Mapping

from graph.clock import POINT, TIME, clock
from graph.links import links
from graph.panels.lines import ORDER
from graph.sql import defined, inside, select, texts, within
from graph.titles import HOSTNAMES, called
from schemas.used import PER_SECOND, Used

_IN_SPAN = "window >= span.since AND window < span.until"
_OF_HOST = f"host = %(host)s AND {_IN_SPAN}"


def _lines(made: Mapping[str, str]) -> str:
    """Return values at each point, one line each."""
    values = f"[{', '.join(f'toFloat64({one})' for one in made.values())}]"
    points = select({"at": POINT("window"), "found": values}, "host_usage FINAL", where=_OF_HOST, group=["at"])
    columns = {"time": TIME("at"), "series": "series", "value": "one"}
    rows = select(columns, inside(points), f"ARRAY JOIN {texts(made)} AS series, found AS one")
    return within(clock(), rows + ORDER)


def cpu() -> str:
    """Return the busy share of the CPUs, 0 to 1: the mean of each point, and its busiest window."""
    return _lines({"mean": "avg(cpu_ratio)", "busiest window": "max(cpu_ratio)"})


def lines(facts: Iterable[Used]) -> str:
    """Return facts of a host: of what is counted the rate, of what is held the greatest of each point."""
    return _lines({fact.line or fact.series: _value(fact) for fact in facts})


def _value(fact: Used) -> str:
    return f"sum({fact.name}) / sum(width_ms) * {PER_SECOND[fact.unit]}" if fact.counts else f"max({fact.name})"


def now() -> str:
    """Return a host in numbers over a range: one row. What it has not reported is 0; cpu and memory are shares."""
    memory_share = "argMax(memory_used_bytes, window) / greatest(argMax(memory_total_bytes, window), 1)"
    columns = {
        "cpu": "toFloat64(ifNotFinite(avg(cpu_ratio), 0))",
        "memory": f"toFloat64({memory_share})",
        "load": "toFloat64(argMax(load1, window))",
        "share": "toFloat64(greatest(sum(width_ms) / 1000 / span.seconds, 0))",
        "agent_cpu": "toFloat64(ifNotFinite(sum(agent_cpu_ms) / sum(width_ms), 0))",
        "agent_memory": "toFloat64(argMax(agent_rss_bytes, window))",
        "missing": "toFloat64(length(argMax(missing, window)) + length(argMax(failed, window)))",
    }
    return within(clock(), select(columns, "host_usage FINAL", where=_OF_HOST))


def about() -> str:
    """Return what a host is, as it reported last: a row a fact."""
    labels = "arrayMap((name, value) -> concat(name, '=', value), mapKeys(labels), mapValues(labels))"
    facts = {
        "name": "hostname",
        "id": "toString(host)",
        "system": "os",
        "kernel": "kernel",
        "architecture": "arch",
        "CPUs": "toString(cpus)",
        "memory": "formatReadableSize(memory_bytes)",
        "booted": "formatDateTime(booted, '%%F %%T UTC')",
        "agent": "agent_version",
        "reported": "formatDateTime(seen, '%%F %%T UTC')",
        "addresses": "arrayStringConcat(addresses, ', ')",
        "labels": f"arrayStringConcat({labels}, ', ')",
    }
    rows = inside(select(["*"], "hosts FINAL", where="host = %(host)s"))
    joined = f"ARRAY JOIN {texts(facts)} AS what, [{', '.join(facts.values())}] AS value"
    return select(["what", "value"], rows, joined, where="value != ''")


def connected() -> str:
    """Return what the interfaces of a host are connected to, as last announced up to the end of the range."""
    columns = {
        "interface": "toString(interface)",
        "neighbour": "if(system_name != '', system_name, chassis)",
        "port": "toString(port)",
        "description": "toString(port_description)",
        "vlan": "if(vlan > 0, toString(vlan), '')",
        "managed_at": "toString(management_address)",
        "protocol": "toString(protocol)",
    }
    return f"{select(columns, inside(links('link.host = %(host)s')))}\nORDER BY interface"


def missing() -> str:
    """Return what agents could not see in their last window, and what they would need; or why a collector failed.

    Parameters: host (id), "" for any.
    """
    failed = "(topic, why) -> (concat(topic, ': the collector failed'), why)"
    last = select(
        {
            "on_host": "host",
            "lacking": "argMax(missing, window)",
            "failing": f"mapApply({failed}, argMax(failed, window))",
        },
        "host_usage FINAL",
        where="window >= greatest(span.since, span.until - INTERVAL 1 HOUR) AND window < span.until "
        "AND %(host)s IN ('', host)",
        group=["on_host"],
    )
    lacks = "mapUpdate(lacking, failing)"
    columns = {"host": called("on_host"), "host_id": "toString(on_host)", "what": "what", "needs": "needs"}
    rows = select(columns, "last", f"ARRAY JOIN mapKeys({lacks}) AS what, mapValues({lacks}) AS needs")
    return within([*clock(), HOSTNAMES, *defined(last=last)], f"{rows}\nORDER BY host, what\nLIMIT 500")


def services() -> str:
    """Return the services of a host: mean CPUs, and the greatest memory and descriptors of their processes, summed."""
    known = select(
        {"node": "process.node", "service": "argMax(process.service, process.seen)"},
        "nodes AS process",
        where="process.hour >= toStartOfHour(span.since - INTERVAL 2 HOUR) AND process.hour < span.until "
        "AND process.host = %(host)s",
        group=["process.node"],
    )
    used = select(
        {
            "node": "node",
            "busy": "sum(cpu_ms) / 1000 / recorded.seconds",
            "held": "max(rss_bytes)",
            "files": "max(fds)",
        },
        "process_usage FINAL",
        where=f"{_IN_SPAN} AND node IN (SELECT node FROM known)",
        group=["node"],
    )
    columns = {
        "service": "toString(known.service)",
        "processes": "count()",
        "cpus": "toFloat64(sum(used.busy))",
        "memory": "toFloat64(sum(used.held))",
        "descriptors": "toFloat64(sumIf(used.files, used.files > 0))",
    }
    rows = select(columns, "known", "INNER JOIN used ON used.node = known.node", group=["known.service"])
    return within([*clock(), *defined(known=known, used=used)], f"{rows}\nORDER BY cpus DESC, service\nLIMIT 200")
