"""All about one edge: facts, what each of its sides counts, events, and the SQL that asks for the same."""

from typing import Any

import msgspec

from graph.health import Counts, faults, judgement, usual_ms
from graph.model import Node
from graph.recorded import read_recorded
from graph.requests import Requests, usual_by_edge
from sinks.store import Store
from view.keys import edge_id
from view.lines import EDGE
from view.members import members
from view.newest import read_newest
from view.parameters import EdgeAsked, Level, NotThere, level_of, stretch
from view.requests import LINES, request_series, summed
from view.rows import HOUR_MS, Row, Span, read_rows, read_span
from view.series import POINTS, told
from view.statement import edge_statement
from view.timeline import About, events

_FINEST: tuple[Level, ...] = ("process", "service", "container", "host", "address")
_SUMS = (  # columns of view_edge_series
    ("connections_opened", 1), ("connections_failed", 3), ("client_sent_bytes", 4), ("client_received_bytes", 5),
    ("server_sent_bytes", 6), ("server_received_bytes", 7), ("client_retransmits", 8), ("server_retransmits", 9),
    ("client_sent_segments", 10), ("server_sent_segments", 11),
)  # fmt: skip


def edge_answer(store: Store, asked: EdgeAsked, now: int) -> dict[str, Any]:
    """Return what is known of an edge, as /api/edge tells it; without a range, in the last hour. Raises NotThere."""
    level = min((level_of(end, asked.level) for end in (asked.client, asked.server)), key=_FINEST.index)
    newest = read_newest(store, now)
    over = read_span(store, *stretch(asked, newest.end, HOUR_MS), POINTS, newest)
    which = {"client": asked.client, "server": asked.server, "transport": asked.transport, "port": asked.port}
    rows = read_rows(store, "view_edge_series", level, over, [asked.client, asked.server], **which)
    if not rows:
        on = f"{asked.transport} {asked.port}"
        raise NotThere(f"{asked.client} does not talk to {asked.server} on {on} in this stretch")
    requests = request_series(store, level, over, asked.server, asked)
    usual = usual_by_edge(store, level, over.start) if requests else {}
    before = usual.get((asked.client, asked.server, asked.transport, asked.port))
    made_of = members(store, [asked.client, asked.server], over)
    ends = [end.removeprefix("host:") for end in (asked.client, asked.server)]
    recorded = read_recorded(store, over.start, over.end, over.step)
    seen_by = {*ends, *(each.host for each in made_of)}
    cells = recorded.cells(seen_by)
    return {
        "from": over.start,
        "to": over.end,
        "newest": newest.end,
        "step_ms": over.step,
        "recorded": [[at, cells.get(at, 0) / 1000] for at, _ in over.times()],
        "level": level,
        "facts": _facts(asked, rows, summed(requests), before, recorded.seconds(seen_by)),
        "series": (told(LINES, requests, over, cells) if requests else {}) | told(EDGE, rows, over, cells),
        "members": [msgspec.to_builtins(each) for each in made_of],
        "events": _events(store, asked, made_of, over),
        "sql": edge_statement(asked.client, asked.server, asked.transport, asked.port, level, over.start, over.end),
    }


def _facts(
    asked: EdgeAsked, rows: list[Row], requests: Requests | None, usual: Requests | None, seconds: float
) -> dict[str, Any]:
    """Return the edge over the whole stretch, named as on the map."""
    sums = {name: sum(row[column] for row in rows) for name, column in _SUMS}
    opened, failed = sums["connections_opened"], sums["connections_failed"]
    asks = max(sums["client_sent_bytes"], sums["server_received_bytes"])
    answers = max(sums["client_received_bytes"], sums["server_sent_bytes"])
    segments = sums["client_sent_segments"] + sums["server_sent_segments"]
    retransmits = sums["client_retransmits"] + sums["server_retransmits"]
    before = usual.latency if usual else {}
    http = (requests.requests, requests.errors, requests.latency, before) if requests else ()
    counted = Counts(opened, failed, segments, retransmits, *http)
    return {
        "id": edge_id((asked.client, asked.server, asked.transport, asked.port)),
        "client": asked.client,
        "server": asked.server,
        "transport": asked.transport,
        "server_port": asked.port,
        "rule": rows[-1][16],
        "first": min(row[14] for row in rows),
        "last": max(row[15] for row in rows),
        **sums,
        "recorded_s": seconds,
        "bytes_s": (asks + answers) / seconds,
        "opened_s": opened / seconds,
        "failed_share": counted.failed_share,
        "retransmit_share": counted.retransmit_share,
        **judgement(faults(counted)),
        "signals": "http" if requests else "tcp",
        **(requests.told() | {"requests_s": requests.requests / seconds} if requests else {}),
        **({"usual_ms": usual_ms(before)} if requests else {}),
    }


def _events(store: Store, asked: EdgeAsked, made_of: list[Node], over: Span) -> list[dict[str, Any]]:
    """Return what happened to the processes at both ends, and when connections to this port came and went."""
    subjects = [each.id for each in made_of]
    services = sorted({each.service for each in made_of if each.service})
    found = events(store, over.start, over.end, About(subjects, services))
    port = f":{asked.port}"
    return [each for each in found if each["subject"] in subjects or each["object"].endswith(port)]
