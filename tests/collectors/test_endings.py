"""However a connection ends, both its ends are reported, with who they were and every byte, each once."""

import contextlib
import ctypes
import errno
import itertools
import socket
import struct
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from collectors.destroyed import Destroyed
from collectors.diag import Identity
from collectors.settings import Settings
from collectors.socket_scan import ANY
from collectors.tracing import Tracing
from tests.collectors.watching import Connection, Watch, eventually, lone_listener

RESET = struct.pack("ii", 1, 0)  # SO_LINGER of no time: close() sends RST
ASKED, ANSWERED = 100, 30
V4, V6 = socket.AF_INET, socket.AF_INET6


class Way(NamedTuple):
    """Where the listener is bound, what the client dials, and what it is bound to."""

    bound: str
    dialled: str
    client: str | None = None
    dialling: int = 0


WAYS = {
    "ipv4": Way("127.0.0.1", "127.0.0.1"),
    "ipv4, any": Way("0.0.0.0", "127.0.0.2"),
    "ipv4, bound client": Way("127.0.0.1", "127.0.0.1", "127.0.0.3"),
    "ipv6": Way("::1", "::1"),
    "ipv6, any": Way("::", "::1"),
    "ipv6 server, ipv4 client": Way("::", "127.0.0.1"),
    "ipv4 server, ipv6 client": Way("127.0.0.1", "::ffff:127.0.0.1", None, V6),
}


class Talk:
    """A client and its server, after one question and one answer."""

    def __init__(self, way: Way) -> None:
        self.stack = contextlib.ExitStack()
        self.listener = self.stack.enter_context(lone_listener(way.bound))
        self.port = self.listener.getsockname()[1]
        self.client = self.stack.enter_context(socket.socket(way.dialling or (V6 if ":" in way.dialled else V4)))
        if way.client:
            self.client.bind((way.client, 0))
        self.client.connect((way.dialled, self.port))
        self.server = self.stack.enter_context(self.listener.accept()[0])
        self.flow = [_plain(self.client.getsockname()), _plain(self.client.getpeername())]
        self.sent = [0, 0]
        self.send(self.client, ASKED)
        self.send(self.server, ANSWERED)

    def send(self, sender: socket.socket, count: int, *, unread: bool = False) -> None:
        sender.sendall(b"x" * count)
        self.sent[sender is self.server] += count
        while count and not unread:
            count -= len(self.other(sender).recv(count))

    def other(self, one: socket.socket) -> socket.socket:
        return self.client if one is self.server else self.server


def _plain(address: tuple[Any, ...]) -> tuple[str, int]:
    return address[0].removeprefix("::ffff:"), address[1]


def reset(one: socket.socket) -> None:
    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    one.close()


def disconnect(one: socket.socket) -> None:
    """connect(2) to AF_UNSPEC, which Python has no call for."""
    assert ctypes.CDLL(None).connect(one.fileno(), struct.pack("=H14x", socket.AF_UNSPEC), 16) == 0
    one.close()


def shut_and_reset(one: socket.socket) -> None:
    one.shutdown(socket.SHUT_WR)
    reset(one)


CLEARING = {"linger": reset, "disconnect": disconnect, "shutdown, linger": shut_and_reset}


class Gone:
    """Knows when sockets are gone, for a collector to look after it."""

    def __init__(self) -> None:
        self._events = Destroyed(1 << 22)
        self._events.open()
        self._found: list[Identity] = []

    def all(self, flow: list[tuple[Any, ...]]) -> None:
        """Wait until the sockets at both ends of a flow are gone, and the listener."""
        here, there = (end[:2] for end in flow)
        eventually(lambda: self._have(here, there) and self._have(there, here) and self._have(there, None))
        self._events.close()

    def _have(self, local: tuple[Any, ...], remote: tuple[Any, ...] | None) -> bool:
        self._events.drain()
        self._found += [one.identity for one in self._events.take()[0]]
        whole = {(one[:2], one[2:4]) for one in self._found}
        parts = {(one.local_port, one.remote_address) for one in self._found if not one.remote_port}
        if remote is None:
            return any((local[1], nobody) in parts for nobody in ANY)
        return (local, remote) in whole or (local[1], remote[0]) in parts


def reported(rows: list[Connection]) -> list[tuple[Any, ...]]:
    """Return what is reported of a connection: identity, roles, ending and bytes; the client's end first."""
    return [
        (
            (row.local_address, row.local_port),
            (row.remote_address, row.remote_port),
            row.accepted,
            row.closed,
            row.failed,
            row.sent_bytes,
            row.received_bytes,
        )
        for row in rows
    ]


def truth(talk: Talk) -> list[tuple[Any, ...]]:
    here, there = talk.flow
    asked, answered = talk.sent
    return [(here, there, False, True, False, asked, answered), (there, here, True, True, False, answered, asked)]


@pytest.fixture(scope="module")
def tracing() -> Iterator[Tracing]:
    made = Tracing()
    made.open()
    yield made
    made.close()


@pytest.fixture(params=["headers", "no headers", "programs"])
def watch(request: pytest.FixtureRequest, tracing: Tracing) -> Iterator[Watch]:
    traced = request.param == "programs"
    if traced and not tracing.running:
        pytest.skip("programs may not run here")
    watching = Watch(Settings(tcp_headers=request.param == "headers"), tracing if traced else None)
    yield watching
    watching.close()


@pytest.mark.root
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("clearing", CLEARING)
def test_a_cleared_socket_keeps_its_peer_and_its_bytes(watch: Watch, way: str, clearing: str) -> None:
    # Only the wire shows a FIN before the RST, if no scan came between them: it is counted as a byte.
    unseen_fin = clearing == "shutdown, linger" and bool(watch.sockets.missing())
    for client_resets, scans in itertools.product((True, False), (0, 1, 2)):
        talk, gone = Talk(WAYS[way]), Gone()
        with talk.stack:
            rows: dict[int, Connection] = {}
            resetter = talk.client if client_resets else talk.server
            if scans:
                rows = _added(rows, watch.connections(talk.port))
                talk.send(talk.client, 7)
                talk.send(talk.server, 3)
            if scans == 2:
                rows = _added(rows, watch.connections(talk.port))
            CLEARING[clearing](resetter)
            with contextlib.suppress(ConnectionResetError):
                assert talk.other(resetter).recv(1) == b""
        gone.all(talk.flow)
        found = reported(sorted(_added(rows, watch.connections(talk.port)).values(), key=lambda row: row.accepted))
        if unseen_fin and found[0][-2:] == (talk.sent[0] + client_resets, talk.sent[1] + (not client_resets)):
            talk.sent = list(found[0][-2:])
        assert found == truth(talk), (client_resets, scans)


def _added(before: dict[int, Connection], rows: list[Connection]) -> dict[int, Connection]:
    found = dict(before)
    for row in rows:
        held = found.get(row.cookie)
        found[row.cookie] = (
            row
            if held is None
            else row._replace(
                sent_bytes=row.sent_bytes + held.sent_bytes, received_bytes=row.received_bytes + held.received_bytes
            )
        )
    return found


def unidentified(watch: Watch) -> int:
    """Return how many had an end that is not known, of this test and of all else that runs."""
    return watch.sockets.counters()["connections_unidentified"]


def blocking(client: socket.socket, address: tuple[str, int]) -> None:
    with contextlib.suppress(ConnectionRefusedError):
        client.connect(address)


def asked_for_the_error(client: socket.socket, address: tuple[str, int]) -> None:
    client.setblocking(False)
    client.connect_ex(address)
    assert eventually(lambda: client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))


def connected_again(client: socket.socket, address: tuple[str, int]) -> None:
    client.setblocking(False)
    client.connect_ex(address)
    with contextlib.suppress(ConnectionRefusedError):
        client.connect(address)


@pytest.mark.root
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("connect", [blocking, asked_for_the_error, connected_again])
def test_a_refused_connect_is_one_that_failed(
    watch: Watch, address: str, connect: Callable[[socket.socket, tuple[str, int]], None]
) -> None:
    family = V6 if ":" in address else V4
    with socket.socket(family) as unused, socket.socket(family) as client:
        unused.bind((address, 0))
        port = unused.getsockname()[1]
        connect(client, (address, port))
    rows: list[Connection] = []
    lost = bool(watch.sockets.missing()) and connect is not asked_for_the_error

    def is_reported() -> bool:
        rows.extend(row for row in watch.connections(port) if row.local_address == address)
        return bool(unidentified(watch) if lost else rows)

    eventually(is_reported)
    if not lost:
        assert [(row.local_address, row.remote_address, row.remote_port) for row in rows] == [(address, address, port)]
        assert [(row.failed, row.opened, row.closed, row.accepted) for row in rows] == [(True, True, True, False)]


def test_a_refused_connect_is_no_listener_that_ended(watch: Watch) -> None:
    with socket.socket() as unused, socket.socket() as client:
        unused.bind(("127.0.0.1", 0))
        client.bind(("127.0.0.1", 0))
        port = client.getsockname()[1]
        blocking(client, unused.getsockname())
    ended = [watch.listening().ended for _ in range(3)]
    assert port not in {row[3] for batch in ended for row in batch.rows()}


@pytest.mark.root
def test_a_connect_given_up_is_one_that_failed(watch: Watch) -> None:
    with contextlib.ExitStack() as stack:
        full = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        clients = [stack.enter_context(socket.socket()) for _ in range(3)]
        for client in clients:
            client.setblocking(False)
            client.connect_ex(full.getsockname())
        waiting = [client for client in clients if client.connect_ex(full.getsockname()) == errno.EALREADY]
        ports = {client.getsockname()[1] for client in waiting}
        for client in waiting:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
        port = full.getsockname()[1]
        rows = watch.connections(port)

    def all_reported() -> bool:
        rows.extend(watch.connections(port))
        failed = {row.local_port for row in rows if row.failed}
        return unidentified(watch) >= len(ports) if watch.sockets.missing() else failed == ports

    assert ports
    eventually(all_reported)


@pytest.mark.root
def test_a_connection_that_nobody_accepted_is_reported_at_both_ends(watch: Watch) -> None:
    for closing in ("client", "listener"):
        gone = Gone()
        listener = socket.create_server(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        client = socket.create_connection(listener.getsockname())
        flow = [client.getsockname(), client.getpeername()]
        for one in (client, listener) if closing == "client" else (listener, client):
            reset(one)
        gone.all(flow)
        rows = sorted(watch.connections(port), key=lambda row: row.accepted)

        expected = [(*flow[0], *flow[1], False, True), (*flow[1], *flow[0], True, True)]
        if watch.sockets.missing() and closing == "client":  # both are cleared
            assert unidentified(watch) >= 2
            continue
        reported = [(*row.ends[0], *row.ends[1], row.accepted, row.closed) for row in rows]
        assert reported == expected, closing


@pytest.mark.root
def test_both_ends_are_of_one_window_though_one_was_gone_before_it_ended() -> None:
    watch, talk = Watch(), Talk(WAYS["ipv4"])
    with talk.stack:
        reset(talk.client)
        assert watch.connections(talk.port) == []
    rows = watch.closed(talk.port, 2)
    assert reported(rows) == truth(talk)
    assert len({row.since for row in rows}) == 1
    watch.close()


@pytest.mark.root
def test_an_end_whose_other_one_is_held_on_and_on_is_reported_a_window_later() -> None:
    watch, talk = Watch(), Talk(WAYS["ipv4"])
    with talk.stack:
        reset(talk.client)
        rows = watch.closed(talk.port, 1)
        assert reported(rows) == truth(talk)[:1]
    rows += watch.closed(talk.port, 1)
    assert reported(rows) == truth(talk)
    watch.close()


def _multipath(kind: int) -> socket.socket:
    try:
        return socket.socket(V4, socket.SOCK_STREAM, kind)
    except OSError:
        pytest.skip("needs MPTCP")


@pytest.mark.root
@pytest.mark.parametrize("first", ["client", "server"])
@pytest.mark.parametrize(("listens", "dials"), [(0, 262), (262, 0), (262, 262)])  # IPPROTO_MPTCP
def test_the_flows_of_multipath_sockets_which_the_kernel_clears_are_reported_whole(
    listens: int, dials: int, first: str
) -> None:
    watch = Watch()
    with _multipath(listens) as listener, _multipath(dials) as client:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        client.connect(listener.getsockname())
        server, _ = listener.accept()
        flow = [client.getsockname(), client.getpeername()]
        client.sendall(b"x" * 10)
        assert server.recv(100)
        server.sendall(b"y" * 3)
        assert client.recv(100)
        for one in (client, server) if first == "client" else (server, client):
            one.close()
        rows = watch.closed(port, 2)
    watch.close()

    here, there = flow
    assert reported(sorted(rows, key=lambda row: row.accepted)) == [
        (here, there, False, True, False, 10, 3),
        (there, here, True, True, False, 3, 10),
    ]
