"""A rule of Grafana's alerting: a query that gives a number for each thing, and the number beyond which the rule fires.

The query gives text columns, which are the labels, and one number; no two rows have the same labels (so Grafana's
converter of tables for server-side expressions takes it, and one row is one alert). No rows: all is well.
"""

from typing import Any, Literal, NamedTuple

from dashboards.macros import grafana

Json = dict[str, Any]

ROWS, NUMBER, BEYOND = "A", "B", "C"  # the steps of a rule: the query, its numbers by their labels, the threshold
EXPRESSION: Json = {"type": "__expr__", "uid": "__expr__"}
TABLE = 1  # the data source's format
MINUTE, HOUR, DAY = 60, 3_600, 86_400  # in seconds


class Rule(NamedTuple):
    """A rule. `reach`: seconds back that the query sees; `holds`: seconds a row is beyond before the rule fires."""

    uid: str
    title: str
    query: str
    reach: int
    beyond: float
    holds: int
    severity: Literal["warning", "critical"]
    summary: str
    about: str
    nothing: Literal["OK", "Alerting"] = "OK"  # what no rows at all mean


def document(rule: Rule, source: str) -> Json:
    """Return a rule as the provisioning file has it; `source` is the uid of the data source."""
    beyond = {"type": "gt", "params": [rule.beyond]}
    return {
        "uid": rule.uid,
        "title": rule.title,
        "condition": BEYOND,
        "data": [
            _step(rule, ROWS, _query(rule, source)),
            _step(rule, NUMBER, _expression("reduce", ROWS, reducer="last", settings={"mode": "dropNN"})),
            _step(rule, BEYOND, _expression("threshold", NUMBER, conditions=[{"evaluator": beyond}])),
        ],
        "noDataState": rule.nothing,
        "execErrState": "Error",
        "for": f"{rule.holds}s",
        "annotations": {"summary": rule.summary, "description": rule.about},
        "labels": {"severity": rule.severity, "source": "servicemap"},
    }


def _query(rule: Rule, source: str) -> Json:
    return {
        "datasource": {"type": "grafana-clickhouse-datasource", "uid": source},
        "editorType": "sql",
        "queryType": "table",
        "format": TABLE,
        "rawSql": grafana(rule.query).strip(),
        "intervalMs": 1_000,
        "maxDataPoints": 43_200,
    }


def _expression(kind: str, on: str, **settings: Any) -> Json:
    return {"datasource": EXPRESSION, "type": kind, "expression": on, **settings}


def _step(rule: Rule, ref: str, model: Json) -> Json:
    return {
        "refId": ref,
        "datasourceUid": model["datasource"]["uid"],
        "relativeTimeRange": {"from": rule.reach, "to": 0},
        "model": {"refId": ref, **model},
    }
