"""Clusters in random fleets: how many are recognised, how many are right, and what it takes to look."""

import statistics
import time

from benchmarks.cluster_scenes import make, score
from benchmarks.result import Goal, Result
from graph.clusters import clusters

FLEETS = 200


def run() -> list[Result]:
    """Recognise the clusters of fleets that no test looks at."""
    precision, recall = score(range(10_000, 10_000 + FLEETS))
    goal = Goal(op=">=", number=95, of="value")
    return [
        Result(name=f"clusters of {FLEETS} fleets that are right", value=100 * precision, unit="%", goal=goal),
        Result(name=f"clusters of {FLEETS} fleets that are found", value=100 * recall, unit="%", goal=goal),
        _time(),
    ]


def _time() -> Result:
    maps = [make(seed).seen for seed in range(20)]
    runs = []
    for each in maps:
        began = time.process_time()
        clusters(each)
        runs.append(1_000_000 * (time.process_time() - began) / len(each.edges))
    return Result(
        name="time to find the clusters of a map",
        value=statistics.median(runs),
        unit="µs an edge",
        goal=Goal(op="<=", number=30, of="value"),
        runs=runs,
    )
