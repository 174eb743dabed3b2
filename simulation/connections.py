"""Connections from clients to servers: kept in pools or opened for each request; both ends show the same."""

from __future__ import annotations

from random import Random

from simulation.answers import WORDS, Answers
from simulation.kernel import Moved, Said, Socket
from simulation.ledger import Ledger
from simulation.seats import Party, Process
from simulation.truth import TrueEdge, TrueKey
from simulation.ways import Way

LIFE_AT = 100  # ms of a window at which processes start and end
FIRST, LAST = 500, 400  # ms of a window in which nobody asks, at its beginning and at its end
MSS = 1448
_GOLDEN = 0x9E37_79B1  # Knuth's multiplicative hash, which spreads moments over a window
_MANY = 50  # requests in a window beyond which one more connection of a pool is used
LOOPBACK = "127.0.0.1"
_FAREWELL = Moved(0, 0, 2, 2, 0, 0, 0)


class Connection:
    """A connection with both its ends, as far as somebody watches them."""

    __slots__ = ("far", "key", "near", "port", "stuck", "way")

    def __init__(self, way: Way, port: int, near: Socket | None, far: Socket | None) -> None:
        self.way = way
        self.key: TrueKey = way.key  # that of the way changes with its server
        self.port = port
        self.near = near
        self.far = far
        self.stuck = False  # somebody waits for an answer that will not come

    @property
    def known(self) -> bool:
        """Return whether agents know the protocol, and thus see requests."""
        return self.way.seat.instance.service.program.protocol in WORDS

    def ends(self) -> list[Socket]:
        """Return the ends that somebody watches."""
        return [one for one in (self.near, self.far) if one is not None]


class Connections:
    """Opens, uses and closes connections; the truth has what happens."""

    def __init__(self, ledger: Ledger, width: int, random: Random) -> None:
        self.ledger = ledger
        self._width = width
        self._random = random

    def moment(self, number: int) -> int:
        """Return when those talk who have a number, ms of each window."""
        return FIRST + ((number * _GOLDEN & 0xFFFF_FFFF) * (self._width - FIRST - LAST) >> 32)

    def open(self, way: Way, at: int) -> Connection:
        """Open a connection that lasts."""
        connection = self._connect(way, at, keep=True)
        way.connections.append(connection)
        way.seat.process.incoming[way] = None
        self.ledger.begin(way.key)
        return connection

    def close(self, connection: Connection, at: int) -> None:
        """Close a connection that lasted, at both ends."""
        way = connection.way
        way.connections.remove(connection)
        way.client.network.give_port(connection.port)
        self.ledger.close(connection.key)
        for socket in connection.ends():
            socket.kernel.act(at, socket.kernel.count, socket, _FAREWELL)
            socket.kernel.act(at, socket.kernel.end, socket)

    def leave(self, connection: Connection, at: int) -> None:
        """Let a request have no answer, as the server ends."""
        edge = self.ledger.at(connection.key)
        edge.requests += 1
        edge.unanswered += 1
        for socket in connection.ends() if connection.known else ():
            socket.kernel.act(at, socket.kernel.leave_open, socket)

    def exchange(self, way: Way, requests: int, errors: int) -> None:
        """Let requests be answered, on connections of a pool or each on one of its own."""
        way.to(way.seat.process)
        edge = self.ledger.edge(way)
        edge.requests += requests
        edge.errors += errors
        answers = way.answers
        if answers is None:
            answers = way.answers = Answers(way)
        edge.median_us = answers.median_us
        if way.call.pool:
            self._pooled(way, requests, errors, answers, edge)
        else:
            self._briefly(way, requests, errors, answers, edge)

    def _pooled(self, way: Way, requests: int, errors: int, answers: Answers, edge: TrueEdge) -> None:
        at = way.moment
        used = min(way.call.pool, 1 + requests // _MANY)
        free = way.connections
        if way.stuck:
            free = [one for one in free if not one.stuck]
        while len(free) < used:
            opened = self.open(way, at)
            if free is not way.connections:
                free.append(opened)
        for nth in range(used):
            way.turn = turn = (way.turn + 1) % len(free)
            part = requests // used + (nth < requests % used)
            wrong = errors // used + (nth < errors % used)
            self._talk(free[turn], at, edge, part, answers.of(part, wrong, self._random))

    def _briefly(self, way: Way, requests: int, errors: int, answers: Answers, edge: TrueEdge) -> None:
        span = self._width - FIRST - LAST
        for nth in range(requests):
            at = FIRST + nth * span // requests
            connection = self._connect(way, at, keep=False)
            edge.closed += 1
            until = min(at + answers.next_us(self._random) // 1000, self._width - 1)
            self._talk(connection, until, edge, 1, answers.of(1, int(nth < errors), self._random))
            for socket in connection.ends():
                socket.kernel.act(until, socket.kernel.end, socket)

    def _talk(self, connection: Connection, at: int, edge: TrueEdge, requests: int, said: Said | None) -> None:
        moved = self.moved(connection.way, requests, requests)
        edge.to_server_bytes += moved.asked
        edge.to_client_bytes += moved.answered
        edge.lost_segments += moved.out_again + moved.back_again
        for socket in (connection.near, connection.far):
            if socket is not None:
                kernel = socket.kernel
                if at < kernel.cut:  # as `act` does, for this is what happens most
                    kernel.count(socket, moved, said)
                else:
                    kernel.act(at, kernel.count, socket, moved, said)

    def moved(self, way: Way, requests: int, answers: int) -> Moved:
        """Return what passes for some requests, and for their answers."""
        call, random = way.call, self._random.random
        more = 850 + int(random() * 300)
        asked, answered = call.request_bytes * requests * more // 1000, call.response_bytes * answers * more // 1000
        out, back = -(-asked // MSS), -(-answered // MSS)
        again = back_again = 0
        rtt = way.rtt_us
        even = random()
        if way.loss:
            again, back_again = int(out * way.loss + random()), int(back * way.loss + random())
            rtt = int(rtt * (1 + 12 * way.loss * even))
        rtt += int(rtt * 0.2 * even)
        acknowledged, acknowledging = (out + 1) // 2, (back + 1) // 2
        return Moved(
            asked, answered, out + acknowledging + again, back + acknowledged + back_again, again, back_again, rtt
        )

    def _connect(self, way: Way, at: int, *, keep: bool) -> Connection:
        server, client = way.seat.process, way.client
        way.to(server)
        self.ledger.edge(way).opened += 1
        port = client.network.take_port(keep=keep)
        near, far = dialled(way, client, port), None
        if server.network.kernel is not None:
            here, there = ends_of(way, client, port)
            far = Socket(server.network.kernel, server.network, server, (*there, *here), accepted=True)
        connection = Connection(way, port, near, far)
        protocol = server.seat.instance.service.program.protocol
        for socket in connection.ends():
            socket.kernel.act(at, socket.kernel.begin, socket, protocol)
        return connection


def dialled(way: Way, client: Party, port: int) -> Socket | None:
    """Return the socket of a client that connects, if somebody watches it."""
    kernel = client.network.kernel
    if kernel is None or not isinstance(client, Process):
        return None
    here, there = ends_of(way, client, port)
    return Socket(kernel, client.network, client, (*here, *there), accepted=False)


def ends_of(way: Way, client: Party, port: int) -> tuple[tuple[str, int], tuple[str, int]]:
    """Return address and port of both ends: within one network namespace they talk by loopback."""
    network = way.seat.process.network
    if network is client.network:
        return (LOOPBACK, port), (LOOPBACK, way.port)
    return (client.network.address, port), (network.address, way.port)
