"""Addresses that DNS answers give for the name that was asked, whatever else an answer holds."""

import time
from socket import AF_INET, AF_INET6, inet_ntop

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.protocols import dns
from schemas.text import to_text
from tests.collectors.protocols.resolving import AAAA, POINTER, TXT, Record, address, alias, answer, wire

LABELS = st.binary(min_size=1, max_size=63).filter(lambda label: b"." not in label)


def found(payload: bytes) -> tuple[str, list[tuple[str, int]]]:
    """Return the name of an answer, and its addresses."""
    message = dns.message(payload)
    assert message is not None
    held = list(dns.given(payload, message.asked))
    families = {4: AF_INET, 16: AF_INET6}
    return dns.name_of(message.asked), [(inet_ntop(families[len(at)], at), seconds) for at, seconds in held]


def test_an_answer_gives_addresses_for_the_name_that_was_asked() -> None:
    payload = answer(7, "API.Example.com", address("203.0.113.7", seconds=30), address("203.0.113.8"))
    assert found(payload) == ("API.Example.com".lower(), [("203.0.113.7", 30), ("203.0.113.8", 60)])
    payload = answer(7, "api.example.com", address("2001:db8::7"), kind=AAAA)
    assert found(payload) == ("api.example.com", [("2001:db8::7", 60)])


def test_aliases_lead_to_the_name_that_was_asked_and_the_shortest_time_holds() -> None:
    one, two = wire("x.cdn.example"), wire("y.cdn.example")
    chain = [alias(one, seconds=300), alias(two, owner=one, seconds=20), address("203.0.113.7", owner=two)]
    assert found(answer(7, "api.example.com", *chain)) == ("api.example.com", [("203.0.113.7", 20)])


def test_what_is_said_of_other_names_is_passed_over() -> None:
    records = [address("203.0.113.7", owner=wire("bank.example")), address("203.0.113.8")]
    assert found(answer(7, "api.example.com", *records))[1] == [("203.0.113.8", 60)]


def test_records_of_other_types_or_sizes_are_passed_over() -> None:
    records: list[Record] = [(POINTER, TXT, 60, b"\4abcd"), (POINTER, 1, 60, b"12345"), (POINTER, 41, 0, b"")]
    assert found(answer(7, "api.example.com", *records, address("203.0.113.8")))[1] == [("203.0.113.8", 60)]


def test_an_answer_that_is_cut_off_gives_what_is_there() -> None:
    whole = answer(7, "api.example.com", *(address(f"203.0.113.{last}") for last in range(9)))
    assert len(found(whole[:-3])[1]) == 8
    for length in range(33, len(whole)):
        assert len(found(whole[:length])[1]) == max(0, (length - 33) // 16)


@pytest.mark.parametrize("owner", [b"\xc0\x21", b"\xc0\x23\xc0\x21", b"\xff\xff", b"\x3f", b"\x80"])
def test_names_that_refer_to_themselves_or_lead_nowhere_are_none(owner: bytes) -> None:
    assert found(answer(7, "api.example.com", address("203.0.113.7", owner=owner), count=3))[1] == []


def test_thousands_of_records_cost_no_more_than_some() -> None:
    loops = [(b"\xc0\x0c", 5, 60, b"\xc0\x0c")] * 4_000
    payload = answer(7, ".".join(["a" * 63] * 3 + ["a" * 59]), *loops, address("203.0.113.7"), count=65_535)
    started = time.thread_time()
    assert found(payload)[1] == []
    assert time.thread_time() - started < 0.1


def test_a_name_is_text_on_one_line_of_bounded_length() -> None:
    assert found(answer(7, b"\3a\nb\4test\0"))[0] == "a\\x0ab.test"
    assert found(answer(7, b"\3a.b\4test\0"))[0] == ""  # it would be read as another name
    assert found(answer(7, ".".join(["\n" * 63] * 2)))[0] == ""
    assert found(answer(7, b"\0"))[0] == ""


@given(st.lists(LABELS, min_size=1, max_size=3), st.sampled_from([True, False]))
def test_any_name_is_found_however_it_is_written(labels: list[bytes], compressed: bool) -> None:
    name = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    owner = POINTER if compressed else name
    text = to_text(b".".join(labels).lower())
    assert found(answer(7, name, address("203.0.113.7", owner=owner))) == (
        text if len(text) <= dns.LONGEST_NAME else "",
        [("203.0.113.7", 60)],
    )


@given(st.binary(max_size=80), st.binary(max_size=400))
def test_any_bytes_do_no_harm(name: bytes, records: bytes) -> None:
    payload = answer(7, name, count=65_535) + records
    message = dns.message(payload)
    if message is not None:
        assert len(dns.name_of(message.asked)) <= dns.LONGEST_NAME
        assert len(list(dns.given(payload, message.asked))) <= dns.MOST_RECORDS
