import contextlib
import ctypes
import multiprocessing
import os
import socket
import struct
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection as Pipe
from typing import Any

import pytest

from collectors import diag, netlink, sockets
from collectors.destroyed import Destroyed
from schemas.raw import ListenerBatch
from tests.collectors.namespaces import Namespaces
from tests.collectors.watching import Watch, eventually, lone_listener

RESET = struct.pack("ii", 1, 0)  # SO_LINGER of no time: close() sends RST


@contextlib.contextmanager
def connected(server: socket.socket, address: tuple[Any, ...] | None = None) -> Iterator[tuple[Any, Any]]:
    client = socket.create_connection((address or server.getsockname())[:2])
    accepted, _ = server.accept()
    with client, accepted:
        yield client, accepted


def receive(sock: socket.socket, count: int) -> None:
    while count:
        got = len(sock.recv(min(count, 1 << 16)))
        assert got
        count -= got


def until_settled(port: int) -> bool:
    """Return whether nothing on a port is open or closing any more."""
    with netlink.open_socket(netlink.SOCK_DIAG) as sock:
        for family in (socket.AF_INET, socket.AF_INET6):
            mask = diag.states(*diag.CONNECTED)
            for found in diag.parse_rows(diag.request(sock, family, 6, mask, info=True)):
                if any(port in diag.identity(found.chunk, at)[1:4:2] for at in found.places):
                    return False
    return True


def test_bytes_are_counted_window_by_window(watch: Watch, server: socket.socket) -> None:
    port = server.getsockname()[1]
    with connected(server) as (client, accepted):
        client.sendall(b"x" * 100)
        receive(accepted, 100)
        accepted.sendall(b"y" * 30)
        receive(client, 30)
        first_out, first_in = watch.connections(port)
        client.sendall(b"z" * 7)
        receive(accepted, 7)
        second_out, second_in = watch.connections(port)

    assert (first_out.sent_bytes, first_out.received_bytes) == (100, 30)
    assert (first_in.sent_bytes, first_in.received_bytes) == (30, 100)
    assert (second_out.sent_bytes, second_out.received_bytes) == (7, 0)
    assert (second_in.sent_bytes, second_in.received_bytes) == (0, 7)
    assert first_out.rtt_us > 0
    assert first_out.min_rtt_us > 0
    assert first_out.sent_segments >= 3


def test_a_connection_is_opened_in_one_window_and_fresh_in_all(watch: Watch, server: socket.socket) -> None:
    port = server.getsockname()[1]
    with connected(server) as (client, _):
        first = watch.connections(port)
        client.sendall(b"x")
        second = watch.connections(port)

    assert [(row.opened, row.fresh, row.closed) for row in first] == [(True, True, False)] * 2
    assert [(row.opened, row.fresh, row.closed) for row in second] == [(False, True, False)] * 2
    assert {row.since for row in (*first, *second)} == {first[0].since}


def test_what_is_open_before_the_first_scan_begins_with_nothing(
    server: socket.socket, request: pytest.FixtureRequest
) -> None:
    port = server.getsockname()[1]
    with connected(server) as (client, accepted):
        client.sendall(b"x" * 1000)
        receive(accepted, 1000)
        watch: Watch = request.getfixturevalue("watch")
        idle = watch.connections(port, keyframe=True)
        client.sendall(b"y" * 10)
        receive(accepted, 10)
        out, _ = watch.connections(port)
    closed = watch.closed(port, 2)

    assert [(row.sent_bytes, row.received_bytes, row.opened, row.fresh) for row in idle] == [(0, 0, False, False)] * 2
    assert (out.sent_bytes, out.fresh, out.since) == (10, False, 0)
    assert [(row.closed, row.fresh) for row in closed] == [(True, False)] * 2


def test_idle_connections_are_repeated_on_keyframes_only(watch: Watch, server: socket.socket) -> None:
    port = server.getsockname()[1]
    with connected(server):
        watch.connections(port)
        assert watch.connections(port) == []
        assert [row.sent_bytes for row in watch.connections(port, keyframe=True)] == [0, 0]


@pytest.mark.parametrize("keyframe", [False, True])
def test_what_opened_in_a_window_that_failed_is_reported_with_the_next_keyframe_though_idle(
    watch: Watch, server: socket.socket, *, keyframe: bool
) -> None:
    port = server.getsockname()[1]
    watch.connections(port)
    with connected(server):
        watch.scan.look(watch.next())  # and then the collector failed
        missed = watch.connections(port, keyframe=keyframe)
        found = watch.connections(port)

    assert missed == []
    assert [row.opened for row in found] == [True, True] * keyframe


@pytest.mark.parametrize("last", ["client", "server"])
def test_the_last_bytes_before_a_close_are_reported_exactly(watch: Watch, server: socket.socket, last: str) -> None:
    port = server.getsockname()[1]
    with connected(server) as (client, accepted):
        watch.connections(port)
        client.sendall(b"x" * 5000)
        receive(accepted, 5000)
        accepted.sendall(b"y" * 77)
        receive(client, 77)
        for one, other in ((client, accepted),) if last == "server" else ((accepted, client),):
            one.close()
            assert other.recv(1) == b""
            other.close()
    out, into = watch.closed(port, 2)

    assert (out.sent_bytes, out.received_bytes, out.closed, out.opened) == (5000, 77, True, False)
    assert (into.sent_bytes, into.received_bytes, into.closed, into.opened) == (77, 5000, True, False)


def test_a_thousand_brief_connections_are_reported_to_the_byte(watch: Watch, server: socket.socket) -> None:
    port = server.getsockname()[1]
    for number in range(1000):
        with connected(server) as (client, accepted):
            client.sendall(b"q" * (1 + number % 50))
            receive(accepted, 1 + number % 50)
            accepted.sendall(b"a" * 200)
            receive(client, 200)
            if number % 2:
                accepted.close()
                assert client.recv(1) == b""
        if number % 50 == 0:
            watch.sockets.drain()
    rows = watch.closed(port, 2000)

    clients, servers = rows[:1000], rows[1000:]
    asked = sum(1 + number % 50 for number in range(1000))
    assert len(rows) == 2000
    assert all(row.opened and row.closed and row.fresh and not row.failed for row in rows)
    assert (sum(row.sent_bytes for row in clients), sum(row.received_bytes for row in clients)) == (asked, 200_000)
    assert (sum(row.sent_bytes for row in servers), sum(row.received_bytes for row in servers)) == (200_000, asked)


def test_a_half_closed_connection_still_receives(watch: Watch, server: socket.socket) -> None:
    port = server.getsockname()[1]
    with connected(server) as (client, accepted):
        client.sendall(b"x" * 10)
        client.shutdown(socket.SHUT_WR)
        receive(accepted, 10)
        assert accepted.recv(1) == b""
        first_out, first_in = watch.connections(port)
        accepted.sendall(b"y" * 100_000)
        receive(client, 100_000)
        second_out, second_in = watch.connections(port)
        accepted.sendall(b"z" * 5)
        receive(client, 5)
        accepted.close()
        assert client.recv(1) == b""
        client.close()
        third_out, third_in = watch.closed(port, 2)

    assert first_out.state in (diag.FIN_WAIT1, diag.FIN_WAIT2)
    assert (first_in.state, first_in.received_bytes) == (diag.CLOSE_WAIT, 10)
    assert (second_out.received_bytes, second_in.sent_bytes) == (100_000, 100_000)
    assert (third_out.received_bytes, third_in.sent_bytes) == (5, 5)
    assert third_out.closed
    assert third_in.closed
    assert third_in.received_bytes == 0


def test_a_socket_closed_but_still_held_is_reported_its_last_bytes(watch: Watch, server: socket.socket) -> None:
    port = server.getsockname()[1]
    with connected(server) as (client, accepted):
        watch.connections(port)
        client.shutdown(socket.SHUT_WR)
        accepted.sendall(b"y" * 500)
        accepted.close()  # the client's socket leaves the kernel's tables here, with 500 bytes unreported
        eventually(lambda: until_settled(port))
        (into,) = watch.closed(port, 1)
        assert watch.connections(port) == []
        receive(client, 500)
    (out,) = watch.closed(port, 1)

    assert into.sent_bytes == 500
    assert (out.received_bytes, out.closed) == (500, True)


@pytest.mark.parametrize("overrun", [False, True])
def test_the_closing_of_a_socket_counts_once_however_long_its_program_holds_it(
    watch: Watch, server: socket.socket, monkeypatch: pytest.MonkeyPatch, *, overrun: bool
) -> None:
    monkeypatch.setattr(sockets, "LINGER_WINDOWS", 2)
    port = server.getsockname()[1]
    with connected(server) as (client, accepted):
        watch.connections(port)
        client.shutdown(socket.SHUT_WR)
        accepted.sendall(b"y" * 500)
        accepted.close()
        eventually(lambda: until_settled(port))
        watch.closed(port, 1)
        if overrun:
            monkeypatch.setattr(Destroyed, "take", lambda self: ([], [], False))
        closing = [row for _ in range(30) for row in watch.connections(port, keyframe=True)]
        monkeypatch.undo()
        receive(client, 500)
    (last,) = eventually(lambda: watch.connections(port))

    assert [(row.closed, row.opened, row.received_bytes) for row in closing] == [(True, False, 0)]
    assert (last.closed, last.opened, last.received_bytes, last.state) == (False, False, 500, diag.CLOSE)


def test_a_reset_loses_no_byte_that_arrived(watch: Watch, server: socket.socket) -> None:
    port = server.getsockname()[1]
    with connected(server) as (client, accepted):
        watch.connections(port)
        client.sendall(b"x" * 300)
        receive(accepted, 300)
        watch.connections(port)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        client.close()
        with pytest.raises(ConnectionResetError):
            accepted.recv(1)
    rows = watch.closed(port, 2)

    assert [(row.closed, row.failed, row.received_bytes, row.sent_bytes) for row in rows] == [(True, False, 0, 0)] * 2


@pytest.mark.parametrize(("bound", "dialled"), [("::1", "::1"), ("::", "127.0.0.1")])
def test_ipv6_is_reported_as_ipv6_and_mapped_ipv4_as_ipv4(watch: Watch, bound: str, dialled: str) -> None:
    with lone_listener(bound) as server:
        port = server.getsockname()[1]
        with connected(server, (dialled, port)) as (client, accepted):
            client.sendall(b"x" * 12)
            receive(accepted, 12)
            out, into = watch.connections(port)
        closed = watch.closed(port, 2)

    assert (out.local_address, out.remote_address, out.sent_bytes) == (dialled, dialled, 12)
    assert (into.local_address, into.remote_address, into.received_bytes) == (dialled, dialled, 12)
    assert [row.received_bytes for row in closed] == [0, 0]


def test_a_refused_connect_is_reported_as_failed(watch: Watch) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with socket.socket() as client:
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", port))
            assert client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        rows = watch.closed(port, 1)

    assert [(row.remote_port, row.failed, row.opened, row.closed) for row in rows] == [(port, True, True, True)]


def test_a_connect_in_progress_is_reported_and_fails_when_given_up(watch: Watch) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        waiting = [socket.socket() for _ in range(6)]
        for client in waiting:
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", port))
        during = watch.connections(port)
        for client in waiting:
            client.close()
        after = watch.closed(port, len(waiting))

    trying = {row.cookie for row in during if row.state == diag.SYN_SENT}
    assert trying
    assert {row.cookie for row in after if row.failed} == trying
    assert all(row.closed and not row.opened for row in after if row.failed)


def test_without_events_a_socket_that_left_the_dump_is_closed(
    server: socket.socket, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Destroyed, "open", lambda self, tcp: None)
    watch: Watch = request.getfixturevalue("watch")
    port = server.getsockname()[1]
    with connected(server) as (client, accepted):
        client.sendall(b"x")
        receive(accepted, 1)
        watch.connections(port)
    eventually(lambda: until_settled(port))

    assert [(row.closed, row.failed) for row in watch.connections(port)] == [(True, False)] * 2
    assert watch.connections(port) == []
    assert "connections shorter than a window" in watch.sockets.missing()


def test_an_overrun_of_events_is_counted_and_stops_nothing(
    server: socket.socket, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = netlink.open_socket
    monkeypatch.setattr(
        netlink, "open_socket", lambda protocol, groups=0, size=0: small(protocol, groups, min(size, 2048))
    )
    watch: Watch = request.getfixturevalue("watch")
    port = server.getsockname()[1]
    with connected(server):
        watch.connections(port)
        for _ in range(200):
            with connected(server):
                pass
    eventually(lambda: until_settled(port))
    rows = watch.closed(port, 2)

    assert watch.sockets.counters()["socket_event_overruns"] > 0
    assert all(row.closed for row in rows)
    assert all(row.closed for row in watch.connections(port, keyframe=True))  # late events at most


def test_a_socket_used_for_a_second_connection_begins_anew(watch: Watch, server: socket.socket) -> None:
    port = server.getsockname()[1]
    with socket.socket() as client:
        client.connect(server.getsockname())
        first, _ = server.accept()
        client.sendall(b"x" * 10)
        watch.connections(port)
        disconnect(client)
        client.connect(server.getsockname())
        client.sendall(b"y" * 3)
        rows = [row for row in watch.connections(port) if row.remote_port == port]
        first.close()

    assert [(row.opened, row.sent_bytes) for row in rows] == [(True, 3)]


def test_a_connection_stays_accepted_when_its_listener_closes(watch: Watch, server: socket.socket) -> None:
    port = server.getsockname()[1]
    with connected(server) as (client, _):
        mine = client.getsockname()[1]
        before = [(row.local_port, row.accepted) for row in watch.connections(port)]
        server.close()
        after = [(row.local_port, row.accepted) for row in watch.connections(port, keyframe=True)]

    assert sorted(before) == sorted(after) == sorted([(port, True), (mine, False)])


def test_a_connection_first_seen_while_the_collector_failed_is_reported_in_a_later_window(
    watch: Watch, server: socket.socket
) -> None:
    port = server.getsockname()[1]
    with connected(server) as (client, accepted):
        client.sendall(b"x" * 10)
        receive(accepted, 10)
        watch.listening()  # the window is scanned, and never read by the collector of sockets
        client.sendall(b"y" * 3)
        receive(accepted, 3)
        rows = [*watch.connections(port), *watch.connections(port)]

    assert [(row.opened, row.sent_bytes, row.received_bytes) for row in rows] == [(True, 13, 0), (True, 0, 13)]


def disconnect(sock: socket.socket) -> None:
    """connect(2) to AF_UNSPEC, which Python has no call for."""
    assert ctypes.CDLL(None).connect(sock.fileno(), struct.pack("=H14x", socket.AF_UNSPEC), 16) == 0


def test_udp_sockets_are_connections_with_a_peer_and_listeners_without(watch: Watch) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as server, socket.socket(type=socket.SOCK_DGRAM) as client:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
        listening = watch.listening().listeners
        client.connect(server.getsockname())
        opened = watch.connections(port)
        idle = watch.connections(port)
        restated = watch.connections(port, keyframe=True)
        client.close()
        closed = watch.closed(port, 1)
        with socket.socket(type=socket.SOCK_DGRAM) as brief:
            brief.connect(server.getsockname())
        flash = watch.closed(port, 1)

    assert (17, "127.0.0.1", port) in [row[1:4] for row in listening.rows()]
    assert [(row.transport, row.remote_port, row.opened) for row in opened] == [(17, port, True)]
    assert idle == []
    assert [row.opened for row in restated] == [False]
    assert [row.closed for row in closed] == [True]
    assert [(row.opened, row.closed) for row in flash] == [(True, True)]


def test_listeners_are_reported_once_restated_on_keyframes_and_gone_when_closed(
    watch: Watch, server: socket.socket
) -> None:
    port = server.getsockname()[1]

    def of_port(batch: ListenerBatch) -> list[tuple[Any, ...]]:
        return [row for row in batch.listeners.rows() if row[3] == port]

    (row,) = of_port(watch.listening())
    assert row[1:5] == (6, "127.0.0.1", port, os.geteuid())
    assert of_port(watch.listening()) == []
    with socket.create_connection(server.getsockname()):
        assert [changed[5] for changed in of_port(watch.listening())] == [1]  # the backlog
    assert of_port(watch.listening(keyframe=True))
    server.close()
    last = watch.listening()
    assert row[0] in last.gone
    assert [(one[0], one[1:4], one[6]) for one in last.ended.rows() if one[3] == port] == [(row[0], row[1:4], row[6])]


def test_a_listener_reports_since_when_it_has_been_there_on_every_keyframe(watch: Watch) -> None:
    watch.listening()
    with socket.create_server(("127.0.0.1", 0)) as brief:
        port = brief.getsockname()[1]
        reported = [watch.listening(keyframe=keyframe) for keyframe in (False, True, True)]
    since = [[row[6] for row in batch.listeners.rows() if row[3] == port] for batch in reported]
    assert since == [[reported[0].window]] * 3


def test_a_listener_that_no_scan_saw_is_reported_ended_and_what_it_accepted_was_accepted(watch: Watch) -> None:
    watch.listening()
    with socket.create_server(("127.0.0.1", 0)) as brief:
        port = brief.getsockname()[1]
        with connected(brief):
            pass
    rows = watch.closed(port, 2)
    batch = watch.listeners.collect(watch.at)
    assert sorted(row.accepted for row in rows if row.closed) == [False, True]
    assert [row.accepted for row in rows if row.local_port == port] == [True]
    ended = [(row[1:4], row[6]) for row in batch.ended.rows() if row[3] == port]
    assert ended in ([((6, "127.0.0.1", port), batch.window)], [])  # its message may have come a window before


def test_what_a_server_accepted_is_reported_so_though_both_are_gone_by_the_next_scan(
    watch: Watch, server: socket.socket
) -> None:
    port = server.getsockname()[1]
    watch.listening()
    with connected(server):
        pass
    server.close()
    rows = watch.closed(port, 2)
    assert [row.accepted for row in rows if row.local_port == port] == [True]


def _serve(pipe: Pipe, closes_first: bool, count: int) -> None:
    with socket.create_server(("10.99.0.2", 5000), backlog=512) as server:
        pipe.send("ready")
        for _ in range(count):
            accepted, _ = server.accept()
            with accepted:
                receive(accepted, 40)
                accepted.sendall(b"y" * 60)
                if not closes_first:
                    assert accepted.recv(1) == b""
        pipe.recv()


def _dial(pipe: Pipe, closes_first: bool, count: int, make: Callable[[], Any]) -> None:
    watch = make()
    for _ in range(count):
        with socket.create_connection(("10.99.0.2", 5000)) as client:
            client.sendall(b"x" * 40)
            receive(client, 60)
            if not closes_first:
                assert client.recv(1) == b""
    pipe.send("dialled")
    pipe.recv()
    rows = watch.closed(5000, count)
    pipe.send([(row.sent_bytes, row.received_bytes) for row in rows])
    watch.close()


@pytest.mark.root
@pytest.mark.parametrize("closes_first", [True, False])
def test_bytes_are_exact_when_the_peer_is_on_another_host(
    namespaces: Namespaces, closes_first: bool, watch: Watch
) -> None:
    ours, theirs = multiprocessing.Pipe()
    server = namespaces.start(namespaces.right, _serve, theirs, not closes_first, 50)
    assert ours.recv() == "ready"
    mine, yours = multiprocessing.Pipe()
    client = namespaces.start(namespaces.left, _dial, yours, closes_first, 50, type(watch))
    assert mine.recv() == "dialled"
    ours.send("done")
    server.join()
    mine.send("look")
    counted = mine.recv()
    client.join()

    assert counted == [(40, 60)] * 50
