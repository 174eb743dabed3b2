"""The windows that any host recorded, for rates. graph/recorded.py has the same host by host."""

from graph.recorded import KEPT_MS
from graph.sql import inside, select, union
from schemas.times import HOUR_MS


def recorded_windows(since: str, until: str) -> str:
    """Return windows in [since, until) that any host recorded: `begins` and `width`, ms.

    Heartbeats are stored some windows after edges, so the newest windows come from edges. Times that are too old for
    heartbeats come from the hours of edges.
    """
    kept = f"toStartOfHour(now() - toIntervalMillisecond({KEPT_MS}))"
    columns = {"begins": "window", "ms": "toUInt64(width_ms)"}
    in_span = f"{{0}} >= {since} AND {{0}} < {until}".format
    newest = inside(select(["max(window)"], "host_usage", where=in_span("window")))
    edges = f"window > newest AND toUnixTimestamp64Milli(newest) > 0 AND {in_span('window')}"
    hours = f"{in_span('hour')} AND hour < {kept} AND {since} < {kept}"
    rows = union(
        select(columns, "host_usage", where=in_span("window")),
        select(columns, "edges", where=edges),
        select({"begins": "hour", "ms": f"toUInt64({HOUR_MS})"}, "edges_1h", where=hours),
    )
    return (
        f"WITH {newest} AS newest\n{select({'begins': 'begins', 'width': 'max(ms)'}, inside(rows), group=['begins'])}"
    )


def recorded_seconds(since: str, until: str, otherwise: str) -> str:
    """Return `recorded`; its member `seconds` is the time of [since, until) that any host recorded, or `otherwise`."""
    seconds = f"toFloat64(if(sum(width) > 0, sum(width) / 1000, {otherwise}))"
    counted = select({"seconds": seconds, "windows": "count()"}, inside(recorded_windows(since, until)))
    return f"{inside(counted)} AS recorded"
