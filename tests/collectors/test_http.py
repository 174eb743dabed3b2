"""Requests are counted as they went over the wire: by method and class, with the time to the answer, each once."""

import http.client
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from typing import Any, NamedTuple

import pytest

from collectors import http as collecting
from collectors import packet_ring, protocol_traffic
from collectors.capabilities import needed
from collectors.http_tap import Tap
from collectors.name_cache import NameCache
from collectors.registered import registered
from collectors.registry import Sources
from collectors.requests import RequestCollector
from collectors.sampling import sampled
from collectors.settings import Settings
from collectors.socket_scan import SocketScan
from collectors.window import Window
from schemas.latency import quantile
from schemas.raw import RequestBatch
from tests.collectors.namespaces import Namespaces
from tests.collectors.watching import eventually

DELAY_MS = 30.0


class Row(NamedTuple):
    client_address: str
    client_port: int
    server_address: str
    server_port: int
    serves: bool
    answered: dict[str, int]
    latency: dict[int, int]
    unanswered: int
    given_up: int
    transport: int


class Watch:
    """A collector driven window by window."""

    def __init__(self, rings: Sequence[int] = collecting.RINGS) -> None:
        self.scan = SocketScan(Settings())
        self.scan.open()
        self.at = Window("host", "boot", 1, 0, 0, 5_000, keyframe=True)
        self.requests = RequestCollector(Settings(), self.scan, rings=rings, name_cache=NameCache())
        self.requests.open(self.at)
        self.scan.look(-1)

    def batch(self) -> RequestBatch:
        start = int(time.time() * 1000)
        self.at = Window("host", "boot", 1, self.at.seq + 1, start, 5_000, keyframe=False)
        return self.requests.collect(self.at)

    def rows(self, port: int) -> list[Row]:
        return [row for row in (Row(*row) for row in self.batch().requests.rows()) if row.server_port == port]

    def close(self) -> None:
        self.requests.close()
        self.scan.close()


@pytest.fixture
def watching() -> Iterator[Watch]:
    watch = Watch()
    yield watch
    watch.close()


class Handler(BaseHTTPRequestHandler):
    """Answers with the status that is asked for; /slow takes its time, /gone hangs up."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/gone":
            self.close_connection = True
            return
        if self.path == "/slow":
            time.sleep(DELAY_MS / 1000)
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(int(self.path.strip("/")) if self.path.strip("/").isdigit() else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_HEAD = do_GET

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def serving(address: str = "127.0.0.1") -> Iterator[int]:
    class Server(ThreadingHTTPServer):
        address_family = socket.AF_INET6 if ":" in address else socket.AF_INET

    server = Server((address, 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def ask(connection: http.client.HTTPConnection, path: str, method: str = "GET", **more: Any) -> int:
    connection.request(method, path, **more)
    answer = connection.getresponse()
    answer.read()
    return answer.status


@contextmanager
def connected(port: int, address: str = "127.0.0.1") -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection(address, port, timeout=10)
    yield connection
    connection.close()


@pytest.mark.root
def test_requests_of_a_kept_connection_are_counted_by_method_and_class(watching: Watch) -> None:
    with serving() as port, connected(port) as connection:
        for path in ("/200", "/200", "/302", "/404", "/500", "/503"):
            ask(connection, path)
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"):
            ask(connection, "/201", method, body="x=1")
        (row,) = watching.rows(port)
        here = connection.sock.getsockname()[1]

    others = {f"{method} 2xx": 1 for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD")}
    assert row.answered == {"GET 2xx": 2, "GET 3xx": 1, "GET 4xx": 1, "GET 5xx": 2, **others}
    assert sum(row.latency.values()) == 12
    assert row[:5] == ("127.0.0.1", here, "127.0.0.1", port, True)
    assert row.unanswered == 0


@pytest.mark.root
def test_a_window_reports_what_it_counted_and_the_next_does_not_repeat_it(watching: Watch) -> None:
    with serving() as port, connected(port) as connection:
        counts = []
        for asked in (3, 0, 2):
            for _ in range(asked):
                ask(connection, "/")
            counts.append(sum(sum(row.answered.values()) for row in watching.rows(port)))
    assert counts == [3, 0, 2]


@pytest.mark.root
def test_the_time_to_the_answer_is_what_the_server_took(watching: Watch) -> None:
    with serving() as port, connected(port) as connection:
        for _ in range(5):
            ask(connection, "/slow")
        (row,) = watching.rows(port)
    assert quantile(row.latency, 0) / 1000 >= DELAY_MS * 0.99
    assert quantile(row.latency, 0.5) / 1000 < DELAY_MS * 2


@pytest.mark.root
def test_ipv6_is_seen_as_well(watching: Watch) -> None:
    with serving("::1") as port, connected(port, "::1") as connection:
        ask(connection, "/")
        (row,) = watching.rows(port)
    assert (row.client_address, row.server_address, row.answered) == ("::1", "::1", {"GET 2xx": 1})


@pytest.mark.root
def test_a_request_whose_connection_closes_without_an_answer_is_unanswered(watching: Watch) -> None:
    with serving() as port, connected(port) as connection:
        ask(connection, "/")
        with pytest.raises((http.client.HTTPException, ConnectionError)):
            ask(connection, "/gone")
        connection.close()
        counted: Counter[str] = Counter()

        def unanswered() -> bool:
            for row in watching.rows(port):
                counted.update(row.answered, unanswered=row.unanswered)
            return counted["unanswered"] > 0

        eventually(unanswered)
    assert counted == {"GET 2xx": 1, "unanswered": 1}


def _leaves(client: socket.socket, server: socket.socket) -> None:
    client.close()
    with suppress(ConnectionResetError):
        server.recv(1)
    server.close()


def _resets(client: socket.socket, server: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
    _leaves(client, server)


def _shuts_its_direction(client: socket.socket, server: socket.socket) -> None:
    client.shutdown(socket.SHUT_WR)
    server.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    server.close()
    client.recv(100)


def _leaves_a_stream(client: socket.socket, server: socket.socket) -> None:
    server.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
    client.recv(100)
    client.close()
    server.close()


def _is_left(client: socket.socket, server: socket.socket) -> None:
    server.close()
    client.recv(1)


def _is_reset(client: socket.socket, server: socket.socket) -> None:
    server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
    server.close()


def _is_answered_with_the_end(client: socket.socket, server: socket.socket) -> None:
    server.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)  # the answer and the end are one segment
    server.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
    server.close()
    client.recv(100)


AT_ONCE = struct.pack("ii", 1, 0)
ENDINGS: dict[Callable[[socket.socket, socket.socket], None], str] = {
    _leaves: "given up",
    _resets: "given up",
    _shuts_its_direction: "GET 2xx",
    _leaves_a_stream: "GET 2xx",
    _is_left: "unanswered",
    _is_reset: "unanswered",
    _is_answered_with_the_end: "GET 2xx",
}


@pytest.mark.root
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_the_end_that_closes_first_is_why_there_is_no_answer(watching: Watch, address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    ports = {}
    with socket.create_server((address, 0), family=family) as listening:
        for end in ENDINGS:
            with socket.create_connection(listening.getsockname()[:2]) as client:
                server, (_, port, *_) = listening.accept()
                with server:
                    client.sendall(b"GET / HTTP/1.1\r\n\r\n")
                    server.recv(100)
                    end(client, server)
            ports[port] = end
        counted: dict[int, str] = {}

        def all_counted() -> bool:
            for row in watching.rows(listening.getsockname()[1]):
                counts = Counter(row.answered) + Counter({"unanswered": row.unanswered, "given up": row.given_up})
                (counted[row.client_port],) = counts.elements()
            return counted.keys() == ports.keys()

        eventually(all_counted)
    assert {ports[port]: what for port, what in counted.items()} == ENDINGS


@pytest.mark.root
def test_a_request_that_is_being_answered_waits_for_its_answer(watching: Watch) -> None:
    with serving() as port, connected(port) as connection:
        connection.request("GET", "/slow")
        first = watching.rows(port)
        connection.getresponse().read()
        second = watching.rows(port)
    assert first == []
    assert [(row.answered, row.unanswered) for row in second] == [({"GET 2xx": 1}, 0)]


@pytest.mark.root
def test_nothing_of_a_path_leaves_the_kernel() -> None:
    tap = Tap("lo", socket.if_nametoindex("lo"), 1 << 20, 0)
    with serving() as port, connected(port) as connection:
        ask(connection, "/secret")
        ask(connection, "/secret", "POST", body="password=1")
        held = bytes(tap.ring)
        connection.close()
        payloads = {segment[6] for segment in tap.segments() if port in segment[2:4]}
    tap.close()
    assert payloads == {b"GET ", b"POST ", b"HTTP/1.1 200", b""}
    assert b"/secret" not in held
    assert b"secr" not in held


@pytest.mark.root
def test_a_sampled_device_shows_whole_connections_or_nothing_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    tap = Tap("lo", socket.if_nametoindex("lo"), 1 << 20, 1)
    ports = []
    with serving() as port:
        for _ in range(40):
            with connected(port) as connection:
                ask(connection, "/")
                ports.append(connection.sock.getsockname()[1] if connection.sock else 0)
        seen = Counter(frozenset(segment[2:4]) for segment in tap.segments() if port in segment[2:4] and segment[6])
    tap.close()
    assert seen == {frozenset((client, port)): 2 for client in ports if sampled(client, port, 1)}
    assert 8 <= len(seen) <= 32


@pytest.mark.root
def test_a_full_ring_is_reported_and_makes_the_collector_look_at_fewer() -> None:
    watch = Watch((packet_ring.BLOCK,))
    with serving() as port, connected(port) as connection:
        for _ in range(200):
            ask(connection, "/")
        reported = [watch.batch().sampling for _ in range(4)]
    watch.close()
    assert watch.requests.counters()["http_packets_dropped"] >= 2 * 200 - packet_ring.BLOCK // packet_ring.FRAME
    assert reported == [1, 2, 1, 1]


def test_without_the_right_to_it_the_collector_reports_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(collecting, "Tap", refuse)
    monkeypatch.setattr(protocol_traffic, "ProtocolTap", refuse)
    watch = Watch()
    assert watch.requests.missing() == {
        "HTTP requests": needed("CAP_NET_RAW"),
        "what ports serve, and requests other than HTTP's": needed("CAP_NET_RAW"),
    }
    assert list(watch.batch().requests.rows()) == []
    watch.close()


def test_it_can_be_switched_off() -> None:
    topics = {collector.topic.name for collector in registered(Sources(Settings(http=False, protocols=False)))}
    assert "requests" not in topics


def _count(ready: Any, stop: Any, reported: Any) -> None:
    watch = Watch()
    ready.set()
    stop.wait(20)
    reported.put([tuple(row) for row in watch.batch().requests.rows()])
    watch.close()


def _serve(reported: Any, stop: Any) -> None:
    with serving("10.99.0.2") as port:
        reported.put(port)
        stop.wait(20)


def _ask(port: int) -> None:
    with connected(port, "10.99.0.2") as connection:
        for _ in range(7):
            ask(connection, "/")


@pytest.mark.root
def test_two_hosts_count_the_same_requests_each_from_its_end(namespaces: Namespaces) -> None:
    fork = get_context("fork")
    stop, ports, counts = fork.Event(), fork.Queue(), [fork.Queue(), fork.Queue()]
    ready = [fork.Event(), fork.Event()]
    sides = zip((namespaces.left, namespaces.right), ready, counts, strict=True)
    watching = [namespaces.start(name, _count, begun, stop, reported) for name, begun, reported in sides]
    server = namespaces.start(namespaces.right, _serve, ports, stop)
    port = ports.get(timeout=10)
    assert all(begun.wait(10) for begun in ready)
    client = namespaces.start(namespaces.left, _ask, port)
    client.join(10)
    stop.set()
    left, right = ([Row(*row) for row in reported.get(timeout=10)] for reported in counts)
    for process in (*watching, server):
        process.join(10)
    assert [(row.serves, row.answered) for row in left] == [(False, {"GET 2xx": 7})]
    assert [(row.serves, row.answered) for row in right] == [(True, {"GET 2xx": 7})]
    assert left[0][:4] == right[0][:4]
