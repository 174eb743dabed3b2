"""What Grafana and its ClickHouse data source (4.20) do to a query before the server gets it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.S)
_VARIABLE = re.compile(r"\$\{(\w+)(?::(\w+))?\}")
_MACRO = re.compile(r"\$__(\w+)(\(([^()]*)\))?")


@dataclass(frozen=True)
class Asked:
    """A range of time (ms), the width of a point (s), and the values of a dashboard's variables."""

    start: int
    end: int
    interval: int = 60
    values: Mapping[str, str] = field(default_factory=dict)

    def sql(self, raw: str) -> str:
        """Return what the server gets; KeyError for a variable or macro that there is not."""
        return _MACRO.sub(self._macro, _COMMENT.sub("", _VARIABLE.sub(self._variable, raw)))

    def _variable(self, found: re.Match[str]) -> str:
        if found[2] != "singlequote":
            raise KeyError(f"the format of {found[0]}")
        return "'" + self.values[found[1]].replace("'", "\\'") + "'"

    def _macro(self, found: re.Match[str]) -> str:
        return self._macros((found[3] or "").strip())[found[1]]

    def _macros(self, column: str) -> dict[str, str]:
        start, end = self.start // 1000, self.end // 1000
        first, last = (f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}" for at in (start, end))
        from_ms, to_ms = (f"fromUnixTimestamp64Milli({at})" for at in (self.start, self.end))
        return {
            "timeFilter": f"{column} >= toDateTime({start}) AND {column} <= toDateTime({end})",
            "timeFilter_ms": f"{column} >= {from_ms} AND {column} <= {to_ms}",
            "dateFilter": f"{column} >= toDate('{first}') AND {column} <= toDate('{last}')",
            "fromTime": f"toDateTime({start})",
            "toTime": f"toDateTime({end})",
            "fromTime_ms": from_ms,
            "toTime_ms": to_ms,
            "timeInterval": f"toStartOfInterval(toDateTime({column}), INTERVAL {self.interval} second)",
            "interval_s": str(self.interval),
        }
