"""Whole fleets through the pipeline: what is stored of them is what happened, at every level."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from servicemap.config import Config, load
from servicemap.simulated.filling import fill
from servicemap.simulated.plan import Plan, made
from servicemap.simulated.pouring import Pace, pour
from servicemap.simulated.scoring import read_score
from servicemap.store_alone import store_alone
from simulation.expected import Truth
from simulation.load import examples
from simulation.score import Score, lines
from tests.conftest import Kafka
from tests.e2e.pipelines import command, done, opened, running, running_store, wait_until
from tests.simulation.test_spigo import FOLDER, WHOLE, of_spigo

pytestmark = pytest.mark.slow

WIDTH = 5_000


SIZES = ((100, 1), (100, 3))
PERFECT = 1.0


def perfect(found: Score) -> None:
    """Check that all that could be known is there, right, and named; and that nothing else is."""
    assert found.wrong == []
    assert not [*lines(found)], found.shares
    assert set(found.shares.values()) <= {share for share in found.shares.values() if share.value == PERFECT}


@contextmanager
def stored(path: Path) -> Iterator[Config]:
    config = load(flags={"data": str(path)})
    with store_alone(config):
        yield config


def scored(path: Path, architecture: str, percent: int, regions: int) -> Score:
    plan = planned(architecture, percent, regions)
    truth = Truth()
    with stored(path) as config:
        filled = fill(config, made(plan).windows, None, truth.take)
        assert filled.unusable == 0
        return read_score(config, truth, plan.start_ms, plan.end_ms)


def planned(architecture: str, percent: int = 100, regions: int = 1, windows: int = 14) -> Plan:
    start = int(time.time() * 1000) // WIDTH * WIDTH - windows * WIDTH
    return Plan(
        architecture=architecture, percent=percent, regions=regions, start_ms=start, windows=windows, width_ms=WIDTH
    )


@pytest.mark.parametrize(("percent", "regions"), SIZES)
@pytest.mark.parametrize("name", examples())
def test_an_example_is_stored_as_it_happened(tmp_path: Path, name: str, percent: int, regions: int) -> None:
    perfect(scored(tmp_path, name, percent, regions))


@pytest.mark.parametrize(("percent", "regions"), SIZES)
@pytest.mark.parametrize("name", WHOLE)
def test_a_fleet_of_spigo_is_stored_as_it_happened(tmp_path: Path, name: str, percent: int, regions: int) -> None:
    of_spigo(name)
    perfect(scored(tmp_path, f"{FOLDER}/{name}_arch.json", percent, regions))


def test_a_fleet_goes_through_kafka_and_faust(tmp_path: Path, kafka: Kafka) -> None:
    if not kafka.real:
        pytest.skip("librdkafka's mock makes topics as it likes; a real Kafka needs Java and Maven")
    plan, truth = planned("lamp"), Truth()
    windows = [*made(plan).windows]
    for window in windows:
        truth.take(window.truth)
    url = f"kafka://{kafka.address}"
    with running_store(tmp_path / "store") as store, closing(opened(url)) as log:
        pour(windows, log, Pace(plan.start_ms, None, lambda _: False))
        with running(command("work", url, store, "simulated")), running(command("sink", url, store, "simulated")):
            wait_until(lambda: done(log))
        address = store.address
        of_store = f"clickhouse://{address.user}:{address.password}@{address.host}:{address.port}/simulated"
        config = load(flags={"store.url": of_store})
        perfect(read_score(config, truth, plan.start_ms, plan.end_ms))
