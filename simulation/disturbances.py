"""Faults at work: each begins with the first window that begins when it should, or later, and ends likewise."""

from collections.abc import Callable, Mapping, Sequence
from math import ceil
from random import Random

from schemas.times import DAY_MS
from simulation.agent import Agent
from simulation.chance import drawn
from simulation.delivery import Delivery
from simulation.faults import ONCE, Fault
from simulation.machine import Machine
from simulation.seats import Seat
from simulation.where import Struck, struck
from simulation.world import Apart, World

_WAVES = 4  # windows in which a service is redeployed
_DAY_S = DAY_MS / 1000
_KILLED = 9  # signal
Later = Callable[..., None]  # in how many windows, what, arguments


class Disturbances:
    """Lets faults begin and end, and redeploys services as usual."""

    def __init__(
        self,
        faults: Sequence[Fault],
        world: World,
        agents: Mapping[Machine, Agent],
        delivery: Delivery,
        width: int,
        random: Random,
        later: Later,
    ) -> None:
        self._world = world
        self._agents = agents
        self._delivery = delivery
        self._random = random
        self._later = later
        self._waiting = sorted(enumerate(faults), key=lambda one: (one[1].at_s, one[0]))
        self._lasting: dict[int, tuple[Fault, Struck]] = {}
        self._seconds = width / 1000

    @property
    def lasting(self) -> list[Fault]:
        """Return the faults that last."""
        return [fault for fault, _ in self._lasting.values()]

    def turn(self, nth: int) -> None:
        """Begin and end what does so with a window."""
        ending = [
            number
            for number, (fault, _) in self._lasting.items()
            if (fault.for_s or fault.kind in ONCE) and self._until(fault) <= nth
        ]
        for number in ending:
            fault, where = self._lasting.pop(number)
            self._end(fault, where)
        begun = False
        while self._waiting and ceil(self._waiting[0][1].at_s / self._seconds) <= nth:
            number, fault = self._waiting.pop(0)
            where = struck(fault, self._world.seats)
            begun = True
            self._lasting[number] = fault, where
            self._begin(fault, where)
        if ending or begun:
            self._apply()
            self._world.refresh()
        if nth:  # agents see all once before it changes
            self._redeploy_as_usual()

    def _until(self, fault: Fault) -> int:
        first = ceil(fault.at_s / self._seconds)
        if fault.kind in ONCE:
            return first + _WAVES
        return max(ceil((fault.at_s + fault.for_s) / self._seconds), first + 1)

    def _begin(self, fault: Fault, where: Struck) -> None:
        """Do what a fault does once."""
        match fault.kind:
            case "kill" | "oom":
                for seat in where.seats:
                    if seat.running:
                        self._world.end(seat, "killed", signal=_KILLED, oom=fault.kind == "oom")
            case "redeploy":
                self.redeploy(where.seats)
            case "reuse":
                for seat in where.seats[: fault.instances or 1]:
                    self._reuse(seat)
            case "clock":
                for agent in self._agents_of(where):
                    agent.step(agent.clock_ms + round(fault.strength))
            case "agent":
                for agent in self._agents_of(where):
                    agent.stop()
                    self._world.watch(agent.machine, watched=False)
            case _:
                pass

    def _end(self, fault: Fault, where: Struck) -> None:
        """Undo what a fault did once."""
        match fault.kind:
            case "kill" | "oom":
                for seat in where.seats:
                    self._world.restart(seat)
            case "clock":
                for agent in self._agents_of(where):
                    agent.step(agent.clock_ms - round(fault.strength))
            case "agent":
                for agent in self._agents_of(where):
                    agent.start(self._world.now)
                    self._world.watch(agent.machine, watched=True)
            case _:
                pass

    def _apply(self) -> None:
        """Set how all that lasts changes instances, hosts, and what is between them."""
        world = self._world
        for seat in world.seats:
            seat.calm()
        for machine in world.machines:
            machine.calm()
        world.apart = []
        self._delivery.calm()
        for bit, (fault, where) in enumerate(self._lasting.values()):
            if where.servers is not None:
                world.apart.append(_between(fault, where.seats, where.servers))
                continue
            for seat in where.seats:
                _strike(seat, fault, 1 << bit)
            for machine in _machines(where.seats):
                _strike_machine(machine, fault)
                if fault.kind in ("late", "doubled"):
                    self._delivery.disturb(machine.host.name.encode(), fault.kind, fault.strength)
        for seat in world.seats:
            seat.own_us *= seat.machine.pressure or 1.0

    def redeploy(self, seats: Sequence[Seat]) -> None:
        """Replace the processes of seats, in waves."""
        each = -(-len(seats) // _WAVES)
        for wave, first in enumerate(range(0, len(seats), each or 1)):
            some = list(seats[first : first + each])
            if wave:
                self._later(wave, self._replace, some)
            else:
                self._replace(some)

    def _replace(self, seats: Sequence[Seat]) -> None:
        for seat in seats:
            if seat.running:
                self._world.replace(seat)

    def _redeploy_as_usual(self) -> None:
        architecture = self._world.fleet.architecture
        if not architecture.redeployments:
            return
        services = architecture.services
        for _ in range(drawn(len(services) * architecture.redeployments * self._seconds / _DAY_S, self._random)):
            name = services[int(self._random.random() * len(services))].name
            self.redeploy([seat for seat in self._world.seats if seat.instance.service.name == name])

    def _reuse(self, seat: Seat) -> None:
        """Let an instance and one of another service, which serves too, change places."""
        others = [
            one
            for one in self._world.seats
            if one.instance.service is not seat.instance.service and one.running and bool(one.port) == bool(seat.port)
        ]
        alike = [one for one in others if (one.network is one.machine.own) == (seat.network is seat.machine.own)]
        among = alike or others
        if among:
            self._world.exchange(seat, among[int(self._random.random() * len(among))])

    def _agents_of(self, where: Struck) -> list[Agent]:
        return [self._agents[one] for one in _machines(where.seats) if one in self._agents]


def _machines(seats: Sequence[Seat]) -> list[Machine]:
    return list(dict.fromkeys(seat.machine for seat in seats))


def _between(fault: Fault, clients: Sequence[Seat], servers: Sequence[Seat]) -> Apart:
    size = fault.strength
    loss = size if fault.kind == "loss" else 0.0
    delay_us = round(size * 1000) if fault.kind == "delay" else 0
    return Apart(clients, servers, delay_us, loss, cut=fault.kind == "partition")


def _strike(seat: Seat, fault: Fault, bit: int) -> None:
    size = fault.strength
    match fault.kind:
        case "hang":
            seat.hung = True
        case "slow":
            seat.own_us *= size
        case "errors":
            seat.error_share = max(seat.error_share, min(size, 1.0))
        case "surge":
            seat.load *= size
        case "throttle":
            seat.throttled = max(size, 1.0)
            seat.own_us *= size
        case "partition":
            seat.apart |= bit
        case _:
            pass


def _strike_machine(machine: Machine, fault: Fault) -> None:
    size = fault.strength
    match fault.kind:
        case "loss":
            machine.loss = 1 - (1 - machine.loss) * (1 - min(size, 1.0))
        case "delay":
            machine.delay_us += round(size * 1000)
        case "pressure":
            machine.pressure = max(machine.pressure, size)
        case _:
            pass
