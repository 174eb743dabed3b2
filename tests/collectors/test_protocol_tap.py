"""The kernel passes on what looks like a protocol, all of the ports that are followed, and nothing else."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from collectors.block_ring import LEAST_BYTES
from collectors.http_filter import FIN
from collectors.protocol_filter import BRIEF, FOLLOWED, LOOKED_AT, MOST_PORTS, program
from collectors.protocol_tap import ProtocolTap, Segment
from collectors.protocols.first_bytes import HTTP2_PREFACE
from tests.collectors.protocols.talking import (
    ASK,
    BIND,
    EXECUTE,
    EXECUTED,
    GREETING,
    PARSE,
    QUERY,
    START,
    SYNC,
    TLS,
    command,
)
from tests.collectors.protocols.test_first_bytes import ANSWERS, RECOGNISED
from tests.collectors.watching import eventually

LOOKS = [
    *RECOGNISED,
    *(answer for _, _, answer in ANSWERS),
    b"SSH-2.0-OpenSSH_9.2p1\r\n",
    HTTP2_PREFACE,
    b"\x16\x03\x01\x02\0\1\0\1\xfc\x03\x03" + b"r" * 600,
    b"\x16\x03\x03\0\x7a\2\0\0\x76\x03\x03" + b"r" * 100,
    command(b"GET", b"a"),
    command(*[b"MSET", *[b"x"] * 20]),
    b"get key\r\n",
    b"mg key v\r\n",
    b"set key 0 0 1\r\nx\r\n",
    QUERY,
    START,
    TLS,
    PARSE + BIND + EXECUTE + SYNC,
    BIND + EXECUTE + SYNC,
    GREETING,
    ASK,
    EXECUTED,
]
OTHERS = [
    b"GET /secret HTTP/1.1\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n\r\n",
    b"+OK\r\nsecret\r\n",
    b"*x\r\n$3\r\nSET\r\n",
    QUERY + b"\0\0",
    PARSE + BIND + EXECUTE,
    b"\x16\x03\x01\0\x10\4" + bytes(30),
    b"\xff" * 3_000,
    b"220 mail.example.com ESMTP\r\n",
    b"abc",
]


class Cable:
    """A connection over loopback, and the segments of it that come through the filter."""

    def __init__(self, tap: ProtocolTap, address: str = "127.0.0.1") -> None:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.create_server((address, 0), family=family) as listening:
            self.client = socket.create_connection(listening.getsockname()[:2])
            self.server, _ = listening.accept()
        self.port = self.server.getsockname()[1]
        self._ends = {self.port, self.client.getsockname()[1]}
        self._tap = tap
        self._seen: list[Segment] = []

    def send(self, payload: bytes) -> None:
        self.client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.client.sendall(payload)
        left = len(payload)
        while left:
            left -= len(self.server.recv(left))

    def seen(self) -> list[Segment]:
        """Return the segments that have come so far."""
        for segment in self._tap.segments():
            if {int.from_bytes(segment[0][-4:-2], "big"), int.from_bytes(segment[0][-2:], "big")} == self._ends:
                self._seen.append(segment)
        return self._seen

    def payloads(self) -> list[bytes]:
        """Return the payloads that came up to one that always does, which is sent now."""
        self.send(b"SSH-2.0-end\r\n")
        eventually(lambda: any(segment[3] == b"SSH-2.0-end\r\n" for segment in self.seen()))
        return [segment[3] for segment in self._seen[:-1]]

    def close(self) -> None:
        self.client.close()
        self.server.close()


@contextmanager
def cable(address: str = "127.0.0.1") -> Iterator[tuple[ProtocolTap, Cable]]:
    tap = ProtocolTap("lo", socket.if_nametoindex("lo"), LEAST_BYTES)
    made = Cable(tap, address)
    try:
        yield tap, made
    finally:
        made.close()
        tap.close()


@pytest.mark.root
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_what_looks_like_a_protocol_passes_and_nothing_else_does(address: str) -> None:
    with cable(address) as (_, made):
        for payload in LOOKS:
            made.send(payload)
        for payload in OTHERS:
            made.send(payload)
        assert made.payloads() == LOOKS


@pytest.mark.root
def test_no_more_of_it_passes_than_is_looked_at() -> None:
    with cable() as (_, made):
        made.send(command(b"SET", b"key", b"v" * 5_000))
        (payload,) = made.payloads()
        (segment, *_) = made.seen()
    assert len(payload) == LOOKED_AT
    assert segment[4] == len(command(b"SET", b"key", b"v" * 5_000))


@pytest.mark.root
def test_of_a_followed_port_all_passes_and_so_does_its_end() -> None:
    with cable() as (tap, made):
        tap.filter(0, {made.port}, set())
        for payload in OTHERS:
            made.send(payload)
        made.send(b"v" * 60_000)
        made.client.close()
        eventually(lambda: any(segment[7] & FIN for segment in made.seen()))
        seen = made.seen()
    assert [segment[3] for segment in seen][: len(OTHERS)] == OTHERS
    assert sum(segment[4] for segment in seen) == sum(map(len, OTHERS)) + 60_000
    assert max(len(segment[3]) for segment in seen) <= FOLLOWED


@pytest.mark.root
def test_answers_of_a_port_that_is_followed_briefly_are_cut_earlier_than_requests() -> None:
    with cable() as (tap, made):
        tap.filter(0, {made.port}, set(), {made.port})
        made.send(b"v" * 9_000)
        made.server.sendall(b"v" * 9_000)
        eventually(lambda: sum(segment[4] for segment in made.seen()) == 18_000)
        port = made.port.to_bytes(2, "big")
        asked = [len(segment[3]) for segment in made.seen() if segment[0].endswith(port)]
        answered = [len(segment[3]) for segment in made.seen() if not segment[0].endswith(port)]
    assert sum(asked) == 9_000
    assert max(answered) <= BRIEF


@pytest.mark.root
def test_of_a_settled_port_nothing_passes() -> None:
    with cable() as (tap, made):
        tap.filter(0, set(), {made.port})
        for payload in LOOKS:
            made.send(payload)
        tap.filter(0, set(), set())
        assert made.payloads() == []


def test_the_filter_with_the_most_ports_is_one_that_the_kernel_can_take() -> None:
    ports = range(40_000, 40_000 + MOST_PORTS)
    assert len(program(3, ports, range(50_000, 50_000 + MOST_PORTS))) // 8 < 4096
    assert program(0, range(40_000, 41_000)) == program(0, ports)
