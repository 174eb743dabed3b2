"""Small inputs that unpack to large ones, and false sizes, do not raise the memory of the store."""

import gzip
import socket
import struct
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import lz4.block
import lz4.frame
import psutil
import pytest
import zstandard

from sinks.embedded.engine import EngineError
from sinks.embedded.http_packed import ENCODINGS, unpacked
from sinks.embedded.room import READERS_BYTES
from sinks.embedded.wire import Source, read_frame, string, varint
from tests.attacks.speaking import NO_TABLES, ask, data, exchange, hello, query, raw, request, writer_hello
from tests.store.conftest import Store

pytestmark = pytest.mark.slow

MiB = 1 << 20
MOST = 300 * MiB  # what a store may grow by while a bomb goes off
MOST_IN_ONE_PIECE = 700 * MiB  # and while a result is made that cannot be sent before it is whole


@contextmanager
def within_memory(store: Store, most_more: int = MOST) -> Iterator[None]:
    """Check the store's resident memory while the body runs."""
    process, done, most = psutil.Process(store.process.pid), threading.Event(), 0
    before = process.memory_info().rss

    def look() -> None:
        nonlocal most
        while not done.wait(0.01):
            most = max(most, process.memory_info().rss)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
    print(f"resident before {before / MiB:.0f} MiB, at most {most / MiB:.0f} MiB")
    assert most - before < most_more
    with store.reader() as client:
        assert client.execute("SELECT 1") == [(1,)]


@cache
def packed(encoding: str, size: int) -> bytes:
    """Return so many zeros, compressed."""
    if encoding == "zstd":
        return zstandard.ZstdCompressor(level=19, write_content_size=False).compress(bytes(size))
    if encoding == "lz4":
        return bytes(lz4.frame.compress(bytes(size), compression_level=0))
    return gzip.compress(bytes(size)) if "gzip" in encoding else zlib.compress(bytes(size), 9)


def post(store: Store, body: bytes, path: str = "", **headers: str) -> tuple[int, bytes]:
    """Send a body as it is."""
    asked = Request(store.url + path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    try:
        with urlopen(asked, timeout=60) as answer:
            return answer.status, answer.read()
    except HTTPError as error:
        with error:
            return error.code, error.read()


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_body_that_unpacks_to_too_many_bytes_is_refused_early(store: Store, encoding: str) -> None:
    bomb = packed(encoding, 16 * MiB) * 40
    with within_memory(store):
        status, found = post(store, bomb, Content_Encoding=encoding)
    assert (status, b"QUERY_IS_TOO_LARGE" in found) == (413, True)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_an_insert_of_the_writer_is_bounded_whatever_its_compression(store: Store, encoding: str) -> None:
    bomb = packed(encoding, 16 * MiB) * 40
    token = {"X_ClickHouse_User": "servicemap", "X_ClickHouse_Key": store.token}
    with within_memory(store):
        status, found = post(
            store, bomb, "?query=INSERT+INTO+default.kept+FORMAT+TSV", Content_Encoding=encoding, **token
        )
    assert (status, b"TOO_MANY_BYTES" in found) == (413, True)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("step", [1, 1000, MiB])
def test_joined_packed_data_is_unpacked_in_pieces_of_any_size(encoding: str, step: int) -> None:
    one = packed(encoding, 3 * MiB)
    joined = one + packed(encoding, 5)
    pieces = (joined[at : at + step] for at in range(0, len(joined), step))
    assert b"".join(unpacked(encoding, pieces)) == bytes(3 * MiB + 5)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_packed_data_that_ends_early_or_late_is_refused(encoding: str) -> None:
    good = packed(encoding, 9000)
    for bad in (good[:-1], good[: len(good) // 2], good + b"x"):
        with pytest.raises(EngineError):
            list(unpacked(encoding, iter([bad])))


def test_a_zstd_frame_that_wants_a_window_of_gigabytes_is_refused() -> None:
    huge = bytes.fromhex("28b52ffd") + bytes([0x00, 0xA0]) + bytes.fromhex("010000")  # a window of 1 GiB
    with pytest.raises(EngineError):
        list(unpacked("zstd", iter([huge])))


def frame(method: int, body: bytes, size: int) -> bytes:
    """Return a compressed frame that states the size it unpacks to."""
    from clickhouse_cityhash.cityhash import CityHash128

    head = struct.pack("<BII", method, len(body) + 9, size)
    value = CityHash128(head + body)
    return struct.pack("<QQ", value >> 64, value & (1 << 64) - 1) + head + body


FRAMES = {
    "zstd of more than is stated": (0x90, zstandard.compress(bytes(512 * MiB)), 1000),
    "zstd of as much as is stated": (0x90, zstandard.compress(bytes(512 * MiB)), 512 * MiB),
    "zstd that states no size": (0x90, packed("zstd", 512 * MiB), 1000),
    "lz4 of more than can be": (0x82, lz4.block.compress(b"x", store_size=False), 60 * MiB),
    "lz4 of more than may be": (0x82, lz4.block.compress(bytes(MiB), store_size=False), 1 << 30),
    "plain, of another size": (0x02, b"x", 0xFFFFFFFF),
    "of no known kind": (0x77, b"x", 1),
}


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_is_bounded_by_its_stated_size_and_by_the_limit(store: Store, name: str) -> None:
    bomb = frame(*FRAMES[name])
    with pytest.raises((EngineError, EOFError)) as refused:
        read_frame(Source(iter([bomb, b""]).__next__))
    assert refused.type is EngineError
    with within_memory(store):
        answer = exchange(
            store.native_port, hello() + query(b"SELECT 1", compressed=True) + varint(2) + string("") + bomb
        )
        assert b"DB::Exception" in answer
        assert post(store, bomb, "?decompress=1")[0] in (400, 413, 500)


def column(name: str, kind: bytes, values: bytes, rows: int) -> bytes:
    """Return a block of one column, as a client sends it."""
    return b"\x01\x00\x02\xff\xff\xff\xff\x00" + varint(1) + varint(rows) + string(name) + raw(kind) + b"\x00" + values


HUGE = (1 << 63).to_bytes(8, "little")
BLOCKS = {
    "rows without end": column("n", b"UInt64", b"", 1 << 62),
    "as many rows as may be": column("n", b"UInt64", b"", 1 << 27),
    "columns without end": b"\x00" + varint(1 << 40) + varint(1),
    "a string without end": column("n", b"String", varint((1 << 63) - 1), 1),
    "a name without end": b"\x00" + varint(1) + varint(1) + varint(1 << 60),
    "a number without end": b"\x00" + b"\xff" * 100,
    "an array without end": column("n", b"Array(UInt64)", HUGE, 1),
    "an array of nothing without end": column("n", b"Array(Nothing)", HUGE, 1),
    "a map without end": column("n", b"Map(String, Array(String))", HUGE, 1),
    "keys without end": column("n", b"LowCardinality(String)", bytes(8) + (0x200).to_bytes(8, "little") + HUGE, 1),
    "indexes wider than any": column("n", b"LowCardinality(String)", bytes(8) + (0xFF).to_bytes(8, "little") + HUGE, 1),
    "a fixed string without end": column("n", b"FixedString(99999999999999999999)", b"", 5),
    "a fixed string of a negative size": column("n", b"FixedString(-5)", b"x" * 50, 5),
    "a fixed string of no number": column("n", b"FixedString(x)", b"x" * 50, 5),
    "a type of a thousand arrays": column("n", b"Array(" * 1000 + b"UInt8" + b")" * 1000, HUGE * 3, 1),
    "a type of very many arrays": column("n", b"Array(" * 40_000 + b"UInt8" + b")" * 40_000, HUGE * 3, 1),
    "a type that is none": column("n", b"\xff\x00(((", b"", 1),
    "fields of the block without end": b"\x01\x00" * 2_000_000,
}


@pytest.mark.parametrize("name", BLOCKS)
def test_sizes_that_a_client_only_claims_cost_nothing(store: Store, name: str) -> None:
    insert = query(b"INSERT INTO default.kept VALUES") + NO_TABLES
    with within_memory(store):
        for begin in (hello() + query(b"SELECT 1"), writer_hello(store) + insert):
            begun = time.monotonic()
            assert b"DB::" in exchange(store.native_port, begin + data(BLOCKS[name]) + bytes(100_000))
            assert time.monotonic() - begun < 20


PACKETS = {
    "a user without end": varint(0) + string("test") + varint(1) * 2 + varint(54459) + string("") + varint(1 << 40),
    "a hello without end": varint(0) + string("x" * 60_000) * 4000,
    "a statement without end": hello() + query(b"SELECT 1")[:-10] + varint(1 << 35),
    "settings without end": hello() + query(b"", {f"s{n}": "x" * 1000 for n in range(3000)}),
    "a statement of many bytes": hello() + ask(b"SELECT '" + b"x" * (3 * MiB) + b"'"),
    "a packet of no kind": hello() + varint(1 << 62),
}


@pytest.mark.parametrize("name", PACKETS)
def test_packets_are_bounded(store: Store, name: str) -> None:
    with within_memory(store):
        assert b"DB::" in exchange(store.native_port, PACKETS[name] + bytes(100_000))


def test_unfinished_requests_of_readers_share_bounded_memory(store: Store) -> None:
    table = column("t", b"String", varint(15 * MiB), 1) + bytes(12 * MiB)
    form = request("POST / HTTP/1.1", "Content-Type: multipart/form-data; boundary=b", "Content-Length: 16000000")
    half = {
        store.native_port: hello() + query(b"SELECT 1") + data(table),
        store.http_port: form + bytes(12 * MiB),
    }
    for port, sent in half.items():
        with within_memory(store, READERS_BYTES * 3), ExitStack() as all_of_them:
            answers = []
            for _ in range(40):
                peer = all_of_them.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))
                with suppress(ConnectionError):
                    peer.sendall(sent)
                answers.append(peer)
            found = b""
            with suppress(ConnectionError):
                while piece := answers[-1].recv(4096):
                    found += piece
            assert b"Requests of others" in found
    assert post(store, b"SELECT 1") == (200, b"1\n")


def test_a_result_in_one_piece_is_bounded_and_its_memory_is_freed(store: Store) -> None:
    with within_memory(store, MOST_IN_ONE_PIECE):
        for _ in range(2):
            status, found = post(store, b"SELECT * FROM numbers(100000000) FORMAT JSON")
            assert (status, b"TOO_MANY_ROWS_OR_BYTES" in found) == (500, True)
