"""The usage of processes and hosts, step by step. Each fact is read as it is declared (schemas/raw.py)."""

from collections.abc import Mapping
from typing import NamedTuple

from graph.span import in_range
from graph.sql import inside, select, text
from graph.steps import point_of
from schemas.raw import HostUsage, Usage
from schemas.used import Over, Used, uses

_AT = "toUnixTimestamp64Milli(used.window)"
_OF_PROCESSES = {Over.SUM: "sum", Over.MEAN: "sum", Over.ONCE: "max", Over.GROUPS: "max"}  # of a control group
_OF_GROUPS = {Over.SUM: "sum", Over.MEAN: "sum", Over.ONCE: "max", Over.GROUPS: "sum"}
_OF_WINDOWS = {Over.SUM: "sum", Over.MEAN: "avg", Over.ONCE: "sum", Over.GROUPS: "sum"}


class UsageRow(NamedTuple):
    """A row of `process_usage` and of `host_usage`: the facts by the names of their series."""

    point: int
    used: Mapping[str, float]


def process_usage() -> str:
    """Return the total usage of the processes %(nodes)s in [from, to), ms, a row for each %(step)s ms."""
    where = f"used.node IN %(nodes)s AND {in_range('used.window')}"
    group = ("used.window", "used.host", "used.cgroup")
    groups = _together(_OF_PROCESSES, "process_usage AS used FINAL", group, where)
    windows = _together(_OF_GROUPS, f"{inside(groups)} AS used", ("used.window",))
    return _in_steps(uses(Usage), f"{inside(windows)} AS used")


def _together(how: Mapping[Over, str], rows: str, group: tuple[str, ...], where: str = "") -> str:
    """Return all facts of processes for each group of rows, added up or the greatest."""
    key = {name.removeprefix("used."): name for name in group}
    facts = {name: f"{how[one.over]}(used.{name})" for name, one in uses(Usage).items()}
    return select(key | facts, rows, where=where, group=group)


def host_usage() -> str:
    """Return the usage of the host %(host)s in [from, to), ms, a row for each %(step)s ms."""
    where = f"used.host = %(host)s AND {in_range('used.window')}"
    return _in_steps(uses(HostUsage), "host_usage AS used FINAL", where)


def _in_steps(facts: Mapping[str, Used], rows: str, where: str = "") -> str:
    values = (f"{text(one.series)}, toFloat64({_of_windows(one)})" for one in facts.values() if one.series)
    columns = {"point": point_of(_AT), "used": f"map({', '.join(values)})"}
    return select(columns, rows, where=where, group=("point",)) + "\nORDER BY point"


def _of_windows(one: Used) -> str:
    found = f"{_OF_WINDOWS[one.over]}(used.{one.name})"
    return f"{found} / sum(used.{one.whole})" if one.whole else found
