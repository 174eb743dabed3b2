"""The view `service_map` has the edges and requests of `servicemap map`, in the same range and at the same level."""

from collections.abc import Iterator
from typing import Any

import pytest

from graph.levels import LEVELS
from graph.model import Edge, Wanted
from graph.reading import read_map
from graph.requests import judged, requests_by_edge
from graph.service_map import SERVICE_MAP
from schemas.times import MINUTE_MS
from sinks.rollup import Rollup
from sinks.store import Store, StoreError
from tests.graph.flows import T0, WIDTH, End, flow, requests, stored
from tests.rollups.conftest import Fresh

WEB = End("10.0.0.1", 40_000, "h1", 10, "web", "c1", "shop", "web-0", "web")
API = End("10.0.0.2", 80, "h2", 20, "api")
DATABASE = End("10.0.0.3", 5432, "h3", 30, "database")
STRANGER = End("203.0.113.9", 50_000)
MINUTES = 8
RANGES = [(0, MINUTES * MINUTE_MS), (MINUTE_MS + 5_000, 5 * MINUTE_MS + 30_000), (3 * MINUTE_MS, 3 * MINUTE_MS + 5_000)]


@pytest.fixture(scope="module")
def store(fresh: Fresh) -> Store:
    """Some minutes of a town with a stranger, the first of them rolled up."""
    made, rows = fresh(), []
    for at in range(0, MINUTES * MINUTE_MS, WIDTH):
        counts: dict[str, Any] = {"opened": at % 3 == 0, "sent_bytes": at % 977, "rtt_us": 200 + at % 31}
        rows += [
            flow(WEB, API, window=T0 + at, **counts),
            flow(API._replace(port=41_000), DATABASE, window=T0 + at, **counts),
            flow(STRANGER, API, window=T0 + at, **counts),
        ]
    stored(made, *rows)
    requests(made, *((row, {"GET 2xx": 3, "GET 5xx": number % 2}, {400: 3}) for number, row in enumerate(rows[::3])))
    made.query(
        "INSERT INTO hosts (host, seen, hostname, labels) VALUES ('h1', now(), 'web1', {'region': 'eu', 'zone': 'a'})"
    )
    Rollup(made, lambda: T0 + 5 * MINUTE_MS).roll_up_all(T0, T0 + 5 * MINUTE_MS)
    assert made.query("SELECT count() > 0 FROM edges_1m") == [(1,)]
    return made


def of_map(store: Store, level: str, start: int, end: int) -> Iterator[dict[str, Any]]:
    """Yield the edges of `servicemap map`, as rows of the view."""
    found = read_map(store, Wanted(start=start, end=end, level=level))
    for edge in judged(found, requests_by_edge(store, level, start, end), {}).edges:
        fields = edge.as_fields()
        values = {column.name: fields[column.name] or 0 for column in SERVICE_MAP if column.name in fields}
        yield {name: int(value) if isinstance(value, bool) else value for name, value in values.items()}


def of_view(store: Store, level: str, start: int, end: int) -> list[dict[str, Any]]:
    times = (f"fromUnixTimestamp64Milli({at}, 'UTC')" for at in (start, end))
    return store.named("SELECT * FROM service_map(from = {}, to = {}, level = '{}')".format(*times, level))


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("range_", RANGES)
def test_the_view_has_the_edges_of_the_map(store: Store, level: str, range_: tuple[int, int]) -> None:
    start, end = (T0 + at for at in range_)
    wanted = list(of_map(store, level, start, end))

    found = of_view(store, level, start, end)

    assert len(wanted) == len(found) > 0
    for edge, row in zip(wanted, found, strict=True):
        for time in ("first", "last"):
            row[time] = f"{row[time]:%Y-%m-%dT%H:%M:%S}.{row[time].microsecond // 1000:03}Z"
            edge[time] = edge[time] if "." in edge[time] else edge[time].replace("Z", ".000Z")
        assert {name: row[name] or 0 for name in edge} == pytest.approx(edge)


def test_the_view_has_every_field_of_an_edge_that_sql_can_have(store: Store) -> None:
    (edge, *_) = read_map(store, Wanted(start=T0, end=T0 + MINUTE_MS, level="service")).edges
    judgements = {"recorded_s", "self_loop", "health", "why", "annotations"}
    assert isinstance(edge, Edge)
    assert edge.as_fields().keys() - judgements <= {column.name for column in SERVICE_MAP}


def test_columns_are_as_they_are_declared(store: Store) -> None:
    described = store.query("DESCRIBE (SELECT * FROM service_map(from = '2026-01-01', to = now(), level = 'service'))")
    assert [row[0] for row in described] == [column.name for column in SERVICE_MAP]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("from = '2026-01-01', to = '2026-01-02', level = 'galaxy'", "level: give one of service, process"),
        ("from = 'soon', to = '2026-01-02', level = 'service'", "Cannot read DateTime"),
        ("from = '2026-01-01', level = 'service'", "Substitution `to` is not set"),
    ],
)
def test_what_cannot_be_asked_is_answered_with_one_sentence(store: Store, given: str, words: str) -> None:
    with pytest.raises(StoreError, match=words):
        store.query(f"SELECT * FROM service_map({given})")


def test_an_empty_range_has_no_edges(store: Store) -> None:
    assert of_view(store, "service", T0, T0) == []
    assert of_view(store, "service", T0 + MINUTE_MS, T0) == []
