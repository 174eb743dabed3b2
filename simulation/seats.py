"""Who is there: instances in their seats, and the processes that hold these, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulation.fleet import Instance
from simulation.times import Times

if TYPE_CHECKING:
    from simulation.machine import Machine, Network
    from simulation.ways import Fan, Way


class Party:
    """Somebody who talks to the fleet: by an address, and known on the map by a node."""

    __slots__ = ("fans", "incoming", "network", "node")

    def __init__(self, node: str, network: Network) -> None:
        self.node = node
        self.network = network
        self.fans: list[Fan] = []  # by call of its service
        self.incoming: dict[Way, None] = {}  # with connections to it; a dictionary keeps its order


class Process(Party):
    """A process in the seat of an instance, from its start to its end."""

    __slots__ = ("container", "cpu_us", "machine", "pid", "seat", "start", "started")

    def __init__(self, seat: Seat, machine: Machine, network: Network, pid: int, started: int) -> None:
        self.start = machine.ticks(started)
        super().__init__(machine.node(pid, self.start), network)
        self.seat = seat
        self.machine = machine
        self.pid = pid
        self.started = started  # ms, on true time
        self.container = machine.container_id(pid, self.start) if seat.instance.service.container else ""
        self.cpu_us = 0  # in the window of its agent


class Seat:
    """The place of an instance: on a machine, at an address, with the process that holds it, or held it last.

    What is done to the instance is here, for it outlives a process.
    """

    __slots__ = (
        "alone", "apart", "arrived", "aside", "error_share", "hung", "instance", "load", "machine", "network",
        "outside", "own_us", "peer_port", "port", "process", "running", "throttled", "times",
    )  # fmt: skip

    def __init__(self, instance: Instance, machine: Machine, network: Network) -> None:
        self.instance = instance
        self.machine = machine
        self.network = network
        self.port = instance.port
        self.peer_port = instance.peer_port
        self.process: Process
        self.running = False
        self.outside: list[Fan] = []  # from outside of the fleet to here
        self.arrived = 0  # requests of this window that call others
        self.aside = 0  # requests of this window that are answered here alone
        self.times = Times()
        self.alone = Times()  # of requests that call nobody
        self.calm()

    def calm(self) -> None:
        """Let nothing be wrong here."""
        service = self.instance.service
        self.own_us = service.service_ms * 1000
        self.error_share = service.error_share
        self.load = 1.0  # times the usual
        self.hung = False
        self.throttled = 0.0
        self.apart = 0  # a bit for each partition that it is within

    @property
    def answers(self) -> bool:
        """Return whether requests are answered here."""
        return self.running and not self.hung
