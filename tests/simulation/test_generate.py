"""Generated fleets have the shapes of real ones, and are the same for the same seed."""

from collections import Counter
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulation.architecture import Architecture
from simulation.callgraph import BACK, call_graph
from simulation.checking import checked
from simulation.generate import Recipe, generate
from simulation.invented_names import MOST, invented_names
from simulation.place import place
from simulation.shapes import CALLEES, CALLERS, Quantile, at, counts


@pytest.fixture(scope="module")
def large() -> Architecture:
    return generate(Recipe(services=10_000), seed=7)


def called(architecture: Architecture) -> Counter[str]:
    return Counter(call.to for service in architecture.services for call in service.calls if not call.peers)


def share_of_most(values: list[int], share: float) -> float:
    """Return how much of all the largest have."""
    return sum(sorted(values, reverse=True)[: round(share * len(values))]) / sum(values)


def test_services_have_eleven_calls_each_and_one_in_a_hundred_gets_half_of_them(
    large: Architecture,
) -> None:
    callers = called(large)
    assert callers.total() / len(large.services) == pytest.approx(10.9, rel=0.03)
    assert 0.5 <= share_of_most([callers[service.name] for service in large.services], 0.01) <= 0.6
    assert 0.35 <= share_of_most([len(service.calls) for service in large.services], 0.01) <= 0.5


def test_kinds_are_entries_leaves_and_what_is_between(large: Architecture) -> None:
    callers = called(large)
    entries = sum(not callers[service.name] for service in large.services)
    leaves = sum(all(call.peers for call in service.calls) for service in large.services)
    assert (entries, leaves) == (1_300, 3_900)
    assert all(bool(service.load) == (not callers[service.name]) for service in large.services)


def test_a_few_calls_go_back(large: Architecture) -> None:
    number = {service.name: at for at, service in enumerate(large.services)}
    back = sum(number[call.to] < number[service.name] for service in large.services for call in service.calls)
    assert 0.03 <= back / called(large).total() <= BACK


def test_stores_are_programs_with_their_ports_and_clusters_have_peers(large: Architecture) -> None:
    clusters = [service for service in large.services if any(call.peers for call in service.calls)]
    assert all(3 <= service.count <= 12 for service in clusters)
    assert {service.program.port for service in clusters} == {9042, 9092, 5672, 9200, 2181, 2379}
    programs = Counter(service.program.name for service in large.services)
    assert programs["memcached"] > programs["redis-server"] > programs["mysqld"] > 100


def test_one_call_in_five_opens_a_connection_for_each_request(large: Architecture) -> None:
    pools = Counter(call.pool for service in large.services for call in service.calls if not call.peers)
    assert pools[0] / pools.total() == pytest.approx(0.2, abs=0.01)


def test_load_comes_to_few_entries(large: Architecture) -> None:
    loads = [service.load * service.count for service in large.services]
    assert sum(loads) == pytest.approx(5_000, rel=0.01)
    assert sum(sorted(loads, reverse=True)[:13]) > 0.35 * sum(loads)


def test_instances_have_a_long_tail_that_goes_with_callers(large: Architecture) -> None:
    sizes = [service.count for service in large.services]
    assert sum(sizes) / len(sizes) == pytest.approx(3, abs=0.5)
    assert share_of_most(sizes, 0.05) > 0.5
    callers = called(large)
    popular = sorted(large.services, key=lambda service: -callers[service.name])
    assert sum(service.count for service in popular[:1_000]) > 0.25 * sum(sizes)


@pytest.mark.parametrize(("services", "calls"), [(100, 1_090), (1_000, 10_900)])
def test_smaller_fleets_have_as_many_calls_for_a_service(services: int, calls: int) -> None:
    assert called(generate(Recipe(services=services))).total() == pytest.approx(calls, rel=0.03)


def test_a_fleet_is_the_same_for_the_same_seed_alone() -> None:
    recipe = Recipe(services=60)
    assert generate(recipe, 1) == generate(recipe, 1)
    assert generate(recipe, 1).services != generate(recipe, 2).services


def test_ten_thousand_hosts_are_a_matter_of_instances() -> None:
    fleet = place(generate(Recipe(services=2_000, instances=12, per_host=3)))
    assert 7_000 < len(fleet.hosts) < 9_000


def test_a_recipe_that_cannot_be_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match=r"\$.services"):
        generate(Recipe(services=2))
    with pytest.raises(msgspec.ValidationError, match=r"\$.pooled"):
        generate(Recipe(pooled=1.5))


def test_names_are_words_and_each_is_there_once() -> None:
    names = invented_names(MOST, Random(1))
    assert len(set(names)) == MOST
    assert all(name.replace("-", "").isalpha() for name in names)


@settings(deadline=None)
@given(st.integers(3, 80), st.floats(1, 40), st.integers(0, 10))
def test_any_fleet_is_whole_calls_nobody_twice_and_has_nobody_who_is_never_called(
    services: int, calls: float, seed: int
) -> None:
    architecture = checked(generate(Recipe(services=services, calls=calls), seed))
    assert all(len({call.to for call in one.calls}) == len(one.calls) for one in architecture.services)
    graph = call_graph(services, calls, Random(seed))
    assert {one for callees in graph.callees for one in callees} == set(range(graph.entries, services))
    assert all(caller not in callees for caller, callees in enumerate(graph.callees))


@pytest.mark.parametrize("table", [CALLEES, CALLERS])
def test_a_table_is_met_at_its_quantiles_and_grows_between_them(table: tuple[Quantile, ...]) -> None:
    assert all(at(table, one.share) == pytest.approx(one.value) for one in table)
    values = [at(table, share / 1_000) for share in range(1_001)]
    assert values == sorted(values)


def test_instances_have_the_mean_that_is_wanted_and_no_more_than_the_most() -> None:
    found = counts(list(range(1_000)), 3.0, 50, Random(1))
    assert sum(found) / len(found) == pytest.approx(3.0, abs=0.1)
    assert (min(found), max(found)) == (1, 50)
