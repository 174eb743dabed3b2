"""A time range is cut into steps, and its rows are read one by one or from roll-ups."""

import pytest

from graph.concerns import CONCERNS
from graph.neighbours import NeighbourRow, neighbours
from schemas.times import HOUR_MS, MINUTE_MS
from sinks.store import Store
from tests.graph.flows import T0, WIDTH, End, flow, stored
from tests.rollups.conftest import Fresh
from view.newest import Newest
from view.parameters import Level
from view.rows import Span, read_rows, read_span, span

END = T0 + HOUR_MS


def cut(length: int, *, points: int = 120, width: int = WIDTH, many: bool = False) -> Span:
    return span(END - length, END, points, width, END, many=many)


def test_a_short_range_is_read_window_by_window() -> None:
    over = cut(HOUR_MS)

    assert (over.step, over.rolled) == (30_000, False)


def test_a_long_range_is_read_from_the_rollups() -> None:
    over = cut(24 * HOUR_MS)

    assert over.rolled
    assert over.step % MINUTE_MS == 0


def test_a_range_with_too_many_windows_is_read_by_the_minute() -> None:
    over = cut(HOUR_MS, many=True)

    assert (over.step, over.rolled) == (MINUTE_MS, True)


@pytest.mark.parametrize("many", [True, False])
def test_windows_that_do_not_fill_minutes_are_read_as_they_are(many: bool) -> None:
    over = cut(3 * HOUR_MS, width=7_000, many=many)

    assert (over.step, over.rolled) == (91_000, False)


def test_windows_are_too_many_if_reading_them_takes_longer_than_a_second(fresh: Fresh) -> None:
    store = fresh()
    store.query(
        "INSERT INTO edges (a_port, b_port, window) SELECT number % 50000, intDiv(number, 50000), "
        f"fromUnixTimestamp64Milli(toInt64({T0} + number % 3 * {WIDTH}), 'UTC') FROM numbers(300000)"
    )

    few, many = (read_span(store, T0, end, 120, Newest(end, WIDTH)) for end in (T0 + 2 * WIDTH, T0 + 3 * WIDTH))

    assert not few.rolled
    assert many.rolled


SHOP = End("10.0.0.1", 80, "h1", 1, "shop:api 100%", "c:1", "it's", "web:0")
PEER = End("10.0.0.2", 40_000, "h2", 2, "it's", "c2")
BARE = End("10.0.0.3", 40_001, "h3")
STRANGER = End("203.0.113.9", 40_002)


@pytest.fixture(scope="module")
def town(fresh: Fresh) -> Store:
    store = fresh()
    stored(store, *(flow(client, SHOP, opened=1) for client in (PEER, BARE, STRANGER)))
    return store


@pytest.mark.parametrize(
    ("level", "node", "clients"),
    [
        ("process", SHOP.node, 3),
        ("process", PEER.node, 1),
        ("service", "service:shop:api 100%", 3),
        ("service", "service:it's", 1),
        ("container", "container:h1:c:1", 3),
        ("pod", "pod:h1:it's:web:0", 3),
        ("pod", "container:h2:c2", 1),
        ("namespace", "namespace:it's", 3),
        ("namespace", "service:it's", 1),
        ("host", "host:h1", 3),
        ("service", "host:h3", 1),
        ("process", "address:203.0.113.9", 1),
        ("address", "address:203.0.113.9", 1),
        ("address", "address:10.0.0.1", 3),
    ],
)
def test_the_rows_read_for_a_node_include_all_its_edges(town: Store, level: Level, node: str, clients: int) -> None:
    over = Span(T0, T0 + MINUTE_MS, WIDTH, T0 + MINUTE_MS, rolled=False)

    text = neighbours(level)
    read, of_all = (
        [row._replace(rtt=0) for row in read_rows(town, NeighbourRow, each, over, [node], node=node, most=9)]
        for each in (text, text.replace(CONCERNS, "1"))
    )

    assert read == of_all  # but for the round trip, which is NaN
    assert len(read) == clients
