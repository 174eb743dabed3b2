"""Three hundred clients at once are answered or refused with a reason, and the writer and later clients are served."""

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import urlopen

import psutil
import pytest
from clickhouse_driver import Client, errors

from tests.attacks.speaking import ask, hello, request
from tests.store.conftest import Store

pytestmark = pytest.mark.slow

MiB = 1 << 20
CLIENTS = 300
MOST_LAG = 10.0  # seconds from a row's making to its being stored
QUESTIONS = [
    "SELECT 1",
    "SELECT count() FROM default.kept",
    "SELECT number % 10 AS ten, count() FROM numbers(300000) GROUP BY ten ORDER BY ten",
    "SELECT * FROM numbers(50000)",
]


class Writer(threading.Thread):
    """Stores a block every quarter of a second, as the sink does, and measures the slowest one."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.slowest = 0.0
        self.blocks = 0
        self.failed: Exception | None = None
        self._store = store
        self._done = threading.Event()

    def run(self) -> None:
        client: Client | None = None
        while not self._done.wait(0.25):
            begun = time.monotonic()
            try:
                client = client or self._store.writer()
                client.execute("INSERT INTO default.kept VALUES", [(n,) for n in range(1000)])
            except Exception as error:
                self.failed = error
                return
            self.slowest = max(self.slowest, time.monotonic() - begun)
            self.blocks += 1
        if client:
            client.disconnect()

    def end(self) -> None:
        self._done.set()
        self.join()


@contextmanager
def ingesting(store: Store) -> Iterator[Writer]:
    """Yield a writer beside the body, which must not have had to wait."""
    writer = Writer(store)
    writer.start()
    try:
        yield writer
    finally:
        writer.end()
    print(f"the slowest of {writer.blocks} blocks took {writer.slowest:.1f} s")
    assert writer.failed is None
    assert writer.slowest < MOST_LAG
    assert writer.blocks


def native(store: Store, question: str) -> str:
    with store.reader(connect_timeout=60, send_receive_timeout=120) as client:
        try:
            client.execute(question)
        except errors.ServerException as error:
            return f"refused with {error.code}"
    return "answered"


def over_http(store: Store, question: str) -> str:
    try:
        with urlopen(f"{store.url}?query={quote(question)}", timeout=120) as answer:
            answer.read()
    except HTTPError as error:
        with error:
            return f"refused with {error.headers['X-ClickHouse-Exception-Code']}"
    return "answered"


def as_before(store: Store) -> None:
    """Check that a client is served at once, and that the store frees what the others had."""
    begun = time.monotonic()
    assert native(store, "SELECT 1") == over_http(store, "SELECT 1") == "answered"
    assert time.monotonic() - begun < 10
    deadline = time.monotonic() + 30
    while psutil.Process(store.process.pid).num_threads() > 60:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_three_hundred_queries_at_once_are_answered_or_refused_while_rows_are_stored(store: Store) -> None:
    ways: list[Callable[[Store, str], str]] = [native, over_http]
    before = psutil.Process(store.process.pid).memory_info().rss
    with ingesting(store), ThreadPoolExecutor(CLIENTS) as clients:
        asked = [clients.submit(ways[n % 2], store, QUESTIONS[n % len(QUESTIONS)]) for n in range(CLIENTS)]
        found = Counter(each.result() for each in asked)
    after = psutil.Process(store.process.pid).memory_info().rss
    print(f"{dict(found)}; resident {before / MiB:.0f} to {after / MiB:.0f} MiB")
    assert set(found) <= {"answered", "refused with 202"}
    assert found["answered"] >= CLIENTS / 2
    assert after - before < 700 * MiB
    as_before(store)


@pytest.mark.parametrize("way", ["native", "http"])
def test_clients_that_read_no_result_are_ended_by_the_time_limit_and_delay_nobody(store: Store, way: str) -> None:
    question, limit = "SELECT number, repeat('x', 100) FROM numbers(100000000000)", 4
    sent = {
        "native": hello() + ask(question.encode(), {"max_execution_time": str(limit)}),
        "http": request(f"GET /?max_execution_time={limit}&query={quote(question)} HTTP/1.1"),
    }[way]
    port = store.native_port if way == "native" else store.http_port
    with ingesting(store):
        begun = time.monotonic()
        silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(60)]
        try:
            for peer in silent:
                peer.sendall(sent)
            assert native(store, "SELECT 1") == "answered"
            assert time.monotonic() - begun < 40
            wait_until_nothing_runs(store)
        finally:
            for peer in silent:
                peer.close()
    as_before(store)


def wait_until_nothing_runs(store: Store) -> None:
    deadline = time.monotonic() + 60
    with store.writer() as client:
        while client.execute("SELECT count() FROM system.processes WHERE query LIKE '%repeat(%x%'")[0][0] > 1:
            assert time.monotonic() < deadline
            time.sleep(0.2)


def test_an_unfinished_handshake_loses_its_place_soon_and_gets_the_reason(store: Store) -> None:
    beginnings = {
        b"": store.native_port,
        hello()[:-7]: store.native_port,
        b"GET /?query=SELECT+1 HTTP/1.1\r\nX: y": store.http_port,
        request("POST / HTTP/1.1", "X: y")[:-1]: store.http_port,
    }
    with ExitStack() as all_of_them:
        opened = []
        for sent, port in beginnings.items():
            opened.append(all_of_them.enter_context(socket.create_connection(("127.0.0.1", port), timeout=40)))
            opened[-1].sendall(sent)
        for slow in opened:
            answer = b""
            while piece := slow.recv(4096):
                answer += piece
            assert b"sent nothing more within 10 s" in answer
