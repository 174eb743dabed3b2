"""Whole fleets through the pipeline: what is stored of them is what happened, at every level."""

import time
from collections.abc import Iterator
from contextlib import closing
from uuid import uuid4

import pytest

from servicemap.config import Config, load
from servicemap.simulated.filling import fill
from servicemap.simulated.plan import Plan, made
from servicemap.simulated.pouring import Pace, pour
from servicemap.simulated.scoring import read_score
from simulation.expected import Truth
from simulation.load import examples
from simulation.score import Score, lines
from sinks.store import Store
from tests.conftest import Kafka
from tests.e2e.pipelines import command, done, opened, running, running_store, wait_until
from tests.simulation.test_spigo import FOLDER, WHOLE, of_spigo

pytestmark = pytest.mark.slow

WIDTH = 5_000
WINDOWS = 7  # from one keyframe on: more of them change no edge of a fleet in which nothing goes wrong
LEVELS = ("process", "service", "host", "zone")
SIZES = ((100, 1), (100, 3))
PERFECT = 1.0
LARGE = {"thousand"}  # tests/simulation/test_generate.py looks at such fleets


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with running_store(tmp_path_factory.mktemp("store")) as store:
        yield store


def perfect(found: Score) -> None:
    """Check that all that could be known is there, right, and named; and that nothing else is."""
    assert found.wrong == []
    assert not [*lines(found)], found.shares
    assert {share.value for share in found.shares.values()} == {PERFECT}


def of_database(store: Store, name: str) -> Config:
    at = store.address
    return load(flags={"store.url": f"clickhouse://{at.user}:{at.password}@{at.host}:{at.port}/{name}"})


def scored(store: Store, architecture: str, percent: int, regions: int) -> Score:
    """Simulate, fold and store a fleet in a database of its own, and score it."""
    plan = planned(architecture, percent, regions)
    truth = Truth()
    config = of_database(store, f"fleet_{uuid4().hex}")
    filled = fill(config, made(plan).windows, None, truth.take)
    assert filled.unusable == 0
    return read_score(config, truth, plan.start_ms, plan.end_ms, LEVELS).score


def planned(architecture: str, percent: int = 100, regions: int = 1, windows: int = WINDOWS) -> Plan:
    start = int(time.time() * 1000) // WIDTH * WIDTH - windows * WIDTH
    return Plan(
        architecture=architecture, percent=percent, regions=regions, start_ms=start, windows=windows, width_ms=WIDTH
    )


@pytest.mark.parametrize(("percent", "regions"), SIZES)
@pytest.mark.parametrize("name", sorted({*examples()} - LARGE))
def test_an_example_is_stored_as_it_happened(store: Store, name: str, percent: int, regions: int) -> None:
    perfect(scored(store, name, percent, regions))


@pytest.mark.parametrize(("percent", "regions"), SIZES)
@pytest.mark.parametrize("name", WHOLE)
def test_a_fleet_of_spigo_is_stored_as_it_happened(store: Store, name: str, percent: int, regions: int) -> None:
    of_spigo(name)
    perfect(scored(store, f"{FOLDER}/{name}_arch.json", percent, regions))


def test_a_fleet_goes_through_kafka_and_faust(store: Store, own_kafka: Kafka) -> None:
    if not own_kafka.real:
        pytest.skip("librdkafka's mock makes topics as it likes; a real Kafka needs Java and Maven")
    plan, truth = planned("lamp"), Truth()
    windows = []
    for window in made(plan).windows:
        truth.take(window.truth)
        windows.append(window)
    url = f"kafka://{own_kafka.address}"
    with closing(opened(url)) as log:
        pour(windows, log, Pace(plan.start_ms, None, lambda _: False))
        with running(command("work", url, store, "faust")), running(command("sink", url, store, "faust")):
            wait_until(lambda: done(log))
    perfect(read_score(of_database(store, "faust"), truth, plan.start_ms, plan.end_ms).score)
