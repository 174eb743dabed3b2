"""Zipkin v2: each request as two spans with one id, the client's and the server's, which is marked as shared."""

from collections.abc import Iterable, Iterator
from io import TextIOBase
from typing import Any

import msgspec

from simulation.traces import Span
from simulation.truth import TrueEnd


def write(traces: Iterable[list[Span]], out: TextIOBase) -> None:
    """Write a list of all spans, one a line."""
    out.write("[")
    comma = "\n"
    for trace in traces:
        for span in trace:
            for one in _pair(span):
                out.write(comma + msgspec.json.encode(one).decode())
                comma = ",\n"
    out.write("\n]\n")


def _pair(span: Span) -> Iterator[dict[str, Any]]:
    """Yield both spans of a request."""
    own: dict[str, Any] = {"traceId": f"{span.trace:032x}", "id": f"{span.id:016x}", "name": "request"}
    if span.parent is not None:
        own["parentId"] = f"{span.parent:016x}"
    if span.failed:
        own["tags"] = {"error": "true"}
    client, server = _endpoint(span.client), _endpoint(span.server) | {"port": span.port}
    took = span.duration_us
    yield own | {
        "kind": "CLIENT",
        "timestamp": span.start_us,
        "duration": took,
        "localEndpoint": client,
        "remoteEndpoint": server,
    }
    yield own | {
        "kind": "SERVER",
        "shared": True,
        "timestamp": span.start_us + span.transit_us,
        "duration": max(1, took - 2 * span.transit_us),
        "localEndpoint": server,
        "remoteEndpoint": client,
    }


def _endpoint(end: TrueEnd) -> dict[str, Any]:
    family = "ipv6" if ":" in end.address else "ipv4"
    return {"serviceName": end.service, family: end.address}
