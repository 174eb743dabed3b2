"""How fast a fleet is simulated, and what a connection costs in memory: 200 ends of connections on each host.

Services are in ten layers. Each instance has a host of its own, and connections to a hundred of the next layer.
In a window about half of them carry something. Time is that of the processor.
"""

import gc
import os
import time
from pathlib import Path

from benchmarks.result import Goal, Result
from simulation.architecture import Architecture, Call, Program, Service
from simulation.place import place
from simulation.run import Simulation

LAYERS, INSTANCES = 10, 10
T0, WIDTH = 1_800_000_000_000, 5_000
WINDOWS = 25  # two keyframes and what is between
HOSTS = (100, 1_000)
FASTER = 5.0  # than the time that passes in it


def run() -> list[Result]:
    return [result for hosts in HOSTS for result in _measured(hosts)]


def _measured(hosts: int) -> list[Result]:
    fleet = place(of_layers(hosts), 1)
    assert len(fleet.hosts) == hosts
    gc.collect()
    before = _resident()
    windows = Simulation(fleet, seed=1, start_ms=T0, width_ms=WIDTH).windows(WINDOWS)
    first = next(windows)
    kept = _resident() - before
    connections = sum(first.truth.open.values())
    records = carried = size = 0
    started = time.process_time()
    for window in windows:
        records += len(window.records)
        size += sum(len(record.value) for record in window.records)
        carried += len(window.truth.edges)
    seconds = time.process_time() - started
    took = WINDOWS - 1
    name = f"simulation of {hosts:,} hosts, {connections:,} connections"
    return [
        Result(name=f"{name}: windows", value=took / seconds, unit="windows/s"),
        Result(
            name=f"{name}: of real time",
            value=took / seconds * WIDTH / 1000,
            unit="x",
            goal=Goal(op=">=", number=FASTER, of="value"),
        ),
        Result(name=f"{name}: records", value=records / seconds, unit="records/s"),
        Result(name=f"{name}: edges that carry", value=carried / seconds, unit="edges/s"),
        Result(name=f"{name}: memory", value=kept * 1024 / connections, unit="KiB a connection"),
    ]


def of_layers(hosts: int) -> Architecture:
    """Return services of which each instance has 200 connections: 100 as a client, and 100 as a server.

    A service calls at most ten of the next layer, so that a host has as many in a fleet of any size.
    """
    of_layer = max(hosts // LAYERS // INSTANCES, 1)
    names = [[f"s{layer}-{number}" for number in range(of_layer)] for layer in range(LAYERS)]
    return Architecture(
        name="layers",
        services=tuple(
            Service(
                name=name,
                program=Program(name="server", port=8080, protocol="http"),
                count=INSTANCES,
                load=10 if layer == 0 else 0,
                calls=tuple(
                    Call(to=to, per_request=1 / min(of_layer, LAYERS), pool=max(LAYERS // of_layer, 1))
                    for to in (_some(names[layer + 1], number) if layer + 1 < LAYERS else ())
                ),
            )
            for layer, of_its in enumerate(names)
            for number, name in enumerate(of_its)
        ),
    )


def _some(names: list[str], first: int) -> list[str]:
    """Return up to ten of the names, from one on and round."""
    return [names[(first + nth) % len(names)] for nth in range(min(len(names), LAYERS))]


def _resident() -> float:
    """Return what this process has in memory, MiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
