"""What is there and what becomes of it: machines, seats, the processes in them, and who knows whom."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import count
from random import Random

from schemas.ids import address_node
from schemas.times import DAY_MS
from simulation.architecture import Call
from simulation.connections import LIFE_AT, Connections
from simulation.fleet import Fleet
from simulation.health import propagate
from simulation.ledger import Ledger
from simulation.machine import Machine, Network
from simulation.order import Step, order_of
from simulation.routes import routes
from simulation.seats import Party, Process, Seat
from simulation.truth import TrueEnd
from simulation.ways import Fan, Way, distance_us, usual_loss

_OUTSIDE = 3  # clients from outside of each instance that has a load
_STARTS_AT = 60  # ms after the end of the process before it
_UNANSWERED = 0.3  # of the connections to a process that is killed, a request
_UP_MS = DAY_MS  # most that processes are older than the simulation


class World:
    """A fleet that runs. `now` is the start of the window that is being made, ms."""

    def __init__(self, fleet: Fleet, start_ms: int, random: Random, connections: Connections) -> None:
        self.fleet = fleet
        self.now = start_ms
        self.ledger: Ledger = connections.ledger
        self.connections = connections
        self.random = random
        self.machines = [Machine(host, start_ms, random, fleet.architecture.scanning) for host in fleet.hosts]
        self.apart: list[Apart] = []  # what is wrong between clients and servers
        self._by_host = {machine.host.number: machine for machine in self.machines}
        self._numbers = count()  # of ways
        self._addresses = count(1)  # of containers
        self._strangers = count(1)
        self._retired: dict[int, deque[str]] = {}  # by host: addresses that containers had
        services = fleet.architecture.services
        self.order = order_of(services)
        self._number_of = {service.name: number for number, service in enumerate(services)}
        self._of_service: list[list[Seat]] = [[] for _ in services]
        self.seats: list[Seat] = []
        self._seat_of: dict[str, Seat] = {}

    def populate(self) -> None:
        """Start all instances: long ago, and each knows the others."""
        for instance in self.fleet.instances:
            machine = self._by_host[instance.host.number]
            seat = Seat(instance, machine, machine.network(instance.address, self.random))
            self.seats.append(seat)
            self._seat_of[instance.full_name] = seat
            self._of_service[self._number_of[instance.service.name]].append(seat)
        for seat in self.seats:
            self.begin(seat, self.now - self.random.randrange(1_000, _UP_MS), knows=False)
        for seat in self.seats:
            self._acquaint(seat)
            self._expose(seat)
        self.refresh()
        for seat in self.seats:
            for fan in (*seat.outside, *seat.process.fans):
                for way in fan.ways:
                    for _ in range(way.call.pool):
                        self.connections.open(way, LIFE_AT)

    @property
    def in_order(self) -> list[list[Seat]]:
        """Return the seats by service, callers before what they call."""
        return [self._of_service[number] for number in self.order.services]

    def begin(self, seat: Seat, started: int, *, pid: int = 0, knows: bool = True) -> None:
        """Start a process in a seat."""
        machine, service = seat.machine, seat.instance.service
        process = Process(seat, machine, seat.network, pid or machine.fork(self.random), started)
        machine.begin(process.pid)
        if knows:
            self.ledger.forget(seat.process.node)
        seat.process, seat.running = process, True
        self.ledger.enter(_true_end(process), seat.instance)
        self.ledger.happen(started, "started", process.node, seat.instance.name)
        ports = tuple(dict.fromkeys(port for port in (seat.port, seat.peer_port) if port))
        seat.network.bind(*ports)
        if machine.kernel is not None:
            machine.kernel.act(LIFE_AT + _STARTS_AT, machine.kernel.start, process, ports)
        if knows and service.calls:
            self._acquaint(seat)

    def end(self, seat: Seat, kind: str, *, signal: int = 0, oom: bool = False) -> None:
        """End the process of a seat, and with it all its connections."""
        process, machine = seat.process, seat.machine
        seat.running, seat.arrived = False, 0
        for way in list(process.incoming):
            for connection in way.connections.copy():
                if signal and self.random.random() < _UNANSWERED:
                    self.connections.leave(connection, LIFE_AT)
                self.connections.close(connection, LIFE_AT)
        for fan in process.fans:
            for way in fan.ways:
                for connection in way.connections.copy():
                    self.connections.close(connection, LIFE_AT)
                way.seat.process.incoming.pop(way, None)
        if machine.kernel is not None:
            kernel = machine.kernel
            kernel.act(LIFE_AT, kernel.exit, process, self.now + LIFE_AT, signal, oom)
        machine.end(process.pid)
        self.ledger.leave(process.node)
        self.ledger.happen(self.now + LIFE_AT, kind, process.node, seat.instance.name)

    def replace(self, seat: Seat, kind: str = "exited") -> None:
        """Put a new process into a seat, at a new address if it has one of its own."""
        if seat.running:
            self.end(seat, kind)
        if seat.network is not seat.machine.own:
            self._house(seat, self._address(seat.machine, seat.network.address))
        self.begin(seat, self.now + LIFE_AT + _STARTS_AT)

    def restart(self, seat: Seat) -> None:
        """Start a process in a seat whose last one ended."""
        if not seat.running:
            self.begin(seat, self.now + LIFE_AT + _STARTS_AT)

    def exchange(self, one: Seat, other: Seat) -> None:
        """Let two instances change places: each gets the host, the address, the port and the pid of the other."""
        places = []
        for seat in (one, other):
            if seat.running:
                self.end(seat, "exited")
            places.append((seat.machine, seat.network, seat.port, seat.peer_port, seat.process.pid))
        for seat, (machine, network, port, peer_port, pid) in zip((one, other), reversed(places), strict=True):
            seat.machine, seat.network, seat.port, seat.peer_port = machine, network, port, peer_port
            if network is not machine.own:
                self._house(seat, network.address)
            self.begin(seat, self.now + LIFE_AT + _STARTS_AT, pid=pid)

    def watch(self, machine: Machine, *, watched: bool) -> None:
        """Note that the agent of a machine came or went."""
        machine.watched = watched
        for seat in self.seats:
            if seat.running and seat.machine is machine:
                self.ledger.enter(_true_end(seat.process), seat.instance)

    def refresh(self) -> None:
        """See anew how far all are from each other, and how they do."""
        for seat in self.seats:
            for fan in (*seat.outside, *seat.process.fans):
                for way in fan.ways:
                    self._measure(way)
        propagate(self.in_order)

    def _house(self, seat: Seat, address: str) -> None:
        """Put a seat into a new network namespace."""
        machine = seat.machine
        machine.drop(seat.network)
        seat.network = machine.network(address, self.random)
        if machine.kernel is not None:
            machine.kernel.act(LIFE_AT, machine.kernel.move)

    def _address(self, machine: Machine, old: str) -> str:
        """Return an address for a new container: one that another one had before, if there is any."""
        retired = self._retired.setdefault(machine.host.number, deque())
        retired.append(old)
        if len(retired) > 2:
            return retired.popleft()
        number = next(self._addresses)
        return f"100.{64 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"

    def _acquaint(self, seat: Seat) -> None:
        """Let the process of a seat know whom it may call."""
        number = self._number_of[seat.instance.service.name]
        for step in self.order.steps[number]:
            known = [self._seat_of[one.full_name] for one in routes(self.fleet, seat.instance, step.call)]
            ways = [self._way(seat.process, step, one) for one in known if one.port]
            seat.process.fans.append(Fan(step, ways, seat.instance.number))

    def _expose(self, seat: Seat) -> None:
        """Let clients from outside know a seat."""
        service = seat.instance.service
        if not service.load or not seat.port:
            return
        step = Step(Call(to=service.name), self._number_of[service.name], service.load, ends=False)
        ways = []
        for _ in range(_OUTSIDE):
            number = next(self._strangers)
            address = f"198.{18 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"
            client = Party(address_node("", address), Network(address, 0, None, self.random.getrandbits(16)))
            self.ledger.enter(TrueEnd(client.node, "", "", "", "", address, agent=False), None)
            ways.append(self._way(client, step, seat))
        seat.outside = [Fan(step, ways, 0)]

    def _way(self, client: Party, step: Step, seat: Seat) -> Way:
        way = Way(client, step, seat, self.connections.moment(next(self._numbers)))
        self._measure(way)
        return way

    def _measure(self, way: Way) -> None:
        """Set how far a server is, and what is wrong on the way."""
        server = way.seat.machine
        client = way.client.seat if isinstance(way.client, Process) else None
        here = client.machine if client is not None else None
        host = here.host if here is not None else None
        rtt = distance_us(host, server.host, self.fleet.architecture.regions) + server.delay_us
        loss = usual_loss(host, server.host)
        sound = 1 - loss
        if here is not server:
            sound *= 1 - server.loss
            if here is not None:
                rtt += here.delay_us
                sound *= 1 - here.loss
        way.cut = (client.apart if client is not None else 0) != way.seat.apart
        for apart in self.apart:
            if client is not None and apart.between(client, way.seat):
                rtt += apart.delay_us
                sound *= 1 - apart.loss
                way.cut |= apart.cut
        way.answers = None
        way.rtt_us, way.loss = rtt, round(1 - sound, 9)


class Apart:
    """Something wrong between some clients and some servers."""

    def __init__(self, clients: Sequence[Seat], servers: Sequence[Seat], delay_us: int, loss: float, cut: bool) -> None:
        self._clients = set(clients)  # asked for members alone
        self._servers = set(servers)
        self.delay_us = delay_us
        self.loss = loss
        self.cut = cut

    def between(self, client: Seat, server: Seat) -> bool:
        """Return whether it is between a client and a server."""
        return client in self._clients and server in self._servers


def _true_end(process: Process) -> TrueEnd:
    seat, host = process.seat, process.machine.host
    container = seat.instance.service.container
    return TrueEnd(
        node=process.node,
        instance=seat.instance.name,
        service=seat.instance.service.name,
        host=host.name,
        zone="/".join(part for part in (host.region, host.zone) if part),
        address=process.network.address,
        agent=process.machine.watched,
        owner_known=seat.instance.service.owner_known and process.machine.traced,
        container=process.container,
        namespace=container.namespace if container else "",
        pod=seat.instance.name if container and container.pod else "",
    )
