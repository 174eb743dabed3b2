"""One text of SQL for clickhouse-driver and for Grafana: parameters become Grafana's variables and macros.

    in the text            clickhouse-driver gets   Grafana gets
    %(from)s, %(to)s       ms since the epoch       toUnixTimestamp64Milli($__fromTime_ms), … $__toTime_ms: ms as well
    %(interval)s           seconds a point          $__interval_s
    %(service)s            a text, "" for any       ${service:singlequote}: the variable of that name, quoted
    %(hops)s               a number or its text     ${hops:singlequote}: cast it in the SQL, toUInt8(%(hops)s)

The macros are expanded by the data source's backend, so alert rules may use them too. A variable has one value. A
percent sign of the SQL itself is doubled in the text.
"""

import re

from graph.sql import text as quoted

_PLACE = re.compile(r"%\((\w+)\)s|%%")
_MACROS = {
    "from": "toUnixTimestamp64Milli($__fromTime_ms)",
    "to": "toUnixTimestamp64Milli($__toTime_ms)",
    "interval": "$__interval_s",
}


def grafana(text: str, **fixed: str) -> str:
    """Return a text as Grafana's ClickHouse data source takes it; a parameter in `fixed` has that value for good."""

    def place(found: re.Match[str]) -> str:
        parameter = found[1]
        if parameter is None:
            return "%"
        if parameter in fixed:
            return quoted(fixed[parameter])
        return _MACROS.get(parameter) or f"${{{parameter}:singlequote}}"

    return _PLACE.sub(place, text)


def parameters(text: str) -> set[str]:
    """Return the names of the parameters of a text."""
    return {found[1] for found in _PLACE.finditer(text) if found[1]}
