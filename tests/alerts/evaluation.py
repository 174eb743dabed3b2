"""Grafana's evaluation of a provisioned rule, as far as our rules use it: table to numbers, reduce, threshold.

After Grafana's converter of tables for server-side expressions: text columns are labels, exactly one column is a
number, and the labels of no two rows are the same.
"""

import re
from typing import Any

from clickhouse_driver import Client

from tests.dashboards.plugin import Asked

Labels = tuple[tuple[str, str], ...]
Alerts = dict[Labels, float]

TEXT = re.compile(r"(LowCardinality\()?String\)?")
NUMBER = re.compile(r"(U?Int|Float)\d+")


def firing(rule: dict[str, Any], client: Client, now: int) -> Alerts:
    """Return what fires at a time (ms): the labels and the number of each row beyond the threshold."""
    models = {step["refId"]: step["model"] for step in rule["data"]}
    threshold = models[rule["condition"]]
    reduced = models[threshold["expression"]]
    assert (threshold["type"], reduced["type"], reduced["reducer"]) == ("threshold", "reduce", "last")
    (evaluator,) = [condition["evaluator"] for condition in threshold["conditions"]]
    assert evaluator["type"] == "gt"
    rows = numbers(rule, reduced["expression"], client, now)  # which reduce passes on: there is one number each
    return {labels: value for labels, value in rows.items() if value > evaluator["params"][0]}


def numbers(rule: dict[str, Any], ref: str, client: Client, now: int) -> Alerts:
    """Return the numbers of a rule's query at a time (ms), by their labels."""
    (step,) = [step for step in rule["data"] if step["refId"] == ref]
    assert step["model"]["format"] == 1
    span = step["relativeTimeRange"]
    asked = Asked(now - span["from"] * 1000, now - span["to"] * 1000)  # without variables: an alert has none
    rows, columns = client.execute(asked.sql(step["model"]["rawSql"]), with_column_types=True)
    return converted(rows, columns)


def converted(rows: list[tuple[Any, ...]], columns: list[tuple[str, str]]) -> Alerts:
    """Turn a table into numbers by labels."""
    texts = [at for at, (_, kind) in enumerate(columns) if TEXT.fullmatch(kind)]
    counts = [at for at, (_, kind) in enumerate(columns) if NUMBER.fullmatch(kind)]
    assert len(counts) == 1
    assert len(texts) + len(counts) == len(columns), columns
    found = {tuple((columns[at][0], row[at]) for at in texts): float(row[counts[0]]) for row in rows}
    assert len(found) == len(rows), "two rows have the same labels"
    return found
