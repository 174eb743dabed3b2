"""Random garbage and changed sessions: each ends with an answer or a close, and the store continues."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from random import Random
from urllib.request import urlopen

import psutil
import pytest

from sinks.embedded.blocks import Block, Column
from sinks.embedded.wire import frames, varint
from tests.attacks.speaking import NO_TABLES, REVISION, ask, data, exchange, hello, query, request, writer_hello
from tests.store.conftest import Store
from tests.view.serving import View

pytestmark = pytest.mark.slow

Make = Callable[[Random], bytes]
SHARE = 120  # sessions of each kind in the suite
NONE = varint(77)  # a packet that ends the connection
END = data(Block(0, ()).encode(REVISION))
NUMBERS = Block(3, (Column("n", "UInt64", bytes(24)),)).encode(REVISION)
FORM = b'--b\r\nContent-Disposition: form-data; name="query"\r\n\r\nSELECT {a:UInt8}\r\n--b\r\n'
FORM += b'Content-Disposition: form-data; name="param_a"\r\n\r\n1\r\n--b--\r\n'


def natives(store: Store) -> list[bytes]:
    """Good sessions of the native protocol."""
    insert = query(b"INSERT INTO default.kept VALUES") + NO_TABLES
    packed = query(b"INSERT INTO default.kept VALUES", compressed=True)
    packed += varint(2) + b"\x00" + frames(Block(0, ()).encode(REVISION))
    return [
        hello() + ask(b"SELECT 1") + b"\x04" + ask(b"SELECT number FROM numbers(10)", {"max_threads": "1"}),
        hello() + ask(b"SHOW TABLES") + ask(b"SELECT '\xff' AS x SETTINGS max_block_size = 10"),
        writer_hello(store) + insert + data(NUMBERS) + END + b"\x04",
        writer_hello(store) + packed + varint(2) + b"\x00" + frames(NUMBERS),
    ]


def https(store: Store) -> list[bytes]:
    """Good requests to the store."""
    login = ("X-ClickHouse-User: servicemap", f"X-ClickHouse-Key: {store.token}")
    chunked = request("POST /?query=INSERT+INTO+default.kept+FORMAT+TSV HTTP/1.1", *login, "Transfer-Encoding: chunked")
    return [
        request("GET /?query=SELECT+1&default_format=JSON HTTP/1.1") * 2,
        request("GET /ping HTTP/1.1") + request("GET /?query=SELECT+%27%FF%27&compress=1 HTTP/1.1"),
        request("POST /?max_threads=1&param_a=1&query_id=x HTTP/1.1", body=b"SELECT {a:UInt8} FORMAT CSV"),
        chunked + b"2\r\n1\n\r\n4;x=y\r\n22\n3\r\n0\r\n\r\n",
        request("POST /?decompress=1 HTTP/1.1", body=frames(b"SELECT 1")),
        request("POST / HTTP/1.1", "Content-Type: multipart/form-data; boundary=b", body=FORM),
        request("POST /?session_id=s HTTP/1.1", "Accept-Encoding: gzip", body=b"SELECT 1"),
    ]


VIEWED = [
    request("GET /api/map?level=service&window=1m HTTP/1.1") + request("GET /api/health HTTP/1.1"),
    request("GET /api/node?id=x&level=host HTTP/1.1", "Cookie: servicemap-view=x", "Accept-Encoding: gzip"),
    request("GET /api/export?what=map&format=csv HTTP/1.1"),
    request("POST /api/map HTTP/1.1", "Transfer-Encoding: chunked") + b"5\r\nhello\r\n0\r\n\r\n",
]


def bent(random: Random, good: bytes) -> bytes:
    """Return a session with something wrong in it, or several things."""
    session = bytearray(good)
    for _ in range(random.choice((1, 1, 2, 5))):
        at = random.randrange(len(session) or 1)
        match random.randrange(7):
            case 0:
                session[at : at + 1] = bytes([random.randrange(256)])
            case 1:
                del session[at:]
            case 2:
                del session[at : at + random.randrange(1, 20)]
            case 3:
                session[at:at] = random.randbytes(random.randrange(1, 60))
            case 4:
                session[at:at] = session[at : at + random.randrange(1, 200)]
            case 5:
                session[at : at + 1] = varint(random.choice((127, 128, 1 << 20, (1 << 31) - 1, 1 << 32, (1 << 64) - 1)))
            case 6:
                session[at : at + 4] = random.choice((b"\xff\xff\xff\xff", b"\r\n\r\n", b"%00%", b"'\\\"`", bytes(4)))
    return bytes(session)


def junk(random: Random) -> bytes:
    """Return random bytes."""
    return random.randbytes(random.choice((1, 2, 10, 100, 5000)))


@contextmanager
def no_surprise(store: Store) -> Iterator[None]:
    """Check that an answer is one that the store's code intends."""
    before = _surprises(store)
    yield
    assert _surprises(store) == before


def _surprises(store: Store) -> int:
    with urlopen(f"{store.url}health", timeout=30) as answer:
        return int(json.loads(answer.read())["trouble"].get("could not be understood", 0))


def throw(port: int, sessions: Sequence[bytes]) -> None:
    """Send all sessions, some at a time; each must end."""

    def one(session: bytes) -> None:
        try:
            exchange(port, session, timeout=60)
        except TimeoutError:
            pytest.fail(f"neither an answer nor a close: {session!r}")

    with ThreadPoolExecutor(8) as several:
        list(several.map(one, sessions))


@pytest.mark.fuzz
@pytest.mark.parametrize("kind", ["native", "http"])
def test_garbage_ends_its_own_connection_only(store: Store, kind: str, fuzz_factor: int) -> None:
    good = natives(store) if kind == "native" else https(store)
    port = store.native_port if kind == "native" else store.http_port
    process = psutil.Process(store.process.pid)
    before = process.memory_info().rss
    with no_surprise(store):
        for turn in range(fuzz_factor):
            random = Random(f"{kind} {turn}")
            throw(
                port,
                [bent(random, random.choice(good)) for _ in range(SHARE)] + [junk(random) for _ in range(SHARE // 4)],
            )
            with store.reader() as reader:
                assert reader.execute("SELECT 1") == [(1,)]
    assert process.memory_info().rss - before < 500 << 20


@pytest.mark.fuzz
def test_garbage_does_not_change_the_view(view: View, fuzz_factor: int) -> None:
    process = psutil.Process(view.pid)
    before = process.memory_info().rss
    for turn in range(fuzz_factor):
        random = Random(f"view {turn}")
        throw(
            view.port, [bent(random, random.choice(VIEWED)) for _ in range(SHARE)] + [junk(random) for _ in range(30)]
        )
        assert view.get("/api/health").status == 200
    assert process.memory_info().rss - before < 200 << 20


@pytest.mark.parametrize("text", [
    b"SELECT '\xff'", b"SELECT \xff", b"SELECT 1 AS `\xff`", b"SELECT '\xff' WHERE 0", b"SELECT nix('\xff')", b"\xff",
    b"SET a='\xff'", b"SELECT 1 SETTINGS log_queries='\xff'",
    b"SHOW TABLES LIKE '\xff'", b"DESCRIBE `\xff`", b"USE `\xff`",
    b"SELECT 1 FORMAT \xff", b"\x00", b"SELECT '\x00'", b"SELECT 1 -- \xff", b"\xc3(", b"SELECT '\xed\xb3\xbf'", b"",
])  # fmt: skip
@pytest.mark.parametrize("form", ["TabSeparated", "JSON", "Native", "\xff"])
def test_statements_of_any_bytes_are_answered(store: Store, text: bytes, form: str) -> None:
    asked = request(f"POST /?default_format={form}&query_id=%ff HTTP/1.1", "Connection: close", body=text or b" ")
    with no_surprise(store):
        assert exchange(store.http_port, asked).startswith(b"HTTP/1.1 ")
        answer = exchange(store.native_port, hello() + ask(text) + NONE, patience=30)
        assert b"Unexpected packet" in answer
        assert len(answer) > len(exchange(store.native_port, hello() + NONE, patience=30))


def test_bytes_come_back_as_they_were_sent(store: Store) -> None:
    for question in (
        request("GET /?query=SELECT+%27%FF%80%27 HTTP/1.1"),
        request("POST / HTTP/1.1", body=b"SELECT '\xff\x80'"),
    ):
        assert b"\xff\x80\n" in exchange(store.http_port, question)
    assert b"FF80\n" in exchange(store.http_port, request("GET /?query=SELECT+hex({a:String})&param_a=%FF%80 HTTP/1.1"))
    assert b"\x02\xff\x80" in exchange(store.native_port, hello() + ask(b"SELECT '\xff\x80'"))


def seconds(port: int, sent: bytes) -> float:
    begun = time.monotonic()
    exchange(port, sent, timeout=60)
    return time.monotonic() - begun


LINEAR: dict[str, Callable[[Store, int], tuple[int, bytes]]] = {
    "settings of a query": lambda store, n: (
        store.native_port,
        hello() + ask(b"SELECT 1", {f"s{number}": "1" for number in range(n // 200)}),
    ),
    "a value of a setting": lambda store, n: (store.native_port, hello() + ask(b"SELECT 1", {"a": "\\'" * (n // 3)})),
    "headers": lambda store, n: (store.http_port, request("GET /?query=SELECT+1 HTTP/1.1", "X: " + "a b;" * (n // 20))),
    "an address": lambda store, n: (store.http_port, request(f"GET /?{'a=%27&' * (n // 20)} HTTP/1.1")),
    "a form": lambda store, n: (
        store.http_port,
        request("POST / HTTP/1.1", "Content-Type: multipart/form-data; boundary=b", body=b"--b\r\n" * (n // 5)),
    ),
    "chunks": lambda store, n: (
        store.http_port,
        request("POST / HTTP/1.1", "Transfer-Encoding: chunked") + b"1\r\n \r\n" * (n // 6) + b"0\r\n\r\n",
    ),
    "fields of a block": lambda store, n: (store.native_port, hello() + query(b"SELECT 1") + data(b"\x03" * n)),
    "a file of frames": lambda store, n: (
        store.http_port,
        request("POST /?decompress=1 HTTP/1.1", body=frames(b" ") * (n // 40)),
    ),
}


@pytest.mark.parametrize("name", LINEAR)
def test_the_time_for_what_a_client_sends_grows_with_its_length(store: Store, name: str) -> None:
    small, large = (seconds(*LINEAR[name](store, n)) for n in (100_000, 800_000))
    assert large < 20 * small + 3
