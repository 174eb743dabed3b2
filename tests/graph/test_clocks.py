"""Clocks of hosts, as the openings of connections show them."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.clocks import (
    FAR_MS,
    LEAST_CONNECTIONS,
    ClockRow,
    PairRow,
    clocks,
    clocks_apart,
    off,
    pairs_of_clocks,
    read_clocks,
)
from servicemap.clock_checks import clock_check
from sinks.store import Store
from tests.graph.flows import T0, WIDTH, opened_apart, stored
from view.clocks import clocks_off

RANGE = {"from": T0, "to": T0 + 600_000}


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
    assert store.query(clocks_apart(), RANGE) == [("h2", "ahead of", pytest.approx(12, abs=0.3))]


def test_few_connections_and_reused_ports_give_no_clock(fresh: Callable[[], Store]) -> None:
    few = opened_apart("h1", "h2", 20_000, LEAST_CONNECTIONS - 1)
    again = [row | {"window": row["window"] + WIDTH} for row in opened_apart("h1", "h3", 0)]
    store = fresh()
    stored(store, *few, *opened_apart("h1", "h3", 0), *again)

    assert read_clocks(store, RANGE["from"], RANGE["to"]) == []


@st.composite
def groups(draw: st.DrawFn, prefix: str) -> tuple[dict[str, int], list[PairRow]]:
    """Return clocks of hosts, ms, and pairs that connect them all, at random."""
    real = {
        f"{prefix}{at}": ms
        for at, ms in enumerate(draw(st.lists(st.integers(-30_000, 30_000), min_size=2, max_size=8)))
    }
    names = draw(st.permutations(list(real)))
    spanning = [(names[draw(st.integers(0, at - 1))], names[at]) for at in range(1, len(names))]
    more = draw(st.lists(st.tuples(st.sampled_from(names), st.sampled_from(names)), max_size=8))
    couples = {(min(ends), max(ends)) for ends in (*spanning, *more) if ends[0] != ends[1]}
    evidence = st.integers(LEAST_CONNECTIONS, 500)
    return real, [PairRow(one, other, real[other] - real[one], draw(evidence)) for one, other in couples]


def judged(store: Store, pairs: Sequence[PairRow]) -> dict[str, ClockRow]:
    listed = ", ".join(f"('{one}', '{other}', {apart}, {number})" for one, other, apart, number in pairs)
    names = "'one String, other String, apart_ms Float64, connections UInt64'"
    return {row.host: row for row in store.rows(ClockRow, clocks(f"SELECT * FROM values({names}, {listed})"))}


@pytest.fixture(scope="module")
def store(fresh: Callable[[], Store]) -> Store:
    return fresh()


@given(groups("h"))
@settings(max_examples=40)
def test_pairs_that_agree_give_every_clock_exactly(store: Store, group: tuple[dict[str, int], list[PairRow]]) -> None:
    real, pairs = group

    found = judged(store, pairs)

    middle = median(real.values())
    assert {name: clock.ahead_ms for name, clock in found.items()} == {name: ms - middle for name, ms in real.items()}
    assert {clock.spread_ms for clock in found.values()} == {max(real.values()) - min(real.values())}


@given(groups("h"), groups("k"))
@settings(max_examples=40)
def test_hosts_that_no_connections_lead_to_change_nothing(
    store: Store, one: tuple[dict[str, int], list[PairRow]], other: tuple[dict[str, int], list[PairRow]]
) -> None:
    (_, pairs), (_, others) = one, other

    assert judged(store, [*pairs, *others]) == judged(store, pairs) | judged(store, others)


def test_a_long_chain_of_hosts_is_walked_to_its_end(store: Store) -> None:
    names = [f"h{at:02}" for at in range(60)]
    pairs = [PairRow(one, other, 100, 20) for one, other in pairwise(names)]

    found = judged(store, pairs)

    assert [found[name].ahead_ms for name in names] == [100 * at - 2_950 for at in range(60)]
    assert list(off(found.values())) == sorted(
        (name for name in names if abs(found[name].ahead_ms) > 1_000), key=lambda name: -abs(found[name].ahead_ms)
    )


@pytest.mark.parametrize(
    ("pairs", "named"),
    [
        ([("h1", "h2", 1_500)], set()),
        ([("h1", "h2", 3_000)], {"h1", "h2"}),
        ([("h1", "h2", 1_500), ("h2", "h3", 1_500)], {"h1", "h3"}),
        ([("h1", "h2", 12_000), ("h1", "h3", 0)], {"h2"}),
        ([("h1", "h2", -12_000), ("h3", "h4", 0)], {"h1", "h2"}),
    ],
)
def test_doctor_page_and_alert_name_the_same_clocks(
    fresh: Callable[[], Store], pairs: Sequence[tuple[str, str, int]], named: set[str]
) -> None:
    store = fresh()
    stored(store, *(row for pair in pairs for row in opened_apart(*pair)))
    end = T0 + 180_000

    check = clock_check(store, {}, end)
    listed = clocks_off(store, end)
    alerts = store.query(clocks_apart(), {"from": end - 600_000, "to": end})

    assert check.state == ("missing" if named else "ok")
    assert {text.split()[0] for text in check.found.split(", ")} == named or not named
    assert {row["subject"].removeprefix("host:") for row in listed} == named
    assert {host for host, *_ in alerts} == named
    assert all(seconds > FAR_MS / 2000 for *_, seconds in alerts)


def test_without_connections_nothing_is_known(fresh: Callable[[], Store]) -> None:
    assert read_clocks(fresh(), RANGE["from"], RANGE["to"]) == []
