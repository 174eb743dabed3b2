"""Requests of other protocols are counted over loopback: all of them, once it is known what a port serves."""

import re
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from collectors import protocol_traffic, requests
from collectors.block_ring import LEAST_BYTES
from collectors.protocol_traffic import ProtocolTraffic
from collectors.registered import registered
from collectors.registry import Sources
from collectors.requests import RequestCollector
from collectors.sampling import sampled
from collectors.settings import Settings
from collectors.socket_scan import SocketScan
from collectors.window import Window
from tests.collectors.protocols.talking import command
from tests.collectors.test_http import Row, Watch
from tests.collectors.watching import eventually

SET, INCR = command(b"SET", b"secret", b"value"), command(b"INCR", b"secret")

ANSWERS = {b"SET": b"+OK\r\n", b"INCR": b"-ERR\r\n"}


@contextmanager
def answering(address: str = "127.0.0.1") -> Iterator[int]:
    """Run what answers commands of Redis: an INCR with an error."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, 0), family=family) as listening:

        def answer(one: socket.socket) -> None:
            with one:
                while data := one.recv(65_536):
                    one.sendall(b"".join(map(ANSWERS.__getitem__, re.findall(rb"SET|INCR", data))))

        def serve() -> None:
            with ThreadPoolExecutor(100) as threads:
                while True:
                    try:
                        threads.submit(answer, listening.accept()[0])
                    except OSError:
                        return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(10)


class Client:
    """A connection that asks, and waits for each answer."""

    def __init__(self, address: str, port: int) -> None:
        self._socket = socket.create_connection((address, port), timeout=10)
        self.port: int = self._socket.getsockname()[1]

    def ask(self, payload: bytes) -> None:
        self._socket.sendall(payload)
        left = 5 * payload.count(b"SET") + 6 * payload.count(b"INCR")
        while left:
            left -= len(self._socket.recv(left))

    def close(self) -> None:
        self._socket.close()


@contextmanager
def known(watch: Watch, address: str = "127.0.0.1") -> Iterator[tuple[Client, int]]:
    """Give a client of a server of which it is known what it speaks."""
    with answering(address) as port:
        watch.batch()  # it is seen who listens
        client = Client(address, port)

        def spoken() -> bool:
            client.ask(SET)
            return port in watch.batch().spoken.port

        try:
            eventually(spoken)
            yield client, port
        finally:
            client.close()


@pytest.fixture
def watching() -> Iterator[Watch]:
    watch = Watch()
    yield watch
    watch.close()


def counted(watch: Watch, port: int) -> Counter[str]:
    found: Counter[str] = Counter()
    for row in watch.rows(port):
        found.update(row.answered)
    return found


@pytest.mark.root
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_all_requests_are_counted_with_their_results(watching: Watch, address: str) -> None:
    with known(watching, address) as (client, port):
        counted(watching, port)
        for _ in range(20):
            client.ask(SET)
            client.ask(INCR)
        client.ask((SET + INCR) * 50)  # a pipeline
        client.close()
        assert counted(watching, port) == {"SET ok": 70, "INCR error": 70}
        assert counted(watching, port) == {}


@pytest.mark.root
def test_when_a_window_has_used_its_allowance_up_the_connections_that_are_left_are_counted_whole(
    monkeypatch: pytest.MonkeyPatch, watching: Watch
) -> None:
    with known(watching) as (first, port):
        first.close()
        clients = [Client("127.0.0.1", port) for _ in range(60)]
        counted(watching, port)
        for client in clients:
            client.ask(SET * 3)
        watching.requests.drain()
        monkeypatch.setattr(requests, "allowance", lambda seconds, spare: 1e-6)
        watching.requests.drain()
        monkeypatch.undo()
        for client in clients:
            client.ask(SET * 2)
        batch = watching.batch()
        for client in clients:
            client.close()
    looked_at = {client.port for client in clients if sampled(client.port, port, 1)}

    assert batch.sampling == 2
    rows = [row for row in map(Row._make, batch.requests.rows()) if row.server_port == port]
    assert {row.client_port: row.answered for row in rows} == {client: {"SET ok": 5} for client in looked_at}


@pytest.mark.root
def test_a_full_ring_is_reported_and_makes_the_collector_look_at_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol_traffic, "RINGS", (LEAST_BYTES,) * len(protocol_traffic.RINGS))
    watch = Watch()
    with known(watch) as (client, _):
        watch.batch()
        for _ in range(2_000):
            client.ask(SET)
        reported = [watch.batch().sampling for _ in range(3)]
    watch.close()
    assert watch.requests.counters()["protocol_packets_dropped"] > 0
    assert reported == [1, 2, 1]


@pytest.mark.root
def test_rings_are_large_only_where_something_is_followed(watching: Watch) -> None:
    def sizes(collector: RequestCollector) -> set[int]:
        (traffic,) = [one for one in collector._traffic if isinstance(one, ProtocolTraffic)]
        return {len(ring.ring) for ring, everything_here in traffic._taps.rings() if everything_here}

    assert sizes(watching.requests) == {LEAST_BYTES}
    with known(watching):
        assert sizes(watching.requests) == {protocol_traffic.RINGS[0]}


def test_it_can_be_switched_off_without_http() -> None:
    (everywhere,) = [one for one in registered(Sources(Settings(protocols=False))) if one.topic.name == "requests"]
    assert everywhere.counters() == {"namespaces_failed": 0}
    collector = RequestCollector(Settings(protocols=False), Watch.__new__(Watch))  # type: ignore[arg-type]
    assert set(collector.counters()) == {"http_packets_dropped", "http_requests_dropped", "http_answers_missed"}


def test_the_first_look_at_a_namespace_is_that_of_the_collector_of_connections() -> None:
    reported = False
    scan = SocketScan(Settings())  # not open: each look at it fails
    collector = RequestCollector(Settings(), scan, heed=lambda: reported)
    window = Window("host", "boot", 1, 1, 5_000, 5_000, keyframe=False)
    try:
        collector.collect(window)
        reported = True
        with pytest.raises(RuntimeError):
            collector.collect(window)
    finally:
        collector.close()
