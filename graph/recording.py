"""Queries for the windows that agents recorded; graph/recorded.py reads them.

Heartbeats have every window of a host. They are stored some windows after its edges, so the newest windows are known
from edges. For times that are too old for heartbeats only the hours with edges are known.
"""

from typing import NamedTuple

from graph.span import in_range
from graph.sql import inside, select, union
from schemas.times import HOUR_MS


class RecordedRow(NamedTuple):
    """A row of `recorded` and `recorded_hours`: hosts that recorded the same cells."""

    hosts: list[str]
    cells: list[tuple[int, int]]


def recorded() -> str:
    """Return the hosts of [from, to), ms, and the cells of %(grain)s ms in which each recorded so many ms."""
    time, width = "toUnixTimestamp64Milli(window)", "toInt64(width_ms)"
    beats = select({"host": "host", "at": time, "width": width}, "host_usage", where=in_range("window"))
    seen = "arrayJoin([if(a_seen, a_host, ''), if(b_seen, b_host, '')])"
    edges = select({"host": seen, "at": time, "width": width}, "edges", where=_newest())
    once = select(
        {"host": "row.host", "at": "row.at", "width": "max(row.width)"},
        f"{inside(union(beats, edges))} AS row",
        where="row.host != ''",
        group=("row.host", "row.at"),
    )
    return _cells(once, "least(greatest(%(grain)s, max(once.width)), sum(once.width))")


def recorded_hours() -> str:
    """Return the same for times that are too old for heartbeats."""
    seen = "arrayJoin([if(seen_by_client, client_host, ''), if(seen_by_server, server_host, '')])"
    hours = f"SELECT DISTINCT {seen} AS host, toUnixTimestamp64Milli(hour) AS at FROM edges_1h WHERE {in_range('hour')}"
    once = select(["host", "at"], inside(hours), where="host != ''")
    return _cells(once, f"least(%(grain)s, {HOUR_MS} * count())")


def _newest() -> str:
    """Return the condition for windows of edges that have no heartbeat yet."""
    beaten = f"(SELECT max(window) FROM host_usage WHERE {in_range('window')})"
    return f"{in_range('window')} AND window > {beaten} AND toUnixTimestamp64Milli({beaten}) > 0"


def _cells(once: str, ms: str) -> str:
    """Return the cells of each host; `once` has a row a host and time, `ms` is how much of a cell its rows are."""
    cells = select(
        {"host": "once.host", "cell": "intDiv(once.at, %(grain)s) * %(grain)s", "ms": ms},
        f"{inside(once)} AS once",
        group=("once.host", "cell"),
    )
    of_host = select({"host": "host", "cells": "arraySort(groupArray((cell, ms)))"}, inside(cells), group=("host",))
    return select({"hosts": "groupArray(host)", "cells": "cells"}, inside(of_host), group=("cells",))
