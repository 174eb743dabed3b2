"""Clocks of hosts, as the openings of connections show them."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.clocks import LEAST_CONNECTIONS, Clock, PairRow, clocks, clocks_apart, off, pairs_of_clocks, read_clocks
from sinks.store import Store
from tests.graph.flows import T0, WIDTH, opened_apart, stored

RANGE = {"from": T0, "to": T0 + 600_000}
HOSTS = ("h1", "h2", "h3", "h4")


@pytest.mark.parametrize("apart_ms", [0, 500, 2_000, 10_000, -30_000])
def test_the_mean_over_connections_shows_the_distance_of_two_clocks(fresh: Callable[[], Store], apart_ms: int) -> None:
    store = fresh()
    stored(store, *opened_apart("h1", "h2", apart_ms), *opened_apart("h2", "h1", -apart_ms))

    (pair,) = store.rows(PairRow, pairs_of_clocks(), RANGE)

    assert (pair.one, pair.other, pair.connections) == ("h1", "h2", 2 * LEAST_CONNECTIONS)
    assert pair.apart_ms == pytest.approx(apart_ms, abs=WIDTH / LEAST_CONNECTIONS)


def test_a_clock_that_is_off_is_named_and_those_that_agree_are_not(fresh: Callable[[], Store]) -> None:
    store = fresh()
    stored(store, *opened_apart("h1", "h2", 12_000), *opened_apart("h1", "h3", 0), *opened_apart("h3", "h2", 12_000))

    found = read_clocks(store, RANGE["from"], RANGE["to"])

    assert off(found) == {"h2": "12.0 s ahead of the others"}
    alerts = {frozenset(row[:2]) for row in store.query(clocks_apart(), RANGE)}
    assert alerts == {frozenset({"h1", "h2"}), frozenset({"h2", "h3"})}


def test_few_connections_and_reused_ports_give_no_clock(fresh: Callable[[], Store]) -> None:
    few = opened_apart("h1", "h2", 20_000, LEAST_CONNECTIONS - 1)
    again = [row | {"window": row["window"] + WIDTH} for row in opened_apart("h1", "h3", 0)]
    store = fresh()
    stored(store, *few, *opened_apart("h1", "h3", 0), *again)

    assert read_clocks(store, RANGE["from"], RANGE["to"]) == {}


@given(st.lists(st.integers(-30_000, 30_000), min_size=2, max_size=4), st.randoms())
def test_pairs_that_agree_give_every_clock_exactly(ahead: Sequence[int], random: Any) -> None:
    real = dict(zip(HOSTS, ahead, strict=False))
    names = list(real)
    pairs = [
        PairRow(one, other, real[other] - real[one], random.randint(20, 500))
        for at, one in enumerate(names)
        for other in names[at + 1 :]
    ]

    found = clocks(pairs)

    for one in names:
        for other in names:
            between = found[other].ahead_ms - found[one].ahead_ms
            assert between == pytest.approx(real[other] - real[one], abs=1)


def test_without_connections_nothing_is_known() -> None:
    assert clocks([]) == {}
    assert off({"h1": Clock(1_999, 20), "h2": Clock(-2_001, 20)}) == {"h2": "2.0 s behind the others"}
