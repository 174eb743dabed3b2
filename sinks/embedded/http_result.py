"""Results of queries as answers of the HTTP interface: in a format, block by block where the format has them."""

import json
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler

from sinks.embedded import sql
from sinks.embedded.blocks import Block, blocks_of
from sinks.embedded.client import Client
from sinks.embedded.http_answer import Answer
from sinks.embedded.http_packing import Framed, chosen
from sinks.embedded.http_request import Request

# Formats without a head or foot for the whole result, so blocks can follow each other.
_STREAMED = {"Native", "TabSeparated", "TSV", "TabSeparatedRaw", "TSVRaw", "CSV", "RowBinary"} | {
    "JSONEachRow",
    "NDJSON",
    "JSONCompactEachRow",
}
_TYPES = {
    "JSON": "application/json; charset=UTF-8",
    "CSV": "text/csv; charset=UTF-8; header=absent",
    "CSVWithNames": "text/csv; charset=UTF-8; header=present",
    "JSONEachRow": "application/x-ndjson; charset=UTF-8",
    "JSONCompact": "application/json; charset=UTF-8",
    "Native": "application/octet-stream",
    "RowBinary": "application/octet-stream",
    "Parquet": "application/octet-stream",
    "Arrow": "application/octet-stream",
}
_TSV = "text/tab-separated-values; charset=UTF-8"


def answer_to(request: Request, handler: BaseHTTPRequestHandler, timezone: str) -> Answer:
    """Return an answer that is packed as the request wants it, errors too."""
    answer = Answer(handler)
    answer.headers |= {
        "X-ClickHouse-Query-Id": request.query_id,
        "X-ClickHouse-Timezone": timezone,
        "X-ClickHouse-Server-Display-Name": "servicemap",
    }
    if request.has("compress"):
        answer.packing = Framed()
    elif request.has("enable_http_compression"):
        answer.packing = chosen(handler.headers.get("Accept-Encoding", ""))
    return answer


def select(client: Client, text: str, request: Request, answer: Answer) -> None:
    """Run a statement and send its result; raises EngineError as long as nothing is sent."""
    named, sure = sql.output_format(text)
    form = named or request.form
    if request.has("http_write_exception_in_output_format"):
        answer.in_format = form
    streamed = sure and form in _STREAMED and not request.has("wait_end_of_query")
    streamed = streamed and not client.may_have_totals(text, request.settings)
    progress = None
    if request.progress_seconds:
        answer.begin_progress(request.progress_seconds)
        progress = answer.progress
    result = client.run(text, request.form, request.settings, request.parameters, streamed, progress)
    with closing(result):  # type: ignore[type-var]
        pieces = _native(client, text, request, result) if form == "Native" else result
        answer.result(pieces, lambda: summary(client, form), request.hold)


def _native(client: Client, text: str, request: Request, result: Iterator[bytes]) -> Iterator[bytes]:
    some = False
    for piece in result:
        some = True
        if request.revision:
            yield b"".join(block.encode(request.revision) for block in blocks_of(piece))
        else:
            yield piece
    columns = () if some else client.empty_columns(sql.without_format(text), request.parameters)
    if columns:
        yield Block(0, columns).encode(request.revision)


def summary(client: Client, form: str, written: int = 0, size: int = 0) -> dict[str, str]:
    """Return the headers that report what a statement has done so far."""
    counts = client.session.counts
    numbers = {
        "read_rows": counts.read_rows or written,
        "read_bytes": counts.read_bytes or size,
        "written_rows": written,
        "written_bytes": size,
        "total_rows_to_read": counts.read_rows,
        "result_rows": counts.result_rows or written,
        "result_bytes": counts.result_bytes or size,
        "elapsed_ns": int(counts.seconds * 1e9),
    }
    return {
        "Content-Type": _TYPES.get(form, _TSV if form.startswith("T") else "text/plain; charset=UTF-8"),
        "X-ClickHouse-Format": form,
        "X-ClickHouse-Summary": json.dumps({name: str(n) for name, n in numbers.items()}, separators=(",", ":")),
    }
