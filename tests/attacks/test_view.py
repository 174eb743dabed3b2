"""The view answers although other clients hold connections, send half a request, or do not read their answers."""

import gzip
import http.client
import logging
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress

import psutil
import pytest
from aiohttp.http_exceptions import BadHttpMessage

from tests.attacks.speaking import exchange, request
from tests.view.serving import View
from view.connections import HEAD_SECONDS, MOST, MOST_READING
from view.hub import MOST as MOST_PAGES
from view.quiet import Quiet

pytestmark = pytest.mark.slow

MiB = 1 << 20


def seen(view: View) -> float:
    """Request the map; return the seconds that it took."""
    begun = time.monotonic()
    assert view.get("/api/health").status == 200
    assert view.get("/").status == 200
    return time.monotonic() - begun


@contextmanager
def connections(view: View, count: int, sent: bytes = b"") -> Iterator[list[socket.socket]]:
    """Connections that send something and read nothing."""
    with ExitStack() as all_of_them:
        opened = []
        for _ in range(count):
            opened.append(all_of_them.enter_context(socket.create_connection(("127.0.0.1", view.port), timeout=60)))
            with suppress(OSError):
                opened[-1].sendall(sent)
        yield opened


@pytest.mark.parametrize("sent", [b"", b"GET /api/map HT", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: "])
def test_the_view_answers_beside_more_unfinished_requests_than_places(view: View, sent: bytes) -> None:
    with connections(view, MOST + 100, sent):
        assert seen(view) < 20


def test_a_request_of_one_byte_a_second_is_ended_with_the_reason(view: View) -> None:
    begun = time.monotonic()
    drops = iter(request("GET /api/health HTTP/1.1", "X: " + "x" * 1000))
    with connections(view, 1) as (slow,):
        slow.settimeout(1)
        answer = b""
        while not answer and time.monotonic() - begun < 3 * HEAD_SECONDS:
            with suppress(BrokenPipeError):
                slow.sendall(bytes([next(drops)]))
            with suppress(TimeoutError):
                answer = slow.recv(4096)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"did not arrive within 10 s" in answer
    assert time.monotonic() - begun > HEAD_SECONDS / 2


def test_beyond_the_limit_of_pages_the_oldest_is_closed_with_the_reason(view: View) -> None:
    with ExitStack() as all_of_them:
        pages = []
        for _ in range(MOST_PAGES + 3):
            page = http.client.HTTPConnection("127.0.0.1", view.port, timeout=30)
            all_of_them.callback(page.close)
            page.request("GET", "/api/stream")
            pages.append(page.getresponse())
            assert pages[-1].status == 200
        assert b"too many pages are open" in pages[0].read()
        news = iter(pages[-1].readline, b"")
        assert next(line for line in news if line.startswith(b"event: newest"))
        assert seen(view) < 10


def test_clients_that_do_not_read_their_answers_cost_little(view: View) -> None:
    process = psutil.Process(view.pid)
    before = process.memory_info().rss
    name = "elk-worker.min.js"
    assert len(view.get(f"/assets/vendor/{name}").body) > MiB
    with connections(view, 3 * MOST_READING, request(f"GET /assets/vendor/{name} HTTP/1.1") * 5):
        assert seen(view) < 30
        assert process.memory_info().rss - before < 400 * MiB
    assert seen(view) < 10


def bomb() -> bytes:
    return gzip.compress(bytes(200 * MiB))


ODD: dict[str, Callable[[], bytes]] = {
    "bytes": lambda: bytes(range(256)) * 100,
    "a line without end": lambda: b"GET /" + b"a" * 200_000,
    "a header without end": lambda: b"GET / HTTP/1.1\r\nX: " + b"a" * 200_000,
    "headers without end": lambda: b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 100_000,
    "a body that does not come": lambda: (
        b"GET /api/health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n"
    ),
    "a body without end": lambda: request("POST /api/map HTTP/1.1", "Content-Length: 999999999999") + bytes(5 * MiB),
    "chunks without end": lambda: request("POST / HTTP/1.1", "Transfer-Encoding: chunked") + b"1\r\nx\r\n" * 300_000,
    "a bomb": lambda: request("POST /api/map HTTP/1.1", "Content-Encoding: gzip", body=bomb()),
    "a bomb where nothing is sent": lambda: request("GET /api/health HTTP/1.1", "Content-Encoding: gzip", body=bomb()),
    "two lengths": lambda: request("POST / HTTP/1.1", "Content-Length: 5", "Content-Length: 6") + b"x" * 11,
    "a negative length": lambda: request("GET / HTTP/1.1", "Content-Length: -1"),
    "an upgrade": lambda: request("GET / HTTP/1.1", "Connection: Upgrade", "Upgrade: websocket") + b"\x81\x00" * 1000,
    "requests in a row, and junk": lambda: request("GET /api/health HTTP/1.1") * 200 + b"\x00\xff" * 1000,
    "a name of other bytes": lambda: request("GET /api/map?from=%ff%00&level=\xff HTTP/1.1"),
    "TLS": lambda: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
}


@pytest.mark.parametrize("name", ODD)
def test_bytes_that_are_no_request_are_answered_or_closed_and_others_see_the_map(view: View, name: str) -> None:
    process = psutil.Process(view.pid)
    before = process.memory_info().rss
    answer = exchange(view.port, ODD[name]())
    assert answer[:9] in (b"HTTP/1.1 ", b"HTTP/1.0 ", b"")
    assert b" 500 " not in answer[:20]
    assert process.memory_info().rss - before < 100 * MiB
    assert seen(view) < 10


def test_bytes_that_are_no_request_are_logged_in_a_line_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    now = 0.0
    logger = logging.Logger("attacked")
    logger.addHandler(caplog.handler)
    logger.addFilter(Quiet(lambda: now))
    for at in [0.0] * 100 + [60.0]:
        now = at
        try:
            raise BadHttpMessage("no LF after headers:\n\n  \x00\xff")
        except BadHttpMessage:
            logger.exception("Error handling request from %s", "127.0.0.1")
    assert [record.getMessage() for record in caplog.records] == [
        "not a request ('no LF after headers:'); 1 since the last such line",
        "not a request ('no LF after headers:'); 100 since the last such line",
    ]
    assert "Traceback" not in caplog.text
    logger.error("all else is logged")
    assert "all else is logged" in caplog.text


def test_a_hundred_requests_at_once_are_answered_or_asked_to_wait(view: View) -> None:
    newest = view.api("health")["newest"]

    def ask(number: int) -> int:
        level = ("service", "process", "host")[number % 3]
        with closing(http.client.HTTPConnection("127.0.0.1", view.port, timeout=120)) as client:
            client.request("GET", f"/api/map?level={level}&to={newest - number}")
            return client.getresponse().status

    with ThreadPoolExecutor(100) as clients:
        statuses = list(clients.map(ask, range(100)))
    print(Counter(statuses))
    assert set(statuses) <= {200, 503}
    assert statuses.count(200) >= 16
    assert seen(view) < 10
