"""Serve edges as metrics until a signal: follow the store, answer whatever scrapes, and push to a receiver."""

import logging
import os
import sys
from collections.abc import Iterator
from functools import partial

from graph.levels import LEVELS
from graph.service_graph import ServiceGraph
from schemas import metrics
from schemas.matching import unknown
from schemas.metrics import Sample
from schemas.retries import level
from servicemap.answering import connected, now
from servicemap.config import Config
from servicemap.edge_metrics.following import Follower
from servicemap.edge_metrics.otlp import Refused, document, push
from servicemap.edge_metrics.prometheus import text
from servicemap.exposing import exposed
from servicemap.options import Failure
from servicemap.parts import store_address
from servicemap.process import SUPERVISED, stop_event

EVERY_SECONDS = 5.0
_log = logging.getLogger(__name__)


class Pusher:
    """Pushes a graph to a receiver, if there is one. The next push makes up for one that fails: counters only grow."""

    def __init__(self, config: Config) -> None:
        self._url = config.edge_metrics.otlp
        self._headers = config.edge_metrics.otlp_headers
        self.failures = 0
        self._failing = 0  # in a row

    def push(self, graph: ServiceGraph, at: int) -> None:
        """Push what is counted up to a time, ms."""
        if not self._url:
            return
        try:
            push(self._url, self._headers, document(graph, at))
            self._failing = 0
        except Refused as error:
            self.failures += 1
            self._failing += 1
            _log.log(level(self._failing), "%s", error)


def run(config: Config) -> None:
    """Serve until a signal."""
    stop = stop_event()
    settings = config.edge_metrics
    if not config.metrics.enabled and not settings.otlp:
        raise Failure("nobody could get them: set metrics.enabled to serve metrics, or edge_metrics.otlp to push them")
    if settings.level not in LEVELS:
        raise Failure(f"edge_metrics.level: {unknown('level', settings.level, LEVELS)}")
    if SUPERVISED not in os.environ:
        store_address(config, write=False)  # fail now where no store is known
    graph = ServiceGraph(settings.most_edges)
    follower = Follower(partial(connected, config), graph, settings.level)
    pusher = Pusher(config)
    collect = partial(_samples, graph, follower, pusher)
    with exposed(config, "metrics", collect, partial(text, graph)) as url:
        if SUPERVISED not in os.environ:
            _announce(url, settings.otlp)
        while True:
            if follower.follow(now()):
                pusher.push(graph, follower.upto)
            if stop.wait(EVERY_SECONDS):
                break
    follower.close()


def _samples(graph: ServiceGraph, follower: Follower, pusher: Pusher) -> Iterator[Sample]:
    """Yield what the part counts of itself, and what of the edges is left out."""
    yield Sample(metrics.EDGE_SERIES, len(graph.series))
    yield Sample(metrics.EDGES_WITHOUT_ROOM, graph.without_room)
    yield Sample(metrics.EDGES_LEFT_OUT, graph.left_out["edges"])
    yield Sample(metrics.EDGE_REQUESTS_LEFT_OUT, graph.left_out["requests"])
    yield Sample(metrics.EDGE_READS_SKIPPED, follower.skipped)
    yield Sample(metrics.EDGE_READ_FAILURES, follower.failures)
    yield Sample(metrics.EDGE_PUSH_FAILURES, pusher.failures)
    yield Sample(metrics.EDGES_UPTO, follower.upto / 1000)


def _announce(url: str, otlp: str) -> None:
    where = [*([f"at {url}"] if url else []), *([f"pushed to {otlp}"] if otlp else [])]
    print(f"servicemap: edges are metrics {' and '.join(where)}", file=sys.stderr, flush=True)
