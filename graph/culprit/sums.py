"""Series of edges, added up: what reaches a node, and which share of it fails."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from graph.culprit.measures import TIMES
from graph.culprit.model import Edge, Values

Series = Mapping[str, Values]
_NOTHING: Values = ()


def failing(series: Series) -> Values:
    """Return the share of requests, or else of new connections, that fails; None where none of them was tried."""
    failed = series.get("failed", _NOTHING)
    tried = series.get("requests") or series.get("opened") or _NOTHING
    return [
        min(1.0, bad / total) if bad is not None and total else None for bad, total in zip(failed, tried, strict=False)
    ]


def together(edges: Iterable[Edge]) -> dict[str, Values]:
    """Return the series of several edges as one: rates are added up, times are means by requests."""
    found = [_tried(edge.series) for edge in edges]
    rates = {name: _each(sum, found, name) for name in ("requests", "failed")}
    times = {name: _mean_by_requests(found, name) for name in TIMES}
    return {name: values for name, values in (rates | times).items() if values}


def _tried(series: Series) -> Series:
    """Return series whose requests are connections where no requests are seen."""
    return series if series.get("requests") or not series.get("opened") else {**series, "requests": series["opened"]}


def _each(made: Callable[[Iterable[float]], float], found: Sequence[Series], name: str) -> Values:
    columns = [series[name] for series in found if series.get(name)]
    if len(columns) == 1:
        return columns[0]
    return [
        made(known) if (known := [value for value in values if value is not None]) else None
        for values in zip(*columns, strict=True)
    ]


def _mean_by_requests(found: Sequence[Series], name: str) -> Values:
    pairs = [
        (series[name], series.get("requests") or [1.0] * len(series[name])) for series in found if series.get(name)
    ]
    if len(pairs) == 1:
        return pairs[0][0]
    made: list[float | None] = []
    for step in zip(*(zip(times, weights, strict=True) for times, weights in pairs), strict=True):
        known = [(time, weight or 0.0) for time, weight in step if time is not None]
        total = sum(weight for _, weight in known)
        made.append(sum(time * weight for time, weight in known) / total if total else None)
    return made
