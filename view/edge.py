"""The answer of /api/edge: facts, time series of each side, events, and SQL for the same rows."""

from typing import Any

import msgspec

from answers.faults import NotThere
from graph import counters
from graph.columns import ENDS
from graph.health import Counts, faults, judgement, usual_ms
from graph.levels import between
from graph.model import Node
from graph.recorded import read_recorded
from graph.requests import Key, Requests, plus_requests, usual_by_edge
from graph.series import EdgeSeriesRow, edge_series
from graph.statement import edge_statement
from schemas.counted import SUMS, UNCOUNTED
from schemas.times import HOUR_MS
from schemas.unix_names import TRANSPORT as UNIX
from schemas.unix_names import name_of
from sinks.store import Store
from view.events import About, events
from view.facts import MEASURES, SIDES
from view.keys import edge_id
from view.lines import of_edge
from view.members import members
from view.newest import read_newest
from view.parameters import EdgeAsked, level_of, time_range
from view.requests import LINES, request_series, summed
from view.rows import Span, read_rows, read_span
from view.series import POINTS, series

_HAPPENED = ("opened", "failed")


def edge_answer(store: Store, asked: EdgeAsked, now: int) -> dict[str, Any]:
    """Return the answer of /api/edge; without a range, that of the last hour. NotThere where there is no such edge."""
    level = between(level_of(end, asked.level) for end in (asked.client, asked.server))
    newest = read_newest(store, now)
    over = read_span(store, *time_range(asked, newest.end, HOUR_MS), POINTS, newest)
    which = {"client": asked.client, "server": asked.server, "transport": asked.transport, "port": asked.port}
    text = edge_series(level, rolled_up=over.rolled)
    rows = read_rows(store, EdgeSeriesRow, text, over, [asked.client, asked.server], **which)
    if not rows:
        on = f"{asked.transport} {asked.port}"
        raise NotThere(f"{asked.client} does not talk to {asked.server} on {on} in this time range")
    lines = of_edge(asked.transport)
    requests = request_series(store, level, over, asked.server, asked)
    usual = usual_by_edge(store, level, over.start) if requests else {}
    before = usual.get(_key(asked))
    processes = members(store, [asked.client, asked.server], over)
    ends = [end.removeprefix("host:") for end in (asked.client, asked.server)]
    recorded = read_recorded(store, over.start, over.end, over.step, level=level)
    seen_by = {*ends, *(each.host for each in processes)}
    cells = recorded.cells(seen_by)
    return {
        "from": over.start,
        "to": over.end,
        "newest": newest.end,
        "step_ms": over.step,
        "recorded": [[at, cells.get(at, 0) / 1000] for at, _ in over.times()],
        "level": level,
        "facts": _facts(asked, rows, summed(requests), before, recorded.seconds(seen_by)),
        "sides": SIDES,
        "judged": MEASURES,
        "series": (series(LINES, requests, over, cells) if requests else {}) | series(lines, rows, over, cells),
        "members": [msgspec.to_builtins(each) for each in processes],
        "events": _events(store, asked, processes, over),
        "sql": edge_statement(asked.client, asked.server, asked.transport, asked.port, level, over.start, over.end),
    }


def _key(asked: EdgeAsked) -> Key:
    return Key(asked.client, asked.server, asked.transport, asked.port)


def _facts(
    asked: EdgeAsked, rows: list[EdgeSeriesRow], requests: Requests | None, usual: Requests | None, seconds: float
) -> dict[str, Any]:
    """Return the edge over the whole range, with the field names of the map."""
    happened = {name: sum(row.happened[name] for row in rows) for name in _HAPPENED}
    sums = {f"{end}_{name}": sum(getattr(row, f"{end}_sums")[name] for row in rows) for end in ENDS for name in SUMS}
    counted = Counts(happened | counters.judged(sums))
    known = asked.transport not in UNCOUNTED
    if requests:
        counted = plus_requests(counted, requests, usual)
    return {
        "id": edge_id(_key(asked)),
        "client": asked.client,
        "server": asked.server,
        "transport": asked.transport,
        "server_port": asked.port,
        **({"port_name": name_of(max(row.server_address for row in rows))} if asked.transport == UNIX else {}),
        "rule": rows[-1].rule,
        "protocol": max(row.protocol for row in rows),
        "tls_name": max(row.tls_name for row in rows),
        "alias": max(row.alias for row in rows),
        "first": min(row.first for row in rows),
        "last": max(row.last for row in rows),
        **{f"connections_{name}": count for name, count in happened.items()},
        **(sums if known else dict.fromkeys(sums)),
        "recorded_s": seconds,
        "bytes_s": counters.moved(sums) / seconds if known else None,
        "opened_s": happened["opened"] / seconds,
        **counted.shares(),
        **judgement(faults(counted)),
        "signals": "requests" if requests else "tcp",
        **(requests.as_fields() | {"requests_s": requests.requests / seconds} if requests else {}),
        **({"usual_ms": usual_ms(counted.usual)} if requests else {}),
    }


def _events(store: Store, asked: EdgeAsked, processes: list[Node], over: Span) -> list[dict[str, Any]]:
    """Return the events of the processes at both ends, and those of edges to this port."""
    subjects = [each.id for each in processes]
    services = sorted({each.service for each in processes if each.service})
    found = events(store, over.start, over.end, About(subjects, services))
    port = f":{asked.port}"
    return [each for each in found if each["subject"] in subjects or each["object"].endswith(port)]
