"""Requests and answers are found in the bytes of both ends, however these were cut into segments; no bytes do harm."""

import sys
from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.conversation import MOST_HELD
from collectors.protocols.first_bytes import HTTP2_PREFACE
from collectors.protocols.grpc import Grpc
from collectors.protocols.known import PARSERS
from collectors.protocols.memcached import Memcached
from collectors.protocols.mysql import MySQL
from collectors.protocols.parser import Parser
from collectors.protocols.postgresql import PostgreSQL
from collectors.protocols.redis import Redis
from schemas.latency import bucket
from tests.collectors.protocols.calling import CALL, SAY, SETTINGS, TAKEN, WATCH, Both
from tests.collectors.protocols.dialogue import ANSWERS, ASKS, Dialogue
from tests.collectors.protocols.talking import (
    ASK,
    BAD,
    BIND,
    BOUND,
    DIALOGUES,
    DONE,
    EXECUTE,
    EXECUTED,
    FAILED,
    GREETING,
    LOGIN,
    MS,
    OKAY,
    PARSE,
    PARSED,
    QUERY,
    READY,
    ROWS,
    START,
    SYNC,
    WITH_TLS,
    Line,
    command,
    talk,
)

SET = b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n"
each = pytest.mark.parametrize("dialogue", DIALOGUES, ids=lambda one: one.about)
of_all = pytest.mark.parametrize("parser", PARSERS, ids=lambda one: one.name)


@each
def test_what_is_said_is_counted(dialogue: Dialogue) -> None:
    assert talk(dialogue.parser, dialogue.said).counted() == dialogue.counted


@each
def test_a_byte_at_a_time_is_the_same(dialogue: Dialogue) -> None:
    """The first segment is whole: what begins elsewhere than at the start of a segment is not recognised."""
    (_, first), *others = dialogue.said
    said = [(ASKS, first), *((who, data[at : at + 1]) for who, data in others for at in range(len(data)))]
    assert talk(dialogue.parser, said).counted() == dialogue.counted


@given(st.data())
@settings(max_examples=80)
def test_segments_are_cut_anywhere_sent_twice_and_overlap(data: st.DataObject) -> None:
    dialogue = data.draw(st.sampled_from(DIALOGUES))
    line = Line(dialogue.parser(), data.draw(st.tuples(*[st.sampled_from((1, 2**31, 2**32 - 30))] * 2)))
    for number, (who, said) in enumerate(dialogue.said):
        cuts = st.lists(st.integers(1, len(said)), max_size=4)
        at = 0
        for cut in sorted({*(data.draw(cuts) if number else ()), len(said)}):
            line.put(who, said[at:cut])
            if data.draw(st.booleans()):  # again, from an earlier byte on
                back = data.draw(st.integers(0, at))
                line.numbers[who] = (line.numbers[who] - (cut - back)) & 0xFFFF_FFFF
                line.put(who, said[back:cut])
            at = cut
    assert line.counted() == dialogue.counted


@of_all
@given(st.lists(st.tuples(st.sampled_from([ASKS, ANSWERS]), st.binary(min_size=1, max_size=60)), max_size=20))
@settings(max_examples=80)
def test_any_bytes_do_no_harm(parser: type[Parser], said: list[tuple[str, bytes]]) -> None:
    talk(parser, said).counted()


@given(st.data())
@settings(max_examples=80)
def test_damaged_dialogues_do_no_harm(data: st.DataObject) -> None:
    dialogue = data.draw(st.sampled_from(DIALOGUES))
    line = Line(dialogue.parser())
    for who, said in dialogue.said:
        damaged = bytearray(said)
        for _ in range(data.draw(st.integers(0, 3))):
            damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
        line.put(who, bytes(damaged), len(damaged) + data.draw(st.sampled_from((0, 0, 0, 1, 5_000))))
    counted = line.counted()
    assert sum(counted.values()) <= 200


@of_all
@pytest.mark.parametrize("who", [ASKS, ANSWERS])
def test_a_message_without_an_end_is_not_kept_for_ever(parser: type[Parser], who: str) -> None:
    beginnings = {
        Redis: (command(b"PING"), b"+"),
        PostgreSQL: (QUERY, b"C"),
        Memcached: (b"get a\r\n", b"V"),
        MySQL: (ASK, b"\xff"),
        Grpc: (CALL, b"\0\x40\0\1\4"),
    }
    first, begun = beginnings[parser]
    line = talk(parser, [(ASKS, first), (who, begun)])
    for _ in range(200):
        line.put(who, b"x" * 1_000)
    held = sum(sys.getsizeof(stream.held) for stream in (line.conversation.client, line.conversation.server))
    assert held < 2 * MOST_HELD


def test_more_requests_than_can_wait_are_not_kept() -> None:
    line = talk(Redis, [(ASKS, command(b"PING") * 30_000)])
    assert len(line.conversation.parser.waiting) <= 10_000


def test_the_time_to_an_answer_is_that_between_their_segments() -> None:
    line = Line(Redis())
    line.put(ASKS, command(b"GET", b"a"))
    line.at += 6 * MS
    line.put(ANSWERS, b"$-1\r\n")
    (_, latency, *_) = line.conversation.parser.counts.take()
    assert latency == {bucket(7_000): 1}


@pytest.mark.parametrize(
    ("parser", "first", "value", "rest", "answer", "counted"),
    [
        (Redis, SET + b"$100000\r\n", 100_002, command(b"PING"), b"+OK\r\n+PONG\r\n", {"SET ok": 1, "PING ok": 1}),
        (Memcached, b"set a 0 0 100000\r\n", 100_002, b"get b\r\n", b"STORED\r\nEND\r\n", {"SET ok": 1, "GET ok": 1}),
        (PostgreSQL, b"Q" + (100_004).to_bytes(4, "big"), 100_000, b"", DONE + READY, {"SELECT ok": 1}),
    ],
)  # fmt: skip
def test_a_large_value_need_not_be_seen(
    parser: type[Parser], first: bytes, value: int, rest: bytes, answer: bytes, counted: dict[str, int]
) -> None:
    line = Line(parser())
    head = first + b"v" * 500  # as far as the kernel passes it on
    line.put(ASKS, head, len(first) + value // 2)
    line.put(ASKS, b"v" * 100, value - value // 2)
    if rest:
        line.put(ASKS, rest)
    line.put(ANSWERS, answer)
    assert line.counted() == counted


def test_a_lost_segment_loses_what_waits_and_the_next_request_begins_anew() -> None:
    line = talk(Redis, [(ASKS, command(b"GET", b"a"))])
    line.numbers[ANSWERS] += 8  # a segment that nobody saw
    line.put(ANSWERS, b"+OK\r\n")
    assert line.counted() == {"missed": 1}
    line.conversation.missed = 0
    line.put(ASKS, command(b"GET", b"a"))
    line.put(ANSWERS, b"+OK\r\n")
    assert line.counted() == {"GET ok": 1}


def test_what_asks_is_recognised_and_what_does_not_is_not() -> None:
    asking = {
        Redis: [command(b"GET", b"a"), command(*[b"MSET", *[b"x"] * 20])],
        PostgreSQL: [QUERY, PARSE + BIND + EXECUTE + SYNC, BIND + EXECUTE + SYNC, START],
        MySQL: [LOGIN, WITH_TLS, ASK, EXECUTED],
        Grpc: [CALL, HTTP2_PREFACE + SETTINGS + CALL, TAKEN + CALL],
        Memcached: [b"get a\r\n", b"set a 0 0 1\r\nx\r\n", b"mg a v\r\n", b"incr a 1\r\n"],
    }
    others = [
        GREETING,
        OKAY,
        BAD,
        b"GET / HTTP/1.1\r\n",
        b"HTTP/1.1 200 OK\r\n",
        b"SSH-2.0-OpenSSH\r\n",
        READY,
        ROWS + DONE,
        PARSED + BOUND,
    ]
    others += [TAKEN, SETTINGS, Both().answer(1), Both().call(1, "/", "application/json")]
    others += [b"+OK\r\n", b"$3\r\nabc\r\n", b"END\r\n", b"VALUE a 0 1\r\n", bytes(60), b"get up, stand up\n" * 3]
    others += [Random(seed).randbytes(80) for seed in range(300)]
    for parser, payloads in asking.items():
        for other in PARSERS:
            assert all(other.asks(payload, len(payload)) == (other is parser) for payload in payloads), other
        assert [payload for payload in others if parser.asks(payload, len(payload))] == []


@pytest.mark.parametrize(("end", "counted"), [(DONE, "SELECT ok"), (FAILED, "STATEMENT error")])
def test_of_a_result_that_is_too_large_to_be_seen_the_end_is_enough(end: bytes, counted: str) -> None:
    line = talk(PostgreSQL, [(ASKS, QUERY)])
    line.put(ANSWERS, ROWS + b"D\0\0\1\0" + b"x" * 200, 60_000)
    line.numbers[ANSWERS] += 8_192  # a segment that nobody saw
    line.put(ANSWERS, b"y" * 500 + end + READY)
    line.put(ASKS, QUERY)
    line.put(ANSWERS, ROWS + DONE + READY)
    assert Counter(line.counted()) == Counter([counted, "SELECT ok"])


def test_a_statement_whose_end_was_not_seen_counts_without_a_result_or_a_time() -> None:
    line = talk(PostgreSQL, [(ASKS, QUERY)])
    line.put(ANSWERS, ROWS, 60_000)
    line.put(ANSWERS, b"y" * 500, 60_000)
    line.put(ASKS, QUERY)
    line.put(ANSWERS, ROWS + DONE + READY)
    assert line.counted() == {"STATEMENT unseen": 1, "SELECT ok": 1}


def test_a_table_of_header_fields_is_bounded() -> None:
    one = Both()
    one.client.header_table_size = 1 << 20
    line = talk(Grpc, [(ASKS, one.call(1, SAY)), (ANSWERS, one.answer(1))])
    assert line.counted() == {"other ok": 1}
    assert line.conversation.parser.held() < 8_000


def test_a_call_that_waits_for_long_is_given_up_alone() -> None:
    one = Both()
    line = talk(Grpc, [(ASKS, one.call(1, WATCH)), (ANSWERS, one.begins(1))])
    line.at += 300 * 1_000 * MS
    line.put(ASKS, one.call(3, SAY))
    line.conversation.give_up(line.at - 1_000 * MS)
    line.put(ANSWERS, one.answer(3))
    line.put(ASKS, one.call(5, SAY))
    line.put(ANSWERS, one.answer(5))
    assert line.counted() == {"Greeter/Say ok": 2, "given up": 1}


def test_what_is_held_of_a_connection_of_grpc_is_given_back() -> None:
    one = Both()
    line = talk(Grpc, [(ASKS, one.call(1, SAY)), (ANSWERS, one.answer(1))])
    assert line.conversation.weigh() > 5_000
    line.conversation.refuse()
    line.conversation.weigh()
    assert line.conversation.weight == 0
