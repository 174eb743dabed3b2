"""Queries by name: a file of ClickHouse SQL each, in queries/. Its first lines say what it gives and takes.

One text serves both readers. Where a parameter goes stands %(name)s, and a percent sign of the SQL itself is doubled:
that is what clickhouse-driver fills in, and `grafana` turns into variables and macros of Grafana's data source.

    in the file        clickhouse-driver gets   Grafana gets
    %(from)s, %(to)s   ms since the epoch       toUnixTimestamp64Milli($__fromTime_ms), … $__toTime_ms: ms as well
    %(interval)s       seconds a point          $__interval_s
    %(service)s        a text, "" for any       ${service:singlequote}: the variable of that name, quoted
    %(hops)s           a number or its text     ${hops:singlequote}: cast it in the SQL, toUInt8(%(hops)s)

These macros are expanded by the data source's backend, so that alert rules may use them too. A variable has one value,
"" for any; a list of values (%(nodes)s) is for clickhouse-driver alone.

A line `-- include NAME` stands for the text of queries/NAME.sql, whose first lines of comment it leaves out, and a line
`-- limits` for what schemas/health.py declares: `0.05 AS limit_bad_share,` and so on.
"""

import re
from functools import cache
from importlib.resources import files

from schemas import health

_INCLUDE = re.compile(r"^-- include (\w+)\n", re.MULTILINE)
_HEAD = re.compile(r"\A(--.*\n)+")
_LIMITS = "".join(f"    {value} AS limit_{name.lower()},\n" for name, value in vars(health).items() if name.isupper())
_PLACE = re.compile(r"%\((\w+)\)s|%%")
_MACROS = {
    "from": "toUnixTimestamp64Milli($__fromTime_ms)",
    "to": "toUnixTimestamp64Milli($__toTime_ms)",
    "interval": "$__interval_s",
}


@cache
def query(name: str) -> str:
    """Return a query as clickhouse-driver takes it, with %(name)s where its parameters go."""
    text = (files("dashboards") / "queries" / f"{name}.sql").read_text()
    text = text.replace("-- limits\n", _LIMITS)
    return _INCLUDE.sub(lambda found: _HEAD.sub("", query(found[1])), text)


def grafana(name: str, **fixed: str) -> str:
    """Return a query as Grafana's ClickHouse data source takes it; a parameter in `fixed` has that value for good."""

    def place(found: re.Match[str]) -> str:
        parameter = found[1]
        if parameter is None:
            return "%"
        if parameter in fixed:
            return quoted(fixed[parameter])
        return _MACROS.get(parameter) or f"${{{parameter}:singlequote}}"

    return _PLACE.sub(place, query(name))


def quoted(text: str) -> str:
    """Write a text as SQL."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def parameters(name: str) -> set[str]:
    """Return the names of a query's parameters."""
    return {found[1] for found in _PLACE.finditer(query(name)) if found[1]}


def names(beginning: str = "") -> list[str]:
    """Return the names of all queries that begin so."""
    entries = (entry.name for entry in (files("dashboards") / "queries").iterdir())
    return sorted(name.removesuffix(".sql") for name in entries if name.endswith(".sql") and name.startswith(beginning))
