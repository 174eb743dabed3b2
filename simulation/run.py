"""A simulation: a fleet over some time, window by window, with what its agents report and what really happened."""

from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any

from simulation.agent import Agent
from simulation.chance import chance
from simulation.connections import Connections
from simulation.delivery import Delivery
from simulation.disturbances import Disturbances
from simulation.faults import Fault
from simulation.fleet import Fleet
from simulation.in_vain import InVain
from simulation.ledger import Ledger
from simulation.records import SimWindow
from simulation.traffic import Traffic
from simulation.where import check
from simulation.world import World


class Simulation:
    """A fleet over some time. One seed is one history, on every machine.

    `start_ms` is when it begins, a multiple of `width_ms`. Faults are those of the architecture and the given ones.
    """

    def __init__(
        self,
        fleet: Fleet,
        *,
        seed: int,
        start_ms: int,
        width_ms: int = 5_000,
        faults: Sequence[Fault] = (),
    ) -> None:
        if start_ms % width_ms:
            raise ValueError(f"a simulation begins with a window: {start_ms} is no multiple of {width_ms} ms")
        self._fleet = fleet
        self._seed = seed
        self._start_ms = start_ms
        self._width = width_ms
        self._faults = [*fleet.architecture.faults, *faults]
        check(self._faults, fleet)

    def windows(self, count: int) -> Iterator[SimWindow]:
        """Yield so many windows. The truth of each is to be read before the next one is made."""
        due = Due()
        ledger = Ledger(self._width)
        connections = Connections(ledger, self._width, self._chance("connections"))
        in_vain = InVain(connections, self._width, due.put)
        world = World(self._fleet, self._start_ms, self._chance("world"), connections)
        traffic = Traffic(connections, in_vain, self._width, self._chance("traffic"))
        world.populate()
        agents = self._agents(world)
        delivery = Delivery(self._chance("delivery"))
        disturbances = Disturbances(
            self._faults,
            world,
            {agent.machine: agent for agent in agents},
            delivery,
            self._width,
            self._chance("disturbances"),
            due.put,
        )
        for nth in range(count):
            ledger.turn()
            world.now = now = self._start_ms + nth * self._width
            due.do(nth)
            disturbances.turn(nth)
            traffic.turn(world.in_order)
            records = [record for agent in agents for record in agent.turn(now)]
            if nth == count - 1:
                records += [record for agent in agents for record in agent.finish(now + self._width)]
            records = delivery.turn(records, now + self._width)
            if nth == count - 1:
                records += delivery.flush()
            yield SimWindow(records, ledger.window(now, disturbances.lasting))

    def _agents(self, world: World) -> list[Agent]:
        random = self._chance("agents")
        agents = []
        for machine in world.machines:
            if machine.kernel is not None:
                agents.append(Agent(machine, machine.kernel, self._width, random))
                agents[-1].start(self._start_ms)
        return agents

    def _chance(self, purpose: str) -> Random:
        return chance(self._seed, purpose)


class Due:
    """What is to be done in later windows."""

    def __init__(self) -> None:
        self._now = 0
        self._waiting: dict[int, list[tuple[Callable[..., None], tuple[Any, ...]]]] = {}

    def put(self, windows: int, what: Callable[..., None], *arguments: Any) -> None:
        """Do something in so many windows."""
        self._waiting.setdefault(self._now + windows, []).append((what, arguments))

    def do(self, now: int) -> None:
        """Do what is due in a window."""
        self._now = now
        for what, arguments in self._waiting.pop(now, ()):
            what(*arguments)
