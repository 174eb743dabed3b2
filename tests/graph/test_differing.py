"""What differs between two times of a simulated fleet: one is deployed, one slow, one killed, one loses its agent."""

import pytest

from graph.differing import reading
from graph.differing.reading import Differs, read_difference
from graph.differing.stretches import Range
from graph.model import Wanted
from graph.panels.differences import differences
from graph.questions.difference import EdgeDifference
from graph.reading import read_map
from graph.requests import key
from schemas.times import MINUTE_MS
from simulation.faults import Fault
from simulation.run import Simulation
from sinks.rollup import Rollup
from sinks.store import Store
from tests.rollups.conftest import Fresh
from tests.simulation.fleets import T0, placed, shop
from tests.simulation.folding import stored

pytestmark = pytest.mark.slow

WIDTH, MINUTES = 30_000, 30
START = T0 // MINUTE_MS * MINUTE_MS
LEVELS = ("service", "process", "host", "zone")
THEN, NOW = (15, 20), (24, 29)  # minutes
FAULTS = (
    Fault(kind="redeploy", where="cart", at_s=21 * 60),
    Fault(kind="slow", where="db", at_s=22 * 60, for_s=600, size=20),
    Fault(kind="kill", where="report", at_s=22 * 60, for_s=600),
)


def minutes(first: int, last: int) -> Range:
    return Range(START + first * MINUTE_MS, START + last * MINUTE_MS)


@pytest.fixture(scope="module")
def store(fresh: Fresh) -> Store:
    store = fresh()
    fleet = placed(shop(), 4)
    faults = (*FAULTS, Fault(kind="agent", where="h1", at_s=22 * 60, for_s=600))
    windows = MINUTES * MINUTE_MS // WIDTH
    simulation = Simulation(fleet, seed=1, start_ms=START, width_ms=WIDTH, faults=faults)
    stored(store, simulation.windows(windows))
    Rollup(store, lambda: START + MINUTES * MINUTE_MS).roll_up_all(START, START + 28 * MINUTE_MS)
    return store


@pytest.fixture(scope="module")
def found(store: Store) -> Differs:
    return read_difference(store, "service", minutes(*THEN), minutes(*NOW))


def edges(found: Differs, kind: str) -> dict[tuple[str, str], EdgeDifference]:
    titles = found.titles
    return {
        (titles[one.edge.client], titles[one.edge.server]): one for one in found.difference.edges if one.kind == kind
    }


@pytest.mark.parametrize("level", LEVELS)
def test_what_is_there_at_one_time_alone_is_what_the_maps_of_both_differ_in(store: Store, level: str) -> None:
    then, now = (
        {(*key(edge)[:3], f"tcp/{edge.server_port}") for edge in read_map(store, wanted).edges}
        for wanted in (Wanted(start=one.start, end=one.end, level=level) for one in (minutes(*THEN), minutes(*NOW)))
    )

    listed = read_difference(store, level, minutes(*THEN), minutes(*NOW)).difference.edges

    known = {(one.edge.client, one.edge.server, "tcp", one.edge.port): one.kind for one in listed}
    assert {edge for edge, kind in known.items() if kind != "changed"} == then ^ now
    assert {edge for edge, kind in known.items() if kind == "changed"} <= then & now
    assert {edge for edge, kind in known.items() if kind == "appeared"} <= now - then
    assert {edge for edge, kind in known.items() if kind == "vanished"} <= then - now


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("times", [(THEN, NOW), ((12, 15), (16, 19)), ((4, 6), (25, 26))])
def test_no_edge_that_differs_is_passed_over(
    store: Store, level: str, times: tuple[tuple[int, int], ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the store chooses to be looked at closer is enough: the same is found where all edges are."""
    then, now = (minutes(*one) for one in times)
    found = read_difference(store, level, then, now).difference
    monkeypatch.setattr(reading, "_chosen", lambda rows, others: rows)

    assert read_difference(store, level, then, now).difference == found


def test_a_service_that_was_deployed_again_has_changed_and_says_so(found: Differs) -> None:
    (cart,) = (one for one in found.difference.nodes if found.titles[one.node] == "cart")

    assert cart.kind == "changed"
    assert [one.text for one in cart.because] == ["restarted, 4 of 4 processes are new"]


def test_a_database_that_is_slow_has_changed_for_its_clients_by_as_much_as_it_is_slower(found: Differs) -> None:
    slow = edges(found, "changed")["cart", "db"]

    median = next(one for one in slow.measures if one.measure == "p50")
    assert median.unusual
    assert median.usual == pytest.approx(median.before, rel=0.3)
    assert median.after > 10 * median.before
    assert "restarted, 4 of 4 processes are new" in [one.text for one in slow.because]
    assert ("cart", "db") not in edges(found, "appeared") | edges(found, "vanished")


def test_who_was_killed_has_vanished_with_its_edges(found: Differs) -> None:
    gone = edges(found, "vanished")["report", "db"]

    assert any("signal 9" in one.text for one in gone.because)
    assert [one.kind for one in found.difference.nodes if found.titles[one.node] == "report"] == ["vanished"]


@pytest.mark.parametrize("level", LEVELS)
def test_nothing_vanished_with_the_agent_of_a_host(store: Store, level: str) -> None:
    """The agent of h1 is gone: what only it could name is not seen, nor has the address of h1 appeared."""
    listed = read_difference(store, level, minutes(*THEN), minutes(*NOW)).difference

    for one in listed.edges:
        if "h1" in one.edge.id or "10.0.0.2" in one.edge.id:
            assert one.kind in ("unseen", "changed"), one
    assert {one.kind for one in listed.nodes if "h1" in one.node or "10.0.0.2" in one.node} <= {"unseen"}


def test_grafana_is_shown_the_same(store: Store) -> None:
    then, now = minutes(*THEN), minutes(*NOW)
    asked = {"from": now.start, "to": now.end, "earlier": (now.end - then.end) // 1000, "service": "", "host": ""}

    changes = {(row["client_name"], row["server_name"]): row for row in store.named(differences(), asked)}

    assert changes["report", "db"]["change"] == "vanished"
    assert changes["cart", "db"]["change"] == "changed"
    assert changes["cart", "db"]["slowest_after"] > 10 * changes["cart", "db"]["slowest_before"]


def test_a_quiet_time_has_no_difference(store: Store) -> None:
    quiet = read_difference(store, "service", minutes(12, 15), minutes(16, 19))

    assert not quiet.difference.nodes
    assert not [one for one in quiet.difference.edges if not one.comes_and_goes]
