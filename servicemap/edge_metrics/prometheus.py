"""Edges in Prometheus' text format."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

from graph.service_graph import BOUNDS, Series, ServiceGraph, cumulated
from servicemap.edge_metrics.names import FAILED, MEANINGS, REQUESTS, SECONDS

_LES = (*map(str, BOUNDS), "+Inf")


def text(graph: ServiceGraph) -> bytes:
    """Return the series of a graph as they are scraped."""
    requests, failed = (CounterMetricFamily(name, MEANINGS[name], labels=Series._fields) for name in (REQUESTS, FAILED))
    seconds = HistogramMetricFamily(SECONDS, MEANINGS[SECONDS], labels=Series._fields)
    for series, counts in list(graph.series.items()):
        requests.add_metric(series, counts.requests)
        failed.add_metric(series, counts.failed)
        buckets = list(zip(_LES, cumulated(counts.answers), strict=True))
        seconds.add_metric(series, buckets, counts.seconds)

    class Given:
        def collect(self) -> Iterable[CounterMetricFamily | HistogramMetricFamily]:
            return requests, failed, seconds

    registry = CollectorRegistry()
    registry.register(Given())
    return generate_latest(registry)
