"""A FIN that comes while the kernel fills in a dump is not taken for a byte."""

import multiprocessing
import socket
import time
from collections import deque
from collections.abc import Iterator

import pytest

from collectors import diag, fins, netlink, sockets
from tests.collectors.namespaces import Namespaces
from tests.collectors.watching import Connection, Watch, eventually

SENT, ANSWERED = 109, 200
CONNECTIONS = 3_000
HELD = 50  # stay open after their end has come, for a window or more


@pytest.fixture
def netlink_socket() -> Iterator[socket.socket]:
    with netlink.open_socket(netlink.SOCK_DIAG) as sock:
        yield sock


def parsed(sock: socket.socket, port: int) -> list[tuple[diag.Row, diag.Identity, bool]]:
    """Return the clients of a port: row, identity, and whether a FIN may have come."""
    found = []
    for chunk, rows, places, infos in diag.parse_rows(
        diag.request(sock, socket.AF_INET, socket.IPPROTO_TCP, diag.states(*diag.CONNECTED), info=True)
    ):
        for values, at, info in zip(rows, places, infos, strict=True):
            row, identity = diag.Row._make(values), diag.identity(chunk, at)
            if identity.remote_port == port:
                found.append((row, identity, fins.may_have_come(row, chunk, info)))
    return found


def test_one_that_has_not_had_anything_for_a_while_is_asked_no_more(
    netlink_socket: socket.socket, server: socket.socket
) -> None:
    port = server.getsockname()[1]
    with socket.create_connection(server.getsockname()) as client, server.accept()[0] as accepted:
        accepted.sendall(b"x")
        client.recv(1)
        assert eventually(lambda: not parsed(netlink_socket, port)[0][2])


def test_one_that_is_open_still_is_not_in_doubt(netlink_socket: socket.socket, server: socket.socket) -> None:
    port = server.getsockname()[1]
    with socket.create_connection(server.getsockname()) as client, server.accept()[0] as accepted:
        accepted.sendall(b"x")
        client.recv(1)
        [(row, identity, recent)] = parsed(netlink_socket, port)
        assert recent
        assert fins.doubtful(netlink_socket, [(row.cookie, identity)]) == set()
        accepted.close()
        assert eventually(lambda: fins.doubtful(netlink_socket, [(row.cookie, identity)]) == {row.cookie})
    assert fins.doubtful(netlink_socket, [(row.cookie, identity)]) == {row.cookie}


def test_those_beyond_the_bound_are_in_doubt(
    netlink_socket: socket.socket, server: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fins, "MOST_LOOKUPS", 0)
    with socket.create_connection(server.getsockname()):
        [(row, identity, _)] = parsed(netlink_socket, server.getsockname()[1])
        assert fins.doubtful(netlink_socket, [(row.cookie, identity)]) == {row.cookie}


def test_a_byte_in_doubt_is_reported_with_the_next_window(
    watch: Watch, server: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = server.getsockname()[1]
    monkeypatch.setattr(fins, "MOST_LOOKUPS", 0)
    monkeypatch.setattr(fins, "RECENT_MS", 1 << 31)
    with socket.create_connection(server.getsockname()) as client, server.accept()[0] as accepted:
        accepted.sendall(b"x" * ANSWERED)
        while len(client.recv(ANSWERED, socket.MSG_PEEK)) < ANSWERED:
            pass
        rows = [watch.connections(port)[0] for _ in range(2)]
        rest = watch.connections(port)
    assert [row.received_bytes for row in rows] == [ANSWERED - 1, 1]
    assert rest == []


def _serve(server: socket.socket) -> None:
    while True:
        with server.accept()[0] as accepted:
            accepted.recv(SENT)
            accepted.sendall(b"y" * ANSWERED)


def _ask(address: tuple[str, int], times: int) -> None:
    held: deque[socket.socket] = deque()
    for _ in range(times):
        client = socket.create_connection(address)
        client.sendall(b"x" * SENT)
        while client.recv(ANSWERED):
            pass
        held.append(client)
        if len(held) > HELD:
            held.popleft().close()
    for client in held:
        client.close()


def closed_after(rows: list[Connection], further: list[Connection]) -> int:
    """Add rows to those that there are; return how many connections have closed."""
    rows += further
    return sum(row.closed for row in rows)


def _read_while_they_close() -> None:
    sockets.LINGER_WINDOWS = (
        1_000_000  # windows last milliseconds here: the kernel may report an end many of them later
    )
    watch = Watch()
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as server:
        port = server.getsockname()[1]
        context = multiprocessing.get_context("fork")
        serving = context.Process(target=_serve, args=(server,), daemon=True)
        asking = context.Process(target=_ask, args=(server.getsockname(), CONNECTIONS), daemon=True)
        serving.start()
        asking.start()
        rows: list[Connection] = []
        try:
            while asking.is_alive():
                rows += watch.connections(port)
                time.sleep(0)  # the two others want the processors as well
            asking.join()
            eventually(lambda: closed_after(rows, watch.connections(port)) == 2 * CONNECTIONS)
        finally:
            print(closed_after(rows, []), "have closed;", watch.sockets.counters())
            serving.kill()
            serving.join()
            watch.close()
    clients: dict[int, int] = {}
    for row in rows:
        if row.remote_port == port:
            clients[row.cookie] = clients.get(row.cookie, 0) + row.received_bytes
    assert len(clients) == CONNECTIONS
    assert [count for count in clients.values() if count != ANSWERED] == []


@pytest.mark.root
def test_what_closes_while_it_is_read_has_received_what_was_sent(namespaces: Namespaces) -> None:
    """In a namespace of its own, where no other test's connections fill the buffer of events."""
    reading = namespaces.start(namespaces.left, _read_while_they_close)
    reading.join()
    assert reading.exitcode == 0
