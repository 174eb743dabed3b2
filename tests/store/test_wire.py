import socket
import struct
from typing import Any

import pytest
from clickhouse_driver import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from sinks.embedded import sql
from sinks.embedded.blocks import Block, Column, read_block
from sinks.embedded.engine import EngineError
from sinks.embedded.steps import skip
from sinks.embedded.wire import Source, frames, read_frame, string, varint


def _source(data: bytes, step: int = 1 << 20) -> Source:
    pieces = iter([data[n : n + step] for n in range(0, len(data), step)])
    return Source(lambda: next(pieces, b""))


@settings(max_examples=50)
@given(st.integers(0, 2**64 - 1))
def test_a_number_comes_back_from_its_bytes(number: int) -> None:
    assert _source(varint(number)).varint() == number


@settings(max_examples=50)
@given(st.binary(max_size=3000), st.integers(1, 50))
def test_a_frame_comes_back_however_it_arrives(data: bytes, step: int) -> None:
    assert read_frame(_source(frames(data or b"x"), step)) == (data or b"x")


@settings(max_examples=50)
@given(st.data())
def test_a_damaged_frame_is_noticed(data: st.DataObject) -> None:
    frame = bytearray(frames(b"some data that is long enough" * 3))
    place = data.draw(st.integers(0, len(frame) - 1))
    frame[place] ^= data.draw(st.integers(1, 255))

    with pytest.raises((EngineError, EOFError)):
        read_frame(_source(bytes(frame)))


@settings(max_examples=50)
@given(st.lists(st.text(max_size=300), max_size=50), st.integers(1, 40), st.sampled_from([0, 54405, 54459]))
def test_a_blocks_borders_are_found_however_it_arrives(texts: list[str], step: int, revision: int) -> None:
    strings = b"".join(string(text) for text in texts)
    ends = list(range(1, len(texts) + 1))  # one string in each array
    arrays = struct.pack(f"<{len(texts)}Q", *ends) + strings
    block = Block(len(texts), (Column("a", "String", strings), Column("b", "Array(String)", arrays)))

    found = read_block(_source(block.encode(revision) + b"rest", step), revision)

    assert found == block


def test_types_whose_length_only_values_show_are_refused() -> None:
    for kind in ("AggregateFunction(sum, Int8)", "Array(AggregateFunction(uniq, String))", "Variant()", "Nonsense"):
        with pytest.raises(EngineError) as caught:
            skip(kind)
        assert caught.value.code == 50


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("INSERT INTO t VALUES", "SELECT * FROM t"),
        ("insert into a.`b c` (x, `y)`) values ", "SELECT x, `y)` FROM a.`b c`"),
        ("/* hi */ INSERT INTO TABLE t (a) SETTINGS x = 1 FORMAT Native", "SELECT a FROM t"),
        ("INSERT INTO t (* EXCEPT(a)) VALUES", "SELECT * EXCEPT(a) FROM t"),
        ("INSERT INTO FUNCTION null('a Int8') VALUES", "SELECT * FROM null('a Int8')"),
    ],
)
def test_an_inserts_columns_are_asked_of_the_engine(text: str, columns: str) -> None:
    insert = sql.insert(text)

    assert insert is not None
    assert sql.columns_of(insert.target) == columns


def test_what_brings_no_data_is_not_taken_for_it() -> None:
    for text in ("INSERT INTO t SELECT 1", "SELECT 'INSERT INTO t VALUES'", "WITH 1 AS x SELECT x", ""):
        assert sql.insert(text) is None


def test_truncated_and_damaged_packets_only_end_their_connection(store: Any, writer: Client) -> None:
    recorded = _record_a_conversation(store)
    for cut in range(0, len(recorded), 7):
        _send(store, recorded[:cut])
        damaged = bytearray(recorded)
        damaged[cut] ^= 0xFF
        _send(store, bytes(damaged))
    _send(store, b"GET / HTTP/1.1\r\n\r\n")

    assert writer.execute("SELECT 1") == [(1,)]
    assert store.process.poll() is None


def _record_a_conversation(store: Any) -> bytes:
    hello = varint(0) + string("test") + varint(1) + varint(1) + varint(54459) + string("")
    login = string("servicemap") + string(store.token) + string("")
    info = b"\x01" + string("") * 3 + bytes(8) + b"\x01" + string("") * 3 + varint(1) * 3
    info += string("") + varint(0) * 2 + b"\x00" + varint(0) * 3
    query = varint(1) + string("id") + info + string("max_threads") + varint(1) + string("1")
    query += string("") * 2 + varint(2) + varint(0) + string("SELECT 1") + string("")
    return hello + login + query + varint(2) + string("") + Block(0, ()).encode(54459)


def _send(store: Any, data: bytes) -> None:
    with socket.create_connection(("127.0.0.1", store.native_port), timeout=10) as peer:
        peer.sendall(data)
        peer.shutdown(socket.SHUT_WR)
        try:
            while peer.recv(65536):
                pass
        except ConnectionResetError:
            pass
