"""Maps read from roll-ups and windows together."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from graph.map import map_edges
from graph.node_graph_edges import graph_edges
from graph.node_graph_nodes import graph_nodes
from graph.requests import requests_by_edge
from schemas.times import DAY_MS, HOUR_MS, MINUTE_MS
from sinks.rollup import GRACE_MS, Rollup
from sinks.store import Store
from tests.graph.flows import T0, WIDTH, End, asked, flow, requests, stored
from tests.rollups.conftest import Fresh
from view.parameters import EdgeAsked, Level
from view.requests import request_series
from view.rows import Span

HOURS = 3
DAYS = 2  # before these hours, with an hour each
RANGES = [
    (0, HOURS * HOUR_MS),
    (5_000, 2 * HOUR_MS + 7 * MINUTE_MS + 10_000),
    (HOUR_MS, 2 * HOUR_MS),
    (2 * HOUR_MS + MINUTE_MS, HOURS * HOUR_MS),
    (90 * MINUTE_MS + 15_000, 90 * MINUTE_MS + 25_000),
    (59 * MINUTE_MS, 61 * MINUTE_MS),
    (-DAYS * DAY_MS - HOUR_MS - 5_000, HOURS * HOUR_MS),
    (-T0 % DAY_MS - 2 * DAY_MS, -T0 % DAY_MS - DAY_MS),
    (-T0 % DAY_MS - 2 * DAY_MS + 5_000, HOUR_MS),
]


@pytest.fixture(scope="module")
def stores(fresh: Fresh) -> tuple[Store, Store]:
    """Two stores with the same hours and days: one is rolled up as it would be live, the other not at all."""
    random = Random(7)
    rows: list[dict[str, Any]] = []
    for nth in range(600):
        client, server = (
            End(f"10.0.0.{n}", 0, f"h{n}", 100 + n, f"s{n % 3}", f"c{n}" if n % 2 else "")
            for n in random.sample(range(1, 6), 2)
        )
        counts: dict[str, Any] = {
            "opened": random.randint(0, 1),
            "closed": random.randint(0, 1),
            "sent_bytes": random.randint(0, 9999),
            "rtt_us": random.randint(0, 99),
        }
        ago = nth // 2 % 4 % (DAYS + 1)  # half of them today
        at = T0 - ago * DAY_MS + random.randrange(HOUR_MS if ago else HOURS * HOUR_MS) // WIDTH * WIDTH
        there = server._replace(port=80 + random.randint(0, 1))
        rows.append(flow(client._replace(port=random.randint(30_000, 60_000)), there, window=at, **counts))
    asked_on = [
        (row, {"GET 2xx": random.randint(1, 9), "GET 5xx": random.randint(0, 1)}, {random.randint(1, 900): 1})
        for row in rows[::2]
    ]
    rolled, plain = fresh(), fresh()
    for store in (rolled, plain):
        stored(store, *rows)
        requests(store, *asked_on)
    rollup = Rollup(rolled, lambda: T0 + HOURS * HOUR_MS)
    for day in range(-DAYS, 0):
        rollup.roll_up_all(T0 + day * DAY_MS, T0 + day * DAY_MS + HOUR_MS)
    rollup.roll_up_all(T0, T0 + HOURS * HOUR_MS)
    for unit in ("hour", "day"):
        for table in (f"edges_1{unit[0]}", f"requests_1{unit[0]}"):
            whole = {"hour": DAYS + HOURS - 1, "day": DAYS}[unit]
            assert rolled.query(f"SELECT uniq({unit}) FROM {table}") == [(whole,)]
    assert rolled.query("SELECT toUnixTimestamp64Milli(max(minute)) FROM edges_1m") != [(0,)]
    assert GRACE_MS > MINUTE_MS  # so that the last minutes are windows alone
    return rolled, plain


@pytest.mark.parametrize("range_", RANGES)
@pytest.mark.parametrize("level", ["process", "container", "namespace"])
def test_a_map_is_the_same_with_and_without_rollups(
    stores: tuple[Store, Store], level: str, range_: tuple[int, int]
) -> None:
    low, high = range_
    values = {"level": level, "service": "", "host": "", "from": T0 + low, "to": T0 + high}

    rolled, plain = (asked(store, map_edges(level), values)[0] for store in stores)

    assert rolled == plain
    assert rolled or high - low < MINUTE_MS


@pytest.mark.parametrize("range_", RANGES)
@pytest.mark.parametrize("level", ["process", "container", "address"])
def test_requests_on_a_map_are_the_same_with_and_without_rollups(
    stores: tuple[Store, Store], level: str, range_: tuple[int, int]
) -> None:
    low, high = range_

    rolled, plain = (requests_by_edge(store, level, T0 + low, T0 + high) for store in stores)

    assert rolled == plain
    assert rolled or high - low < MINUTE_MS
    ((count,),) = stores[1].query(
        "SELECT sum(requests) FROM process_requests "
        f"WHERE toUnixTimestamp64Milli(window) BETWEEN {T0 + low} AND {T0 + high - 1}"
    )
    assert sum(each.requests for each in rolled.values()) == count


@pytest.mark.parametrize("step_ms", [MINUTE_MS, HOUR_MS])
@pytest.mark.parametrize(
    ("level", "client", "server"),
    [
        ("container", "host:h2", "container:h1:c1"),
        ("address", "address:10.0.0.2", "address:10.0.0.1"),
    ],
)
@pytest.mark.parametrize("one_edge", [True, False])
def test_requests_over_time_are_the_same_with_and_without_rollups(
    stores: tuple[Store, Store], step_ms: int, one_edge: bool, level: Level, client: str, server: str
) -> None:
    end = T0 + HOURS * HOUR_MS - 7 * WIDTH
    over = Span(T0, end, step_ms, end, rolled=True)
    edge = EdgeAsked(client=client, server=server, port=80) if one_edge else None

    rolled, plain = (request_series(store, level, over, server, edge) for store in stores)

    assert rolled == plain
    assert len({row.point for row in rolled}) == len(rolled) > 1
    assert {row.point % step_ms for row in rolled} == {0}


@pytest.mark.parametrize("graph", [graph_nodes, graph_edges])
def test_a_graph_is_the_same_with_and_without_rollups(stores: tuple[Store, Store], graph: Callable[[], str]) -> None:
    values = {"level": "process", "service": "", "host": "", "focus": "", "hops": "1"}

    rolled, plain = (
        asked(store, graph(), {**values, "from": T0 + 5_000, "to": T0 + HOURS * HOUR_MS})[0] for store in stores
    )

    assert rolled == plain
    assert rolled
