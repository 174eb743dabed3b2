"""What is made of the numbers in headers: bytes both ways, who opened, which of several connections of one flow."""

import pytest

from collectors import talks
from collectors.flows import reverse
from collectors.talks import ACK, FIN, RST, SYN, Side, Talks

U32 = 1 << 32
FLOW = bytes([10, 0, 0, 1, 10, 0, 0, 2, 0x80, 0x01, 0x00, 0x50])
BACK = reverse(FLOW)


def opened(known: Talks, first: int = 1000, peers: int = 5000, flow: bytes = FLOW, ends: int = 2) -> None:
    known.add(flow, SYN, first, 0, 0, ends)
    known.add(reverse(flow), SYN | ACK, peers, (first + 1) % U32, 0, ends)


def closed(known: Talks, flow: bytes) -> Side:
    side = known.close(flow)
    assert side is not None
    return side


def test_a_flow_is_reversed_with_addresses_and_ports() -> None:
    assert bytes([10, 0, 0, 2, 10, 0, 0, 1, 0x00, 0x50, 0x80, 0x01]) == BACK
    assert reverse(BACK) == FLOW


@pytest.mark.parametrize("first", [0, 1000, U32 - 1, U32 - 50])
def test_a_reset_shows_what_its_sender_had_sent_and_received(first: int) -> None:
    known = Talks()
    opened(known, first, 5000)
    known.add(FLOW, RST | ACK, (first + 1 + 100) % U32, 5000 + 1 + 30, 0, 2)

    assert closed(known, FLOW).last(0) == (100, 30)


def test_fins_are_no_bytes() -> None:
    known = Talks()
    opened(known)
    known.add(BACK, FIN | ACK, 5001, 1101, 30, 2)  # with the last bytes in it
    known.add(FLOW, FIN | ACK, 1101, 5032, 0, 2)
    known.add(FLOW, RST | ACK, 1102, 5032, 0, 2)
    side = closed(known, FLOW)

    assert side.last(0) == (100, 30)
    assert (side.fin_came(31, 0), side.fin_came(30, 0)) == (True, False)


def test_without_a_syn_and_after_a_gap_nothing_is_known() -> None:
    known = Talks()
    known.add(FLOW, RST | ACK, 1101, 5031, 0, 2)
    assert closed(known, FLOW).last(0) is None
    known = Talks()
    opened(known)
    known.add(FLOW, RST | ACK, 1101, 5031, 0, 2)
    known.gaps += 1
    side = closed(known, FLOW)
    assert (side.last(known.gaps), side.fin_came(30, known.gaps)) == (None, None)


def test_who_sent_the_syn_opened() -> None:
    known = Talks()
    opened(known)
    assert (known.opener(FLOW), known.opener(BACK)) == (True, False)
    known = Talks()
    known.add(BACK, SYN | ACK, 5000, 1001, 0, 2)  # the SYN was not seen
    assert (known.opener(FLOW), known.opener(BACK)) == (True, False)
    known = Talks()
    known.add(FLOW, FIN | ACK, 5000, 1001, 0, 2)
    assert known.opener(FLOW) is None


def test_connections_of_one_flow_are_reported_in_their_order() -> None:
    known = Talks()
    for number in range(3):
        opened(known, 1000 * number, 7000 * number)
        known.add(FLOW, RST | ACK, 1000 * number + 1 + number, 7000 * number + 1, 0, 2)
    assert [closed(known, FLOW).last(0) for _ in range(3)] == [(0, 0), (1, 0), (2, 0)]
    assert known.close(FLOW) is None
    assert [closed(known, BACK).opener for _ in range(3)] == [False] * 3
    assert known.close(BACK) is None


def test_a_segment_sent_again_begins_nothing_new() -> None:
    known = Talks()
    for _ in range(3):
        opened(known)
    closed(known, FLOW)
    assert known.close(FLOW) is None


def test_a_straggler_is_not_taken_for_the_connection_after_it() -> None:
    known = Talks()
    opened(known)
    closed(known, FLOW)
    closed(known, BACK)
    known.add(BACK, FIN | ACK, 5031, 1101, 0, 2)
    opened(known, 2000, 8000)
    known.add(FLOW, RST | ACK, 2002, 8001, 0, 2)

    assert closed(known, FLOW).last(0) == (1, 0)


def test_ends_that_reset_or_were_refused_are_offered_once() -> None:
    known = Talks()
    opened(known)
    known.add(FLOW, RST | ACK, 1101, 5031, 0, 2)
    refused = FLOW[:-1] + b"\x51"
    known.add(refused, SYN, 77, 0, 0, 2)
    known.add(reverse(refused), RST | ACK, 0, 78, 0, 2)

    for everything in (False, True):
        assert [one.flow() for one in known.ended(established=True, everything=everything)] == [FLOW]
        assert [one.flow() for one in known.ended(established=False, everything=everything)] == [refused]
    for one in [*known.ended(established=True, everything=False), *known.ended(established=False, everything=False)]:
        known.claim(one)
    assert not [*known.ended(established=True, everything=True), *known.ended(established=False, everything=True)]


def test_no_more_are_kept_than_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(talks, "MOST", 50)
    monkeypatch.setattr(talks, "MOST_ALIKE", 10)
    known = Talks()
    flows = [FLOW[:8] + bytes([number, 1, 0, 80]) for number in range(200)]
    for flow in flows:
        opened(known, flow=flow, ends=1)
    for number in range(200):
        known.add(FLOW, SYN, number, 0, 0, 1)  # nobody answers
    known.sweep()
    forgotten = known.forgotten

    assert forgotten >= 150
    assert sum(known.close(flow) is not None for flow in flows) <= 50
    assert known.close(FLOW) is not None


def test_those_that_are_over_are_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(talks, "MOST", 2)
    known = Talks()
    flows = [FLOW[:8] + bytes([number, 1, 0, 80]) for number in range(4)]
    for flow in flows:
        opened(known, flow=flow)
    for flow in flows[2:]:
        known.add(flow, RST | ACK, 1001, 5001, 0, 2)
    known.sweep()

    assert [known.close(flow) is not None for flow in flows] == [True, True, False, False]
