"""What agents say of a simulated fleet folds into what happened there, and one seed is one history."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from typing import get_args

import pytest
from msgspec.structs import replace

from graph.model import Wanted
from graph.reading import read_map
from graph.requests import judged, requests_by_edge
from schemas.codec import decode
from schemas.raw import Batch, ConnectionBatch, Heartbeat, LinkBatch
from simulation.faults import Kind
from simulation.fleet import Fleet
from simulation.machine import Network
from simulation.mishaps import draw
from simulation.records import SimWindow
from simulation.run import Simulation
from simulation.score import LevelScore, score
from sinks.store import Store
from tests.rollups.conftest import Fresh
from tests.simulation.digest import digest
from tests.simulation.fleets import T0, WIDTH, placed, shop
from tests.simulation.folding import stored

DIGEST = "a080ef467a19ddbc3fa6689a4dcdb0a89e080e608fb59f4e2eccf6d9d7405768"
WINDOWS = 26
FLEETS = {
    "agents everywhere": placed(shop()),
    "clocks apart": placed(shop(), clocks=(1_300, -1_700, 0, 777)),
    "an agent missing, owners found by scans": placed(shop(scanning=0.5), hosts=6, unwatched=(4,)),
}


def run(fleet: Fleet, count: int = WINDOWS, seed: int = 1) -> Iterator[SimWindow]:
    return Simulation(fleet, seed=seed, start_ms=T0).windows(count)


def batches(windows: Iterator[SimWindow]) -> Iterator[Batch]:
    for window in windows:
        for record in window.records:
            yield decode(record.topic, record.value, record.timestamp)


def judge(store: Store, level: str, fleet: Fleet) -> LevelScore:
    truth = stored(store, run(fleet))
    start, end = T0 - 60_000, T0 + WINDOWS * WIDTH + 60_000
    found = read_map(store, Wanted(start=start, end=end, level=level))
    return score(truth, judged(found, requests_by_edge(store, level, start, end), {}), within=0)


@pytest.mark.parametrize("fleet", FLEETS.values(), ids=FLEETS)
def test_the_map_is_exactly_what_happened(fresh: Fresh, fleet: Fleet) -> None:
    found = judge(fresh(), "process", fleet)
    assert not found.wrong
    assert not found.missing
    apart = len({host.clock_ms for host in fleet.hosts}) > 1  # then a request may be in a window of either clock
    assert not [line for line in found.miscounted if not (apart and (" requests of " in line or " errors of " in line))]
    assert found.counts["bytes"].of > 5


def test_one_seed_is_one_history_on_every_machine() -> None:
    runs = {
        subprocess.run(
            [sys.executable, "-m", "tests.simulation.digest"],
            env={**os.environ, "PYTHONHASHSEED": hashes},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hashes in ("1", "2")
    }
    assert runs == {DIGEST}
    assert digest(seed=2) != DIGEST


def test_both_ends_of_a_connection_count_the_same() -> None:
    sent: Counter[tuple[str, int, str, int]] = Counter()
    for batch in batches(run(FLEETS["clocks apart"])):
        if isinstance(batch, ConnectionBatch):
            columns = batch.connections
            for row in range(len(columns)):
                here = columns.local_address[row], columns.local_port[row]
                there = columns.remote_address[row], columns.remote_port[row]
                if not {here[0][:4], there[0][:4]} & {"198."}:
                    sent[*here, *there] += columns.sent_bytes[row]
                    sent[*there, *here] -= columns.received_bytes[row]
    assert len(sent) > 100
    assert set(sent.values()) == {0}


def test_an_idle_connection_costs_nothing_between_keyframes() -> None:
    architecture = shop()
    still = tuple(replace(service, load=0, makes=0) for service in architecture.services)
    quiet = placed(replace(architecture, services=still))
    rows = [
        (batch.keyframe, len(batch.connections)) for batch in batches(run(quiet)) if isinstance(batch, ConnectionBatch)
    ]
    assert sum(count for _, count in rows) > 50
    assert not any(count for keyframe, count in rows if not keyframe)


def test_every_window_of_an_agent_is_closed_by_its_heartbeat_in_the_order_of_its_clock() -> None:
    beats: dict[str, list[Heartbeat]] = {}
    for batch in batches(run(FLEETS["clocks apart"])):
        if isinstance(batch, Heartbeat):
            beats.setdefault(batch.host_id, []).append(batch)
    assert len(beats) == 4
    for of_host in beats.values():
        assert [beat.seq for beat in of_host] == list(range(len(of_host)))
        assert [beat.window - of_host[0].window for beat in of_host] == [WIDTH * nth for nth in range(len(of_host))]


def test_what_is_kept_does_not_grow_with_time() -> None:
    truths = (window.truth for window in run(placed(shop()), 60))
    sizes = [(len(truth.open), len(truth.ends)) for truth in truths]
    assert sizes[30] == sizes[59]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_credited_to_whom_it_is_not_of_whatever_goes_wrong(fresh: Fresh, seed: int) -> None:
    architecture = shop(redeployments=500, scanning=0.3)
    fleet = placed(architecture, hosts=6, unwatched=(4,), clocks=(0, 1_300, -2_000, 1_900, 0, 400))
    faults = draw(fleet, seed, get_args(Kind), len(get_args(Kind)), within_s=500)
    store = fresh()
    truth = stored(store, Simulation(fleet, seed=seed, start_ms=T0, faults=faults).windows(110))
    for level in ("process", "service"):
        found = score(truth, read_map(store, Wanted(start=T0 - 60_000, end=T0 + 660_000, level=level)))
        assert found.wrong == []
        assert found.edges_recall.value > 0.97


def test_hosts_are_at_the_switches_of_their_racks() -> None:
    found = {batch.host_id: batch.links for batch in batches(run(placed(shop()), 1)) if isinstance(batch, LinkBatch)}
    assert {host: one.port for host, one in found.items()} == {f"h{n}": [f"Ethernet1/{n + 1}"] for n in range(4)}
    assert len({tuple(one.system_name) for one in found.values()}) == 2  # zones


def test_no_client_has_the_port_of_a_server_beside_it() -> None:
    network = Network("10.0.0.1", 1, None, 50_051 - 32_768)
    network.bind(50_051, 50_052)
    assert network.take_port(keep=False) == 50_053
