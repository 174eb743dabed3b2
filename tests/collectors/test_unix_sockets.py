"""Unix sockets: both ends of a connection are found, in all namespaces, by what the kernel reports."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.diag import CLOSE, ESTABLISHED
from collectors.networks import Networks
from collectors.owners import OwnerCollector
from collectors.process_table import ProcessTable
from collectors.procfs import netns_of, own_netns
from collectors.scans import Scans
from collectors.settings import INFRASTRUCTURE, Settings
from collectors.tracked import ConnectionRow
from collectors.unix_connections import UnixConnections
from collectors.unix_diag import UnixDump, parse
from collectors.unix_sockets import MOST, UnixSockets
from collectors.window import Window
from schemas.ids import Endpoint, format_flow, parse_flow
from schemas.raw import ConnectionBatch
from schemas.unix_names import TRANSPORT, UNIX, client_endpoint, name_of, server_endpoint
from tests.collectors.namespaces import Namespaces
from tests.collectors.watching import eventually

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


class Looking:
    """The collector of our own namespace, driven window by window; only rows of one server are given."""

    def __init__(self, ignored: tuple[str, ...] = (), networks: Networks | None = None) -> None:
        self.networks = networks or Networks(Settings())
        self.sockets = UnixSockets(self.networks, ignored)
        self.connections = UnixConnections(self.sockets)
        self.at = Window("host", "boot", 1, 0, 0, 5_000, keyframe=True)
        self.connections.open(self.at)

    def rows(self, name: bytes, *, keyframe: bool = False) -> list[ConnectionRow]:
        """Return the rows of the next window: those of clients first."""
        self.at = Window("host", "boot", 1, self.at.seq + 1, self.at.end, 5_000, keyframe)
        batch = self.connections.add(self.at.batch(ConnectionBatch), self.at)
        columns = (getattr(batch.connections, name) for name in ConnectionRow._fields)
        rows = [ConnectionRow(*row) for row in zip(*columns, strict=True)]
        return [row for row in rows if server_endpoint(name)[0] in (row.local_address, row.remote_address)]

    def close(self) -> None:
        self.connections.close()
        self.networks.close()


@pytest.fixture
def looking() -> Iterator[Looking]:
    made = Looking()
    yield made
    made.close()


class Server:
    """A server that accepts at once."""

    def __init__(self, name: str | bytes, kind: int = socket.SOCK_STREAM) -> None:
        self.name, self._kind = os.fsencode(name), kind
        self.listening = socket.socket(socket.AF_UNIX, kind)
        self.listening.bind(self.name)
        self.listening.listen()

    def connected(self) -> tuple[socket.socket, socket.socket]:
        client = socket.socket(socket.AF_UNIX, self._kind)
        client.connect(self.name)
        return client, self.listening.accept()[0]


def cookie(sock: socket.socket) -> int:
    return int.from_bytes(sock.getsockopt(socket.SOL_SOCKET, 57, 8), "little")


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_SEQPACKET])
@pytest.mark.parametrize("name", ["{folder}/a b@c:[d].sock", b"\0abstract %d \xff\n"])
def test_a_connection_opens_is_restated_and_closes_at_both_ends(
    tmp_path: Path, looking: Looking, kind: int, name: str | bytes
) -> None:
    name = name.format(folder=tmp_path) if isinstance(name, str) else name % os.getpid()
    server = Server(name, kind)
    assert looking.rows(server.name, keyframe=True) == []
    client, accepted = server.connected()

    (asks, serves) = looking.rows(server.name)
    assert (asks.cookie, serves.cookie) == (cookie(client), cookie(accepted))
    assert asks[2:6] == (*client_endpoint(asks.cookie), *server_endpoint(server.name))
    assert serves[2:6] == (*asks[4:6], *asks[2:4])
    assert (asks.transport, asks.state, asks.opened, asks.fresh, asks.accepted) == (UNIX, ESTABLISHED, 1, 1, 0)
    assert (serves.opened, serves.fresh, serves.accepted, serves.since) == (True, True, True, asks.since)

    assert looking.rows(server.name) == []
    assert [row._replace(opened=True) for row in looking.rows(server.name, keyframe=True)] == [asks, serves]
    accepted.close()
    gone = looking.rows(server.name)
    assert [(row.cookie, row.closed, row.state, row.since) for row in gone] == [
        (asks.cookie, True, CLOSE, asks.since), (serves.cookie, True, CLOSE, asks.since),
    ]  # fmt: skip
    assert looking.rows(server.name, keyframe=True) == []
    client.close()
    server.listening.close()


def test_what_is_not_read_is_reported_in_each_window(tmp_path: Path, looking: Looking) -> None:
    server = Server(str(tmp_path / "a.sock"))
    client, accepted = server.connected()
    assert {row.queued_bytes for row in looking.rows(server.name)} == {0}
    client.sendall(b"x" * 1_000)
    for _ in range(2):
        asks, serves = looking.rows(server.name)
        assert (asks.queued_bytes, serves.queued_bytes, serves.opened, serves.fresh) == (0, 1_000, False, True)
    accepted.recv(1_000)
    assert looking.rows(server.name) == []
    for each in (client, accepted, server.listening):
        each.close()


def test_a_connection_of_before_the_run_is_not_new(tmp_path: Path) -> None:
    server = Server(str(tmp_path / "a.sock"))
    ends = server.connected()
    looking = Looking()
    try:
        assert looking.rows(server.name) == []
        (asks, serves) = looking.rows(server.name, keyframe=True)
        assert {(row.opened, row.fresh, row.since) for row in (asks, serves)} == {(False, False, 0)}
    finally:
        looking.close()
        for each in (*ends, server.listening):
            each.close()


def test_pairs_without_a_name_datagrams_and_what_is_ignored_are_left_out(tmp_path: Path) -> None:
    looking = Looking((f"{tmp_path}/bus", "@/tmp/dbus-.*"))
    left, right = socket.socketpair()
    bus, abstract = Server(str(tmp_path / "bus")), Server(b"\0/tmp/dbus-%d" % os.getpid())
    datagrams = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    datagrams.bind(str(tmp_path / "log"))
    writer = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    writer.connect(str(tmp_path / "log"))
    ends = [*bus.connected(), *abstract.connected()]
    try:
        seen = looking.sockets.look(1)
        cookies = {end.cookie for pair in seen.pairs.values() for end in pair[:2]}
        assert cookies.isdisjoint(map(cookie, (left, right, writer, datagrams, *ends)))
    finally:
        looking.close()
        for each in (left, right, datagrams, writer, *ends, bus.listening, abstract.listening):
            each.close()


def test_what_is_not_accepted_yet_has_no_server(tmp_path: Path, looking: Looking) -> None:
    server = Server(str(tmp_path / "a.sock"))
    client = socket.socket(socket.AF_UNIX)
    client.connect(server.name)
    assert looking.rows(server.name) == []
    accepted, _ = server.listening.accept()
    assert len(looking.rows(server.name)) == 2
    for each in (client, accepted, server.listening):
        each.close()


def test_both_ends_are_held_by_the_processes_that_hold_their_sockets(tmp_path: Path) -> None:
    networks = Networks(Settings())
    sockets = UnixSockets(networks)
    networks.own.reported = True
    owners = OwnerCollector(Scans(networks, sockets), ProcessTable())
    window = Window("host", "boot", 1, 0, 0, 5_000, keyframe=True)
    owners.open(window)
    server = Server(str(tmp_path / "a.sock"))
    try:
        owners.collect(window)
        ends = server.connected()
        batch = owners.collect(Window("host", "boot", 1, 1, 5_000, 5_000, keyframe=False)).owners
        held = dict(zip(batch.cookie, batch.pid, strict=True))
        assert {cookie(end): held.get(cookie(end)) for end in ends} == {cookie(end): os.getpid() for end in ends}
        inodes = {os.fstat(end.fileno()).st_ino for end in ends}
        assert networks.inodes.keys() >= inodes
        for end in ends:
            end.close()
        owners.collect(Window("host", "boot", 1, 2, 10_000, 5_000, keyframe=False))
        assert networks.inodes.keys().isdisjoint(inodes)
    finally:
        server.listening.close()
        sockets.close()
        networks.close()


def _connects(path: str, name: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as one, socket.socket(socket.AF_UNIX) as other, Server(name).listening:
        one.connect(path)
        other.connect(name)
        one.recv(1)


@AS_ROOT
def test_a_path_leads_into_another_namespace_and_an_abstract_name_stays_in_it(
    tmp_path: Path, namespaces: Namespaces
) -> None:
    server, name = Server(str(tmp_path / "a.sock")), b"\0inside %d" % os.getpid()
    process = namespaces.start(namespaces.left, _connects, os.fsdecode(server.name), name)
    networks = Networks(Settings(namespaces="all"), own=own_netns())
    accepted, _ = server.listening.accept()
    assert process.pid is not None
    networks.note(netns_of(f"/proc/{process.pid}"), process.pid)
    looking = Looking(networks=networks)
    try:
        asks, serves = eventually(lambda: looking.rows(server.name, keyframe=True))
        assert (asks.accepted, serves.accepted, serves.cookie) == (False, True, cookie(accepted))
        assert looking.rows(name, keyframe=True) == []  # it is not accepted
    finally:
        accepted.sendall(b".")
        process.join()
        looking.close()
        accepted.close()
        server.listening.close()


def test_one_that_opened_in_a_window_that_was_lost_opens_once(tmp_path: Path, looking: Looking) -> None:
    server = Server(str(tmp_path / "a.sock"))
    client, accepted = server.connected()
    looking.at = Window("host", "boot", 1, looking.at.seq + 1, looking.at.end, 5_000, keyframe=False)
    looking.sockets.look(looking.at.start)  # another collector has, and this one failed

    opened = [[row.opened for row in looking.rows(server.name, keyframe=True)] for _ in range(3)]

    assert opened == [[True, True], [False, False], [False, False]]
    for each in (client, accepted, server.listening):
        each.close()


def test_what_is_reported_stays_so_when_there_are_too_many(
    tmp_path: Path, looking: Looking, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, crowd = Server(str(tmp_path / "a.sock")), Server(str(tmp_path / "b.sock"))
    client, accepted = server.connected()
    assert len(looking.rows(server.name)) == 2
    monkeypatch.setattr("collectors.unix_sockets.MOST", len(looking.sockets.look(looking.at.start).pairs))
    many = [end for _ in range(20) for end in crowd.connected()]
    listed = looking.sockets._pairs  # in no order that means anything
    monkeypatch.setattr(looking.sockets, "_pairs", lambda held: reversed(list(listed(held))))

    assert looking.rows(server.name) == []
    assert looking.sockets.missing()
    for each in (client, accepted, server.listening, crowd.listening, *many):
        each.close()


def test_connections_beyond_the_bound_are_reported(looking: Looking) -> None:
    looking.sockets._beyond = 7
    assert looking.sockets.missing() == {"some connections of Unix sockets": f"no more than {MOST}: 7 are left out"}


def test_a_kernel_without_unix_diag_is_reported(looking: Looking, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr("collectors.unix_sockets.netlink.dump", refuses)
    looking.sockets.look(99)
    assert looking.sockets.missing() == {"Unix sockets": "the unix_diag module"}


def test_a_dump_that_fails_once_closes_nothing(
    tmp_path: Path, looking: Looking, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(str(tmp_path / "a.sock"))
    ends = server.connected()
    assert len(looking.rows(server.name)) == 2
    with monkeypatch.context() as patched:
        patched.setattr("collectors.unix_sockets.netlink.dump", lambda *_: (_ for _ in ()).throw(OSError("no")))
        assert looking.rows(server.name) == []
        assert looking.connections.counters() == {"unix_dumps_failed": 1}
    assert len(looking.rows(server.name, keyframe=True)) == 2
    for each in (*ends, server.listening):
        each.close()


@given(st.binary(max_size=300))
def test_no_message_stops_the_parser(message: bytes) -> None:
    parse(message)
    UnixDump().take([message])


@given(st.binary(min_size=1, max_size=108), st.integers(0, 2**64 - 1))
def test_any_name_is_an_endpoint_and_is_read_back(name: bytes, of_client: int) -> None:
    server, client = Endpoint("h1", *server_endpoint(name)), Endpoint("h1", *client_endpoint(of_client))
    flow, _ = format_flow(TRANSPORT, server, client)
    assert {*parse_flow(flow)[1:]} == {server, client}
    assert 0 < server.port < 65_536
    assert name_of(client.address) == ""


def test_names_are_shown_as_people_write_them() -> None:
    for name, shown in ((b"/run/a b.sock", "/run/a b.sock"), (b"\0x@y", "@x@y"), (b"/a\n", "/a\\x0a"), (b"#1", "#1")):
        assert name_of(server_endpoint(name)[0]) == shown


def test_the_usual_names_of_the_init_system_are_ignored() -> None:
    sockets = UnixSockets(Networks(Settings()), INFRASTRUCTURE)
    for name in (b"/run/systemd/journal/stdout", b"/run/dbus/system_bus_socket", b"/run/user/1000/bus"):
        assert sockets._ignores(name)
    for name in (b"/run/docker.sock", b"/var/run/postgresql/.s.PGSQL.5432", b"\0containerd-shim"):
        assert not sockets._ignores(name)
