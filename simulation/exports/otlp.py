"""OTLP's traces as JSON, a line for each trace: spans by the resource that made them, each process one."""

from collections.abc import Iterable
from io import TextIOBase
from typing import Any

import msgspec

from simulation.traces import Span
from simulation.truth import TrueEnd

_SERVER, _CLIENT, _ERROR = 2, 3, 2  # SpanKind and StatusCode of opentelemetry/proto/trace/v1/trace.proto
_MASK = 0xA5A5_A5A5_A5A5_A5A5  # the server's span has an id of its own: the client's, changed


def write(traces: Iterable[list[Span]], out: TextIOBase) -> None:
    """Write a line for each trace, as OpenTelemetry's file exporter does."""
    for trace in traces:
        out.write(msgspec.json.encode({"resourceSpans": _resources(trace)}).decode() + "\n")


def _resources(trace: Iterable[Span]) -> list[dict[str, Any]]:
    ends: dict[str, TrueEnd] = {}
    spans: dict[str, list[dict[str, Any]]] = {}
    for span in trace:
        for end, made in ((span.client, _client(span)), (span.server, _server(span))):
            ends[end.node] = end
            spans.setdefault(end.node, []).append(made)
    scope = {"name": "servicemap.simulation"}
    return [
        {"resource": {"attributes": _resource(ends[node])}, "scopeSpans": [{"scope": scope, "spans": made}]}
        for node, made in spans.items()
    ]


def _client(span: Span) -> dict[str, Any]:
    parent = {} if span.parent is None else {"parentSpanId": _of_server(span.parent)}
    about = [_text("server.address", span.server.address), _number("server.port", span.port)]
    made = _span(span, _CLIENT, span.id, span.start_us, span.duration_us)
    return made | parent | {"attributes": about}


def _server(span: Span) -> dict[str, Any]:
    took = max(1, span.duration_us - 2 * span.transit_us)
    made = _span(span, _SERVER, span.id ^ _MASK, span.start_us + span.transit_us, took)
    about = [_text("client.address", span.client.address)]
    return made | {"parentSpanId": f"{span.id:016x}", "attributes": about}


def _span(span: Span, kind: int, id_: int, start_us: int, took_us: int) -> dict[str, Any]:
    return {
        "traceId": f"{span.trace:032x}",
        "spanId": f"{id_:016x}",
        "name": "request",
        "kind": kind,
        "startTimeUnixNano": f"{start_us * 1000}",
        "endTimeUnixNano": f"{(start_us + took_us) * 1000}",
        "status": {"code": _ERROR} if span.failed else {},
    }


def _of_server(id_: int) -> str:
    return f"{id_ ^ _MASK:016x}"


def _resource(end: TrueEnd) -> list[dict[str, Any]]:
    known = {
        "service.name": end.service,
        "service.instance.id": end.instance,
        "host.name": end.host,
        "cloud.availability_zone": end.zone,
    }
    return [_text(key, value) for key, value in known.items() if value]


def _text(key: str, value: str) -> dict[str, Any]:
    return {"key": key, "value": {"stringValue": value}}


def _number(key: str, value: int) -> dict[str, Any]:
    return {"key": key, "value": {"intValue": str(value)}}
