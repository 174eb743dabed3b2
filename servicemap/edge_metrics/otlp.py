"""Edges by OTLP: as JSON over HTTP, which every receiver takes."""

import gzip
import http.client
import ssl
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import msgspec

from graph.service_graph import BOUNDS, Counts, Series, ServiceGraph
from servicemap import __version__
from servicemap.edge_metrics.names import FAILED, MEANINGS, REQUESTS, SECONDS

SECONDS_TO_ANSWER = 10
_CUMULATIVE = 2  # AggregationTemporality of opentelemetry/proto/metrics/v1/metrics.proto
_Point = Callable[[Counts], dict[str, Any]]


class Refused(Exception):
    """The receiver did not take them; the message is one sentence."""


def document(graph: ServiceGraph, at: int) -> dict[str, Any]:
    """Return the series of a graph at a time, ms."""
    sums = {"aggregationTemporality": _CUMULATIVE, "isMonotonic": True}
    metrics = [
        _metric(f"{REQUESTS}_total", REQUESTS, "sum", sums, graph, at, lambda counts: {"asInt": str(counts.requests)}),
        _metric(f"{FAILED}_total", FAILED, "sum", sums, graph, at, lambda counts: {"asInt": str(counts.failed)}),
        _metric(SECONDS, SECONDS, "histogram", {"aggregationTemporality": _CUMULATIVE}, graph, at, _histogram),
    ]
    scope = {"scope": {"name": "servicemap", "version": __version__}, "metrics": metrics}
    return {
        "resourceMetrics": [
            {"resource": {"attributes": [_text("service.name", "servicemap")]}, "scopeMetrics": [scope]}
        ]
    }


def push(url: str, headers: Mapping[str, str], body: Mapping[str, Any]) -> None:
    """Send them to a receiver; Refused when it does not take them."""
    where = urlsplit(url)
    secure = where.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    more: dict[str, Any] = {"context": ssl.create_default_context()} if secure else {}
    try:
        with closing(kind(where.hostname or "", where.port, timeout=SECONDS_TO_ANSWER, **more)) as connection:
            target = (where.path or "/v1/metrics") + (f"?{where.query}" if where.query else "")
            sent = {"Content-Type": "application/json", "Content-Encoding": "gzip", **headers}
            connection.request("POST", target, gzip.compress(msgspec.json.encode(body)), sent)
            answer = connection.getresponse()
            reason = answer.read(1_000).decode(errors="replace").strip()
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Refused(f"nothing takes metrics at {url} ({error}): check edge_metrics.otlp") from None
    if answer.status >= 300:
        raise Refused(f"{url} answers {answer.status} {answer.reason}: {reason or 'without a reason'}")


def _metric(
    name: str, of: str, kind: str, about: Mapping[str, Any], graph: ServiceGraph, at: int, point: _Point
) -> dict[str, Any]:
    points = [_point(series, counts, at) | point(counts) for series, counts in list(graph.series.items())]
    return {"name": name, "description": MEANINGS[of], kind: {**about, "dataPoints": points}}


def _point(series: Series, counts: Counts, at: int) -> dict[str, Any]:
    return {
        "attributes": [_text(name, value) for name, value in series._asdict().items()],
        "startTimeUnixNano": str(counts.began * 1_000_000),
        "timeUnixNano": str(at * 1_000_000),
    }


def _histogram(counts: Counts) -> dict[str, Any]:
    return {
        "count": str(sum(counts.answers)),
        "sum": counts.seconds,
        "bucketCounts": [str(count) for count in counts.answers],
        "explicitBounds": list(BOUNDS),
    }


def _text(key: str, value: str) -> dict[str, Any]:
    return {"key": key, "value": {"stringValue": value}}
