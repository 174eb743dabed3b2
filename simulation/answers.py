"""What is said of requests that were answered: results by operation, and sketches of the times, of each end."""

from __future__ import annotations

from random import Random

from schemas.latency import microseconds
from simulation.kernel import Said
from simulation.times import MIDDLE, STEPS, Buckets
from simulation.ways import Way

WORDS = {  # of protocols whose requests the agent counts: what it says of one that succeeds, and of one that does not
    "http": ("GET 2xx", "GET 5xx"),
    "grpc": ("Service/Call ok", "Service/Call error"),
    "redis": ("GET ok", "GET error"),
    "memcached": ("GET ok", "GET error"),
    "postgresql": ("SELECT ok", "SELECT error"),
    "mysql": ("SELECT ok", "SELECT error"),
}


class Answers:
    """The answers on one way: made once for the times that its server has."""

    __slots__ = ("_by_client", "_by_server", "_step", "_words", "median_us")

    def __init__(self, way: Way) -> None:
        times = way.times
        self._by_server: Buckets = times.buckets()
        self._by_client: Buckets = times.buckets(way.rtt_us)
        self._words = WORDS.get(way.seat.instance.service.program.protocol)
        self._step = -1
        self.median_us = round(microseconds(self._by_client[MIDDLE]))

    def next_us(self, random: Random) -> int:
        """Return how long the next request takes."""
        self._step = int(random.random() * STEPS)
        return round(microseconds(self._by_client[self._step]))

    def of(self, requests: int, errors: int, random: Random) -> Said | None:
        """Return what is said of some requests; None if the agent does not know their protocol."""
        if self._words is None:
            return None
        good, bad = self._words
        results = {good: requests - errors} if errors < requests else {}
        if errors:
            results[bad] = errors
        by_server: dict[int, int] = {}
        by_client: dict[int, int] = {}
        each, more = divmod(requests, STEPS) if requests > STEPS else (0, requests)
        if each:
            for one in self._by_server:
                by_server[one] = by_server.get(one, 0) + each
            for one in self._by_client:
                by_client[one] = by_client.get(one, 0) + each
        for _ in range(more):
            step, self._step = self._step, -1
            if step < 0:
                step = int(random.random() * STEPS)
            one, other = self._by_server[step], self._by_client[step]
            by_server[one] = by_server.get(one, 0) + 1
            by_client[other] = by_client.get(other, 0) + 1
        return Said(results, by_server, by_client)
