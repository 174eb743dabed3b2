"""Rows of the store as series: rates by what was recorded of each step, and None where nothing was."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from graph.culprit.model import Edge, Values
from graph.culprit.rows import EdgeStepRow, UsedRow
from graph.requested import RequestStepRow
from schemas.counted import UNCOUNTED

LEAST_OF_STEP = 0.3  # has to be recorded; of less, nothing is known
_LEAST_SEGMENTS = 20  # sent in a step: a share of fewer proves nothing


class Cells(Protocol):
    """What hosts recorded of each step, by its start. graph.recorded.Recorded implements it."""

    def cells(self, hosts: Iterable[str]) -> Mapping[int, int]:
        """Return what at least one of these hosts recorded, ms. If none of them is known, take all hosts."""
        ...

    def knows(self, host: str) -> bool:
        """Return whether a host recorded anything."""
        ...


class Seen:
    """Makes series of steps, of which hosts recorded parts. `lengths` are those of the steps by their starts, ms."""

    def __init__(self, lengths: Mapping[int, int], end: int, recorded: Cells) -> None:
        self.times, self._lengths, self._end, self._recorded = list(lengths), lengths, end, recorded

    def edges(self, rows: Iterable[EdgeStepRow], requests: Iterable[RequestStepRow]) -> list[Edge]:
        """Return the edges with their series. `rows` of an edge that differ in ports only are several edges."""
        by_edge: dict[tuple[str, str, str], list[EdgeStepRow]] = defaultdict(list)
        for row in rows:
            by_edge[row.client, row.server, f"{row.transport}/{row.server_port}"].append(row)
        asked: dict[tuple[str, str, str], list[RequestStepRow]] = defaultdict(list)
        for one in requests:
            asked[one.client, one.server, f"{one.transport}/{one.server_port}"].append(one)
        return [
            Edge(client=key[0], server=key[1], port=key[2], series=self._edge(by_edge[key], asked.get(key, [])))
            for key in sorted(by_edge)
        ]

    def requests(
        self, rows: Sequence[RequestStepRow], hosts: Iterable[str], edge: Sequence[EdgeStepRow] = ()
    ) -> dict[str, Values]:
        """Return the series of requests; connections that failed were tries as well.

        Where an `edge` moved nothing, nothing was asked. Where it did and no requests were seen, nothing is known.
        """
        seconds = self._seconds(hosts)
        steps, by_time = {row.point: row for row in edge}, {row.point: row for row in rows}
        tried: dict[int, float] = {}
        lost: dict[int, float] = {}
        for time in self.times:
            row, step = by_time.get(time), steps.get(time)
            if row is None and (not edge or (step and step.moved)):
                continue
            refused = step.failed if step else 0
            ended = row.requests + row.given_up if row else 0
            known = ended - row.unseen if row else 0
            bad = row.errors + row.given_up if row else 0
            tried[time] = ended + refused
            lost[time] = (bad * ended / known if known else 0) + refused
        times = {
            name: self._values({row.point: pick(row) for row in rows if row.times and row.times[0] > 0})
            for name, pick in _TIMES.items()
        }
        return {"requests": self._rate(tried, seconds), "failed": self._rate(lost, seconds), **times}

    def used(self, rows: Iterable[UsedRow]) -> dict[str, dict[str, Values]]:
        """Return the series of what nodes used, by node and measure."""
        values: dict[str, dict[str, dict[int, float]]] = defaultdict(lambda: defaultdict(dict))
        for row in rows:
            for name, value in row.used.items():
                if not math.isnan(value):
                    values[row.node][name][row.point] = value
        return {node: {name: self._values(found) for name, found in of.items()} for node, of in values.items()}

    def alive(self, host: str) -> Values:
        """Return which part of each step a host reported; nothing of a host that never did."""
        cells = self._recorded.cells([host]) if self._recorded.knows(host) else {}
        lengths = {time: min(time + length, self._end) - time for time, length in self._lengths.items()}
        return [min(1.0, cells.get(time, 0) / lengths[time]) for time in self.times] if cells else []

    def _edge(self, rows: Sequence[EdgeStepRow], requests: Sequence[RequestStepRow]) -> dict[str, Values]:
        hosts = {f"host:{host}" for row in rows for host in (*row.client_hosts, *row.server_hosts)}
        seconds = self._seconds(hosts)
        nothing = dict.fromkeys(self.times, 0)
        series = {
            name: self._rate(nothing | {row.point: getattr(row, counted) for row in rows}, seconds)
            for name, counted in _RATES.items()
            if counted != "moved" or rows[0].transport not in UNCOUNTED
        }
        if requests:
            series |= self.requests(requests, hosts, rows)
        for end in ("client", "server"):
            trips = {row.point: getattr(row, f"{end}_rtt") / 1000 for row in rows}
            series[f"{end}_rtt"] = self._values({time: ms for time, ms in trips.items() if not math.isnan(ms)})
            series[f"{end}_retransmits"] = self._values(
                {
                    row.point: getattr(row, f"{end}_retransmits") / sent
                    for row in rows
                    if (sent := getattr(row, f"{end}_sent_segments")) >= _LEAST_SEGMENTS
                }
            )
        return {name: values for name, values in series.items() if any(value is not None for value in values)}

    def _seconds(self, hosts: Iterable[str]) -> dict[int, float]:
        """Return for how long any of some hosts recorded, of the steps of which enough is known."""
        cells = self._recorded.cells([host.removeprefix("host:") for host in hosts])
        if not cells:  # no host has reported; edges are all there is
            cells = self._lengths
        return {
            time: ms / 1000
            for time, length in self._lengths.items()
            if (ms := cells.get(time, 0)) >= LEAST_OF_STEP * length
        }

    def _rate(self, counts: Mapping[int, float], seconds: Mapping[int, float]) -> Values:
        return [counts[time] / seconds[time] if time in counts and seconds.get(time) else None for time in self.times]

    def _values(self, found: Mapping[int, float]) -> Values:
        return [found.get(time) for time in self.times]


_RATES = {"opened": "opened", "failed": "failed", "bytes": "moved"}
_TIMES: dict[str, Callable[[RequestStepRow], float]] = {
    "mean": lambda row: row.mean,
    "p50": lambda row: row.times[0],
    "p95": lambda row: row.times[1],
    "p99": lambda row: row.times[2],
}
