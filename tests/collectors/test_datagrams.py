"""Headers of datagrams, read off loopback: who exchanges them, and nothing else."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from collectors import datagrams
from collectors.capabilities import needed
from collectors.datagram_filter import program
from collectors.datagram_keys import turned
from collectors.datagram_tap import DatagramTap
from collectors.datagrams import MOST_PACKETS, WHAT, Datagrams, Own
from collectors.interfaces import read_interfaces
from collectors.rtnetlink import InterfaceAddress
from collectors.settings import Settings
from collectors.socket_scan import Seen, SocketScan
from collectors.tracked import ConnectionRow
from collectors.window import Window
from tests.collectors.watching import eventually

RING = 1 << 20
ADDRESSES: dict[int, str] = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}


def bound(family: int = socket.AF_INET, address: str = "") -> socket.socket:
    one = socket.socket(family, socket.SOCK_DGRAM)
    one.bind((address or ADDRESSES[family], 0))
    return one


def flow_of(client: socket.socket, server: socket.socket) -> bytes:
    ends = [one.getsockname()[:2] for one in (client, server)]
    addresses = b"".join(socket.inet_pton(client.family, address) for address, _ in ends)
    return addresses + b"".join(port.to_bytes(2, "big") for _, port in ends)


def seen_until(tap: DatagramTap, wanted: set[bytes]) -> set[bytes]:
    """Return the flows that are seen until all that are wanted are among them."""
    seen: set[bytes] = set()

    def complete() -> bool:
        seen.update(tap.flows())
        return wanted <= seen

    eventually(complete)
    return seen


@contextmanager
def tapped(halvings: int = 0) -> Iterator[DatagramTap]:
    tap = DatagramTap("lo", socket.if_nametoindex("lo"), RING, halvings)
    try:
        yield tap
    finally:
        tap.close()


@pytest.mark.root
@pytest.mark.parametrize("family", ADDRESSES)
def test_a_question_and_its_answer_are_one_flow_from_either_end(family: int) -> None:
    with tapped() as tap, bound(family) as client, bound(family) as server:
        client.sendto(b"secret" * 20, server.getsockname())
        server.sendto(b"", client.getsockname())
        asked = flow_of(client, server)
        seen_until(tap, {asked, turned(asked)})
        assert b"secret" not in tap.ring[:]


@pytest.mark.root
def test_packets_with_options_are_read_and_multicast_and_tcp_are_not() -> None:
    with (
        tapped() as tap,
        bound() as client,
        bound() as server,
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.create_connection(tcp.getsockname()),
    ):
        client.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
        client.sendto(b"all", ("239.9.9.9", 9_999))
        client.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, b"\1" * 4)
        client.sendto(b"one", server.getsockname())
        seen = seen_until(tap, {flow_of(client, server)})
        ports = {int.from_bytes(flow[-2:], "big") for flow in seen}
        assert not ports & {9_999, tcp.getsockname()[1]}


@pytest.mark.root
def test_of_many_datagrams_a_sample_is_read() -> None:
    with tapped(halvings=3) as tap, bound() as client, bound() as server:
        for _ in range(2_000):
            client.sendto(b"x", server.getsockname())
        seen = eventually(lambda: [flow for flow in tap.flows() if flow == flow_of(client, server)])
        assert 50 < len(seen) < 600


def test_every_filter_that_may_be_needed_can_be_loaded() -> None:
    assert len(program(datagrams.MOST_HALVINGS)) > len(program())


class Looking:
    """The datagrams of our own namespace, window by window."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.scan = SocketScan(Settings())
        self.datagrams = Datagrams(settings or Settings(), read_interfaces, 1)
        self.at = 0

    def __enter__(self) -> "Looking":
        self.scan.open()
        self.datagrams.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.datagrams.shut()
        self.scan.close()

    def window(self, port: int) -> list[ConnectionRow]:
        """Return the rows of the next window that have a port at either end."""
        self.at += 1_000
        self.datagrams.drain()
        rows = self.datagrams.rows(
            self.scan.look(self.at), Window("host", "boot", 1, 0, self.at, 1_000, keyframe=False)
        )
        return [row for row in rows if port in (row.local_port, row.remote_port)]


@pytest.mark.root
@pytest.mark.parametrize("family", ADDRESSES)
def test_both_ends_are_found_by_their_sockets(family: int) -> None:
    with Looking() as looking, bound(family) as client, bound(family) as server:
        port = server.getsockname()[1]

        def both() -> list[ConnectionRow]:
            client.sendto(b"x", server.getsockname())
            return looking.window(port)

        rows = eventually(both)
    cookies = {row.local_port: row.socket for row in rows}
    assert len(cookies) == 2
    assert len(set(cookies.values())) == 2
    assert {(row.local_address, row.remote_address) for row in rows} == {(ADDRESSES[family],) * 2}
    assert not any(row.socket == row.cookie for row in rows)


@pytest.mark.root
def test_a_socket_that_lives_for_one_question_has_no_port() -> None:
    with Looking() as looking, bound() as server:
        port = server.getsockname()[1]

        def asked() -> list[ConnectionRow]:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
                one.sendto(b"x", server.getsockname())
            return [row for row in looking.window(port) if not row.accepted]

        rows = eventually(asked)
    assert {(row.local_port, row.remote_port) for row in rows} == {(0, port)}


@pytest.mark.root
def test_connected_sockets_are_no_second_time_reported() -> None:
    with Looking() as looking, bound() as server, bound() as marker:
        port, mark = server.getsockname()[1], marker.getsockname()[1]
        seen: list[ConnectionRow] = []

        def asked() -> bool:
            for _ in range(20):
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
                    one.connect(server.getsockname())
                    one.send(b"x")
            server.sendto(b"x", marker.getsockname())
            rows = looking.window(port)
            seen.extend(row for row in rows if mark not in (row.local_port, row.remote_port))
            return len(rows) > len(seen)

        eventually(asked)
        looking.window(port)
        seen += looking.window(port)
    assert [row for row in seen if not row.accepted] == []
    assert len(seen) <= 1


def test_what_is_off_or_not_allowed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    off = Datagrams(Settings(datagrams=False), read_interfaces, 1)
    off.open()
    assert off.missing() == {WHAT: "datagrams, which is switched off"}
    assert off.rows(Seen(), Window("host", "boot", 1, 0, 0, 1_000, keyframe=True)) == []

    def refuses(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(datagrams, "DatagramTap", refuses)
    denied = Datagrams(Settings(), read_interfaces, 1)
    denied.open()
    assert denied.missing() == {WHAT: needed("CAP_NET_RAW")}


@pytest.mark.root
def test_a_flood_is_thinned_out_and_its_end_noticed() -> None:
    with Looking() as looking, bound() as client, bound() as server:
        looking.datagrams._adapt(40 * MOST_PACKETS)
        assert looking.datagrams._halvings == 6
        for _ in range(6):
            looking.datagrams._adapt(0)
        assert looking.datagrams._halvings == 0
        client.sendto(b"x", server.getsockname())
        eventually(lambda: looking.window(server.getsockname()[1]))


def test_loopback_is_our_own_and_broadcasts_are_nobodys() -> None:
    def at(address: str, prefix: int) -> InterfaceAddress:
        return InterfaceAddress("eth0", address, prefix, "")

    own = Own([at("10.0.0.1", 24), at("10.1.0.1", 32), at("10.2.0.0", 31), at("fe80::1", 64)])
    assert all(socket.inet_aton(one) in own for one in ("10.0.0.1", "10.1.0.1", "10.2.0.0", "127.8.9.9"))
    assert socket.inet_pton(socket.AF_INET6, "fe80::1") in own
    assert socket.inet_pton(socket.AF_INET6, "7f00::1") not in own
    assert own.broadcast == {socket.inet_aton("10.0.0.255")}
