"""What was not seen of a connection of gRPC costs no more than it must, and never leads to a wrong method or result."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.counts import PATIENCE_NS
from collectors.http_filter import ACK, FIN
from collectors.protocols.first_bytes import HTTP2_PREFACE
from collectors.protocols.grpc import Grpc
from tests.collectors.protocols.calling import (
    DATA,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    SAY,
    SETTINGS,
    TAKEN,
    WATCH,
    Both,
    frame,
)
from tests.collectors.protocols.dialogue import ANSWERS, ASKS
from tests.collectors.protocols.talking import MS, Line, talk

SEEN = 16 << 10  # bytes of a segment
DOUBT = 11_000 * MS


def begun() -> tuple[Both, Line]:
    """Return both ends and the line after calls that worked and failed."""
    one = Both()
    said = [(ASKS, HTTP2_PREFACE + SETTINGS + one.call(1, SAY)), (ANSWERS, SETTINGS + one.answer(1))]
    said += [(ASKS, one.call(3, WATCH)), (ANSWERS, one.fails(3, 14))]
    line = talk(Grpc, said)
    assert line.counted() == {"Greeter/Say ok": 1, "Greeter/Watch error": 1}
    return one, line


def put(line: Line, who: str, data: bytes) -> None:
    """Send a segment as the kernel passes it on."""
    line.put(who, data[:SEEN], len(data))


def message(stream: int, size: int, end: int) -> bytes:
    """Return a message in frames as large as they can be."""
    rest = size % SEEN
    return frame(DATA, 0, stream, b"m" * SEEN) * (size // SEEN) + frame(DATA, end, stream, b"m" * rest)


def large_call(one: Both, stream: int, method: str, size: int = 20_000) -> bytes:
    call = one.call(stream, method, size=0)
    return call[:-9] + message(stream, size, END_STREAM)


def large_answer(one: Both, stream: int, size: int = 20_000) -> bytes:
    return one.begins(stream) + message(stream, size, 0) + one.ends(stream)


@pytest.mark.parametrize("size", [20_000, 60_000])
def test_a_large_call_loses_neither_its_own_method_and_error_nor_those_of_later_ones(size: int) -> None:
    one, line = begun()
    for stream in (5, 7, 9):
        put(line, ASKS, large_call(one, stream, SAY, size))
        put(line, ANSWERS, one.fails(stream, 14))
    put(line, ASKS, TAKEN + one.call(11, WATCH))
    put(line, ANSWERS, one.answer(11))
    assert line.counted() == {"Greeter/Say error": 3, "Greeter/Watch ok": 1}


def test_a_large_call_in_several_segments_is_followed_to_the_next() -> None:
    one, line = begun()
    sent = large_call(one, 5, SAY, 300_000)
    for at in range(0, len(sent), 65_000):
        put(line, ASKS, sent[at : at + 65_000])
    put(line, ANSWERS, one.fails(5, 14))
    put(line, ASKS, one.call(7, WATCH))
    put(line, ANSWERS, one.answer(7))
    assert line.counted() == {"Greeter/Say error": 1, "Greeter/Watch ok": 1}


def test_a_segment_of_a_large_message_that_nobody_saw_loses_nothing_either() -> None:
    one, line = begun()
    sent = large_call(one, 5, SAY, 40_000)
    line.put(ASKS, sent[:10_000])
    line.numbers[ASKS] += 20_000
    line.put(ASKS, sent[30_000:])
    line.put(ANSWERS, one.fails(5, 14))
    line.put(ASKS, one.call(7, WATCH))
    line.put(ANSWERS, one.answer(7))
    assert line.counted() == {"Greeter/Say error": 1, "Greeter/Watch ok": 1}


def test_a_large_answer_whose_end_was_not_seen_leaves_its_result_unknown_and_the_methods_known() -> None:
    one, line = begun()
    for stream in (5, 7):
        put(line, ASKS, one.call(stream, SAY))
        put(line, ANSWERS, large_answer(one, stream))
    put(line, ASKS, one.call(9, WATCH))
    put(line, ANSWERS, one.fails(9, 14))
    line.conversation.give_up(line.at + DOUBT - PATIENCE_NS)
    assert line.counted() == {"Greeter/Say unseen": 2, "Greeter/Watch unseen": 1}
    assert line.conversation.parser.pending() == 0


def spelled_out(stream: int, status: str) -> bytes:
    """Return an answer that fails, of a server that refers to nothing that it sent before."""
    fields = b"\x88\xbe\0\x0bgrpc-status" + bytes((len(status),)) + status.encode()
    return frame(HEADERS, END_STREAM | END_HEADERS, stream, fields)


def test_a_status_that_is_spelled_out_is_known_behind_a_large_answer_whose_end_was_not_seen() -> None:
    one, line = begun()
    put(line, ASKS, one.call(5, SAY))
    put(line, ANSWERS, large_answer(one, 5))
    for stream, status in ((7, "14"), (9, "0"), (11, "12")):
        put(line, ASKS, one.call(stream, WATCH))
        put(line, ANSWERS, spelled_out(stream, status))
    assert line.counted() == {"Greeter/Watch error": 1, "Greeter/Watch ok": 1, "other error": 1}


def test_a_status_that_is_spelled_out_is_known_on_a_connection_that_is_older_than_the_agent() -> None:
    one, line = Both(), Line(Grpc())
    one.call(1, SAY)
    for stream, status in ((3, "14"), (5, "0")):
        put(line, ASKS, one.call(stream, SAY))
        put(line, ANSWERS, spelled_out(stream, status))
    assert line.counted() == {"other error": 1, "other ok": 1}


def test_messages_in_frames_that_are_larger_than_usual_are_found_behind_a_gap() -> None:
    one, line = begun()
    for stream in (5, 7, 9):
        call = one.call(stream, SAY, size=20_000) + frame(8, 0, 0, bytes((0, 0, 1, 0)))
        put(line, ASKS, call)
        put(line, ANSWERS, one.fails(stream, 14))
    assert line.counted() == {"Greeter/Say error": 3}


def test_no_more_calls_wait_in_doubt_than_allowed() -> None:
    one, line = begun()
    for stream in range(5, 405, 2):
        put(line, ASKS, one.call(stream, SAY))
        put(line, ANSWERS, large_answer(one, stream))
        assert line.conversation.parser.pending() <= 33
    assert line.counted()["Greeter/Say unseen"] >= 167


def test_an_answer_whose_end_was_seen_behind_a_gap_keeps_its_result_and_those_of_later_ones() -> None:
    one, line = begun()
    for stream in (5, 7):
        put(line, ASKS, one.call(stream, SAY))
        put(line, ANSWERS, one.begins(stream) + message(stream, 20_000, 0))
        put(line, ANSWERS, one.ends(stream, 14))
    put(line, ASKS, one.call(9, WATCH))
    put(line, ANSWERS, one.answer(9))
    assert line.counted() == {"Greeter/Say error": 2, "Greeter/Watch ok": 1}


def test_a_call_that_nobody_saw_leaves_methods_unknown_but_not_errors() -> None:
    one, line = begun()
    line.numbers[ASKS] += len(one.call(5, SAY))
    line.put(ANSWERS, one.fails(5, 14))
    for stream in (7, 9):
        line.put(ASKS, one.call(stream, WATCH))
        line.put(ANSWERS, one.fails(stream, 14))
    assert line.counted() == {"other error": 2}


def test_an_answer_that_nobody_saw_leaves_results_unknown_but_not_methods() -> None:
    one, line = begun()
    line.put(ASKS, one.call(5, SAY))
    line.numbers[ANSWERS] += len(one.answer(5))
    for stream in (7, 9):
        line.put(ASKS, one.call(stream, WATCH))
        line.put(ANSWERS, one.answer(stream))
    line.conversation.give_up(line.at + DOUBT - PATIENCE_NS)
    assert line.counted() == {"Greeter/Watch unseen": 2, "Greeter/Say unseen": 1}


def test_a_call_whose_answer_was_not_seen_is_not_given_up_when_its_connection_ends() -> None:
    one, line = begun()
    put(line, ASKS, one.call(5, SAY))
    put(line, ANSWERS, large_answer(one, 5))
    for by_client in (True, False):
        line.conversation.end(FIN | ACK, 0, 0, by_client=by_client)
    assert line.counted() == {"Greeter/Say unseen": 1}


def test_a_new_connection_between_the_same_ports_begins_anew_amid_a_gap() -> None:
    one, line = begun()
    put(line, ASKS, large_call(one, 5, SAY))
    other = Both()
    line.numbers = {ASKS: 1_000_000, ANSWERS: 9_000_000}
    line.put(ASKS, HTTP2_PREFACE + SETTINGS)
    line.put(ANSWERS, SETTINGS)
    line.put(ASKS, other.call(1, WATCH))
    line.put(ANSWERS, other.answer(1))
    assert line.counted() == {"Greeter/Watch ok": 1, "missed": 1}


def test_bytes_of_a_message_that_look_like_frames_are_none() -> None:
    one, line = begun()
    odd = (b"\0\0\0\0\0\0\0\0\1", b"\0\0\1\0\0\0\0\0\1", one.answer(3), bytes(200), b"\0\0\2\1\4\0\0\0\7\x83\x86")
    put(line, ASKS, large_call(one, 5, SAY, 60_000))
    for value in odd[:-1]:
        put(line, ASKS, value * 7 + b"end of it")
    put(line, ANSWERS, one.answer(5))
    put(line, ASKS, one.call(7, WATCH))
    put(line, ANSWERS, one.answer(7))
    assert line.counted() == {"Greeter/Say ok": 1, "Greeter/Watch ok": 1}


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_no_gap_leads_to_a_wrong_method_or_result(data: st.DataObject) -> None:
    one, line = begun()
    truth: Counter[str] = Counter()
    waiting: dict[int, tuple[str, int]] = {}
    stream, methods = 5, [f"/a.Shop/M{number}" for number in range(6)]
    for _ in range(data.draw(st.integers(1, 12))):
        if not waiting or data.draw(st.booleans()):
            method, status = data.draw(st.sampled_from(methods)), data.draw(st.sampled_from((0, 2, 14)))
            waiting[stream] = method, status
            truth[f"{method[3:]} {'error' if status else 'ok'}"] += 1
            size = data.draw(st.sampled_from((10, 20_000, 40_000)))
            who, sent = ASKS, large_call(one, stream, method, size)
            stream += 2
        else:
            answered = data.draw(st.sampled_from(sorted(waiting)))
            _, status = waiting.pop(answered)
            size = data.draw(st.sampled_from((10, 20_000, 40_000)))
            who = ANSWERS
            if status and data.draw(st.booleans()):
                sent = one.fails(answered, status)
            else:
                sent = one.begins(answered) + message(answered, size, 0) + one.ends(answered, status)
        cuts = sorted({0, len(sent), *data.draw(st.lists(st.integers(1, len(sent) - 1), max_size=3))})
        for at, end in pairwise(cuts):
            if data.draw(st.sampled_from((True, True, True, False))):
                put(line, who, sent[at:end])
            else:
                line.numbers[who] += end - at
        if data.draw(st.booleans()):
            line.conversation.give_up(line.at - PATIENCE_NS + data.draw(st.sampled_from((0, DOUBT))))
    line.conversation.parser.end_doubted()
    counted = Counter(line.counted())
    for what, count in counted.items():
        name, result = what.rsplit(" ", 1)
        if name.startswith("Shop/") and result != "unseen":
            assert count <= truth[what], (counted, truth)
    for result in ("ok", "error"):
        total = sum(count for what, count in counted.items() if what.endswith(" " + result))
        assert total <= sum(count for what, count in truth.items() if what.endswith(" " + result))
