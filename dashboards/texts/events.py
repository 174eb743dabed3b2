"""Events: what is new, what is gone, who is silent.

Parameters: from, to in ms; interval in s; service and host (id), "" for any; kinds, with commas between, "" for all.
"""

from graph.clock import POINT, TIME, clock
from graph.panels.lines import ORDER
from graph.span import in_range
from graph.sql import defined, inside, select, within
from graph.titles import HOSTNAMES, called

_PRESENT_MS = "least(toInt64(%(to)s), toInt64(toUnixTimestamp(now())) * 1000)"
_WANTED = "(%(kinds)s = '' OR has(splitByChar(',', %(kinds)s), toString(event.kind)))"
_OF_HOST = "%(host)s IN ('', event.host)"
_SILENT_WINDOWS = 6


def counts() -> str:
    """Return how many events of each kind there were."""
    counted = select(
        {"at": POINT("event.time"), "series": "CAST(event.kind, 'String')", "many": "count()"},
        "events AS event FINAL",
        where="event.time >= span.since AND event.time < span.until "
        f"AND %(service)s IN ('', event.service) AND {_OF_HOST}",
        group=("at", "series"),
    )
    points = "(SELECT DISTINCT series FROM counted) AS lines"
    columns = {
        "time": TIME("clock.at"),
        "series": "replaceAll(lines.series, '_', ' ')",
        "value": "toFloat64(counted.many)",
    }
    joined = "LEFT JOIN counted ON counted.at = clock.at AND counted.series = lines.series"
    rows = select(columns, "clock", f"CROSS JOIN {points}", joined)
    return within([*clock(), *defined(counted=counted)], rows + ORDER)


def events() -> str:
    """Return what happened, latest first."""
    columns = {
        "time": "toDateTime64(event.time, 3, 'UTC')",
        "kind": "toString(event.kind)",
        "what": "event.detail",
        "host": called("event.host"),
        "host_id": "toString(event.host)",
        "service": "toString(event.service)",
        "subject": "event.subject",
        "object": "event.object",
    }
    rows = select(columns, _EVENTS, where=f"{_WANTED} AND %(service)s IN ('', event.service) AND {_OF_HOST}")
    return within([HOSTNAMES], f"{rows}\nORDER BY time DESC, kind, subject, object\nLIMIT 500")


def annotations() -> str:
    """Return events as annotations of a dashboard: a service's own, and those of edges to it."""
    columns = {
        "time": "toDateTime64(event.time, 3, 'UTC')",
        "title": "replaceAll(toString(event.kind), '_', ' ')",
        "text": "event.detail",
        "tags": "concat(toString(event.kind), if(event.service = '', '', concat(',', event.service)))",
        "id": "hex(sipHash64(event.time, event.kind, event.subject, event.object))",
    }
    of_service = "(%(service)s IN ('', event.service) OR event.object = concat('service:', %(service)s))"
    rows = select(columns, _EVENTS, where=f"{_WANTED} AND {of_service} AND {_OF_HOST}")
    return f"{rows}\nORDER BY time DESC, id\nLIMIT 200"


def silent() -> str:
    """Return hosts without a report at the end of a range, or of the day before it: since when, and for how long, s."""
    last = select(
        {"on_host": "host", "newest": "max(window)", "width": "max(width_ms)"},
        "host_usage",
        where="window >= span.since - INTERVAL 1 DAY AND window < span.until",
        group=["on_host"],
    )
    columns = {
        "host": called("on_host"),
        "host_id": "toString(on_host)",
        "reported": "toDateTime(newest, 'UTC')",
        "silent": f"toFloat64(({_PRESENT_MS} - toUnixTimestamp64Milli(newest) - width) / 1000)",
    }
    rows = select(columns, "last", where=f"silent > {_SILENT_WINDOWS} * width / 1000")
    return within([*clock(), HOSTNAMES, *defined(last=last)], f"{rows}\nORDER BY silent DESC, host\nLIMIT 500")


_EVENTS = f"{inside(select(['*'], 'events FINAL', where=in_range('events.time')))} AS event"
