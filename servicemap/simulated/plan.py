"""What is to be simulated: an architecture in some size, from when to when, and with which faults."""

from collections.abc import Iterator

from msgspec import Struct, structs

from servicemap.options import Failure
from simulation.architecture import Architecture
from simulation.fault_words import faults_of
from simulation.load import load
from simulation.mistakes import Mistake
from simulation.place import place
from simulation.records import SimWindow
from simulation.run import Simulation

FOR_EVER = 1 << 40  # windows


class Plan(Struct, frozen=True, kw_only=True):
    """A simulation to run: the same plan gives the same records, byte by byte."""

    architecture: str  # its name or file
    seed: int = 0
    percent: int = 100
    regions: int = 1
    per_host: int = 0  # 0: as the architecture says
    faults: tuple[str, ...] = ()
    width_ms: int = 5_000
    start_ms: int
    windows: int | None = None  # None: without end

    @property
    def end_ms(self) -> int:
        """Return when the last window ends."""
        return self.start_ms + (self.windows or 0) * self.width_ms


class Made(Struct):
    """What a plan comes to: the architecture, how large it is, and its windows."""

    architecture: Architecture
    instances: int
    hosts: int
    windows: Iterator[SimWindow]


def made(plan: Plan) -> Made:
    """Return the simulation of a plan; Failure says what is wrong with it."""
    try:
        architecture = load(plan.architecture, plan.percent, plan.regions)
        if plan.per_host:
            architecture = structs.replace(architecture, per_host=plan.per_host)
        given = [fault for each in plan.faults for fault in faults_of(each)]
        fleet = place(architecture, plan.seed)
        simulation = Simulation(
            fleet,
            seed=plan.seed,
            start_ms=plan.start_ms,
            width_ms=plan.width_ms,
            faults=given,
        )
    except Mistake as error:
        raise Failure(str(error)) from None
    return Made(architecture, len(fleet.instances), len(fleet.hosts), simulation.windows(plan.windows or FOR_EVER))
