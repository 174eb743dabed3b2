"""What an edge is known by, and the requests that may be known of it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from schemas.latency import quantile
from servicemap.map_model import Edge

Key = tuple[str, str, str, int]  # client, server, transport, server's port


def key(edge: Edge) -> Key:
    """Return what an edge is known by."""
    return edge.client, edge.server, edge.transport, edge.server_port


def edge_id(edge: Key) -> str:
    """Return the id of an edge: its client, server, transport and port, with tabs between, which no name has."""
    return "\t".join(map(str, edge))


class Requests(NamedTuple):
    """HTTP requests on an edge: how many, how many failed (5xx or unanswered), and the sketch of the answers' times."""

    requests: int
    errors: int
    latency: Mapping[int, int]

    def told(self) -> dict[str, Any]:
        """Return them as an edge tells them; times are None where nothing was answered."""
        p50, p99 = quantiles(self.latency)
        return {"requests": self.requests, "errors": self.errors, "p50_ms": p50, "p99_ms": p99, "signals": "http"}


def quantiles(latency: Mapping[int, int]) -> tuple[float | None, float | None]:
    """Return p50 and p99 of a sketch in ms; None without any answers."""
    if not latency:
        return None, None
    return quantile(latency, 0.5) / 1000, quantile(latency, 0.99) / 1000
