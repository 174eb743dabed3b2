"""PetShop's labelled incidents as evidence: what it measures of a component is taken for its edges and for itself."""

import csv
import json
from collections import defaultdict
from pathlib import Path
from typing import Any, Literal, NamedTuple

from graph.culprit.model import Edge, Evidence, Node, Values

FOLDER = Path(__file__).parents[2] / "shared" / "data" / "petshop"
SCENARIOS = ("low_traffic", "high_traffic")  # those with a normal period
STEP_S = 300
NAMES = {"Average": "mean", "p50": "p50", "p95": "p95"}
_USERS = "users"


class Incident(NamedTuple):
    """An incident by its scenario and the name of its folder, with the culprit in its evidence."""

    scenario: str
    name: str
    truth: str
    evidence: Evidence


def incidents(folder: Path) -> list[Incident]:
    """Return the incidents of the scenarios that have a normal period; [] where the data are not."""
    return [
        _incident(folder / scenario, path)
        for scenario in SCENARIOS
        if (folder / scenario / "noissue" / "metrics.csv").exists()
        for path in sorted((folder / scenario).glob("t*/issue_*"))
    ]


def quiet(folder: Path, length: int = 5) -> list[Evidence]:
    """Return stretches of the normal periods, as if trouble had begun in each of them."""
    found = []
    for scenario in SCENARIOS:
        path = folder / scenario / "noissue" / "metrics.csv"
        if not path.exists():
            continue
        times, metrics = _metrics(path)
        calls = _calls(folder / scenario / "graph.csv")
        for end in range(len(times) // 2, len(times) - length, length):
            some = {node: {name: values[: end + length] for name, values in of.items()} for node, of in metrics.items()}
            found.append(_evidence(times[: end + length], some, calls, began=times[end]))
    return found


def _incident(scenario: Path, path: Path) -> Incident:
    labels: dict[str, Any] = json.loads((path / "target.json").read_text())
    usual_times, usual = _metrics(scenario / "noissue" / "metrics.csv")
    now_times, now = _metrics(path / "metrics.csv")
    nothing: dict[str, Values] = {}
    metrics: dict[str, dict[str, Values]] = {
        node: {
            name: [
                *usual.get(node, nothing).get(name, [None] * len(usual_times)),
                *now.get(node, nothing).get(name, [None] * len(now_times)),
            ]
            for name in {*usual.get(node, ()), *now.get(node, ())}
        }
        for node in {*usual, *now}
    }
    # The normal period is of another day: it is put right before the incident.
    steps = [now_times[0] + (n - len(usual_times)) * STEP_S * 1000 for n in range(len(usual_times))]
    target = labels["target"]
    evidence = _evidence(
        [*steps, *now_times],
        metrics,
        _calls(scenario / "graph.csv"),
        began=target["timestamp"] * 1000,
        trouble="slow" if target["metric"] == "latency" else "failing",
    )
    return Incident(scenario.name, f"{path.parent.name}/{path.name}", labels["root_cause"]["node"], evidence)


def _evidence(
    times: list[int],
    metrics: dict[str, dict[str, Values]],
    calls: list[tuple[str, str]],
    began: int,
    trouble: Literal["", "slow", "failing"] = "",
) -> Evidence:
    called = {server for _, server in calls}
    edges = [*calls, *((_USERS, client) for client in sorted({client for client, _ in calls} - called))]
    callers: dict[str, list[str]] = defaultdict(list)
    for client, server in edges:
        callers[server].append(client)
    made = [
        Edge(client=client, server=server, series=_shared(metrics.get(server, {}), len(callers[server])))
        for client, server in edges
    ]
    nodes = [Node(id=node, seen=not node.endswith("_remote")) for node in sorted({*metrics, *called})]
    return Evidence(times=times, nodes=nodes, edges=made, began=began, symptom="PetSite", trouble=trouble)


def _shared(series: dict[str, Values], callers: int) -> dict[str, Values]:
    """Return what reaches a component as that of one of its callers: nobody knows which of them asks how often."""
    rates = ("requests", "failed")
    return {
        name: [None if value is None else value / callers for value in values] if name in rates else values
        for name, values in series.items()
    }


def _calls(path: Path) -> list[tuple[str, str]]:
    with path.open() as file:
        names, *rows = csv.reader(file)
    return [
        (row[0], name)
        for row in rows
        for name, there in zip(names[1:], row[1:], strict=True)
        if float(there or 0) and name != row[0]
    ]


def _metrics(path: Path) -> tuple[list[int], dict[str, dict[str, Values]]]:
    """Return the times, ms, and the series of each component."""
    with path.open() as file:
        rows = list(csv.reader(file))
    nodes, metrics, statistics = rows[:3]
    kept = [row for row in rows[3:] if _number(row[0]) is not None and len(row) == len(nodes)]
    times = [round(float(row[0]) * 1000) for row in kept]
    columns: dict[tuple[str, str, str], list[float | None]] = {
        (nodes[at], metrics[at], statistics[at]): [_number(row[at]) for row in kept] for at in range(1, len(nodes))
    }
    found: dict[str, dict[str, Values]] = defaultdict(dict)
    for (node, metric, statistic), values in columns.items():
        if metric == "latency" and statistic in NAMES:
            found[node][NAMES[statistic]] = [None if value is None else value * 1000 for value in values]
        elif metric == "requests":
            asked = [None if value is None else value / STEP_S for value in values]
            there = columns[node, "availability", "Average"]
            failed = [
                None if rate is None or share is None else rate * (1 - share / 100)
                for rate, share in zip(asked, there, strict=True)
            ]
            found[node] |= {"requests": asked, "failed": failed}
    return times, found


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
