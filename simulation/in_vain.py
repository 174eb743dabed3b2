"""What a client tries in vain: nobody listens, nothing comes back, or nobody can be reached."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

from simulation.connections import LIFE_AT, Connection, Connections, dialled
from simulation.kernel import SYN_SENT, Moved, Socket
from simulation.truth import TrueKey
from simulation.ways import Way

_LINGERS = 12  # windows that a server's end stays open whose client is cut off
_REFUSED = Moved(0, 0, 1, 1, 0, 0, 0)
_SYN_LOST = Moved(0, 0, 4, 0, 3, 0, 0)
_SENT_AGAIN = 5
Later = Callable[..., None]  # in how many windows, what, arguments


class InVain:
    """Refused and timed out connects, and requests without an answer."""

    def __init__(self, connections: Connections, width: int, later: Later) -> None:
        self._connections = connections
        self._ledger = connections.ledger
        self._width = width
        self._later = later

    def refused(self, way: Way) -> None:
        """Let a connect fail at once."""
        way.to(way.seat.process)
        edge = self._ledger.edge(way)
        edge.opened += 1
        edge.failed += 1
        edge.closed += 1
        self._dial(way, _REFUSED, fails=True)

    def ask(self, way: Way) -> None:
        """Let a request go out to nowhere, if there is a connection left for it. In time it is given up."""
        if way.stuck >= max(way.call.pool, 1):
            return
        windows = max(1, ceil(way.call.timeout_ms / self._width))
        free = next((one for one in way.connections if not one.stuck), None)
        way.stuck += 1
        if free is None and way.cut:
            way.to(way.seat.process)
            self._ledger.edge(way).opened += 1
            socket, port = self._dial(way, _SYN_LOST, fails=False)
            self._later(windows, self._time_out, way, socket, port, way.key)
            return
        connection = free or self._connections.open(way, way.moment)
        connection.stuck = True
        self._send(way, connection)
        self._later(windows, self._give_up, connection, way.cut)

    def _send(self, way: Way, connection: Connection) -> None:
        """Send a request on a connection: it arrives, unless the way is cut."""
        at = way.moment
        moved = self._connections.moved(way, 1, 0)
        if way.cut:
            moved = moved._replace(
                out=moved.out + _SENT_AGAIN, back=moved.back_again, out_again=moved.out_again + _SENT_AGAIN, rtt_us=0
            )
        edge = self._ledger.edge(way)
        edge.to_server_bytes += moved.asked
        edge.lost_segments += moved.out_again + moved.back_again
        near, far = connection.near, connection.far
        if near is not None:
            near.kernel.act(at, near.kernel.count, near, moved)
        if far is not None and not way.cut:
            far.kernel.act(at, far.kernel.count, far, moved)

    def _dial(self, way: Way, moved: Moved, *, fails: bool) -> tuple[Socket | None, int]:
        at = way.moment
        port = way.client.network.take_port(keep=not fails)
        socket = dialled(way, way.client, port)
        if socket is not None:
            kernel = socket.kernel
            socket.state = SYN_SENT
            kernel.act(at, kernel.begin, socket, "")
            kernel.act(at, kernel.count, socket, moved)
            if fails:
                kernel.act(at, kernel.fail, socket)
        return socket, port

    def _time_out(self, way: Way, socket: Socket | None, port: int, key: TrueKey) -> None:
        way.stuck -= 1
        way.client.network.give_port(port)
        edge = self._ledger.at(key)
        edge.closed += 1
        edge.failed += socket is None or not socket.closed
        if socket is not None and not socket.closed:  # its process may be gone
            socket.kernel.act(way.moment, socket.kernel.fail, socket)

    def _give_up(self, connection: Connection, cut: bool) -> None:
        """Close a connection on which no answer came; a server that is cut off does not notice for long."""
        way = connection.way
        way.stuck -= 1
        if connection not in way.connections:
            return
        at = way.moment
        if cut and connection.far is not None:
            self._later(_LINGERS, _drop, connection.far)
            connection.far = None
        for socket in connection.ends() if connection.known else ():
            socket.kernel.act(at, socket.kernel.give_up, socket)
        self._ledger.at(connection.key).given_up += 1
        self._connections.close(connection, at)


def _drop(socket: Socket) -> None:
    if not socket.closed:
        socket.kernel.act(LIFE_AT, socket.kernel.end, socket)
