"""The last counters of a socket that reset its connection, by the numbers of the packets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.destroyed import Closed
from collectors.diag import Final, Identity
from collectors.endings import Ending
from collectors.settings import Settings
from collectors.talks import ACK, RST, SYN, Talks
from collectors.totals import Sent, Totals
from collectors.tracked import NOTHING, Tracked
from collectors.wire import Wire

WRAP = 1 << 32
CLIENT = Identity("10.0.0.1", 20_001, "10.0.0.2", 7_001, 0)
FLOW = bytes([10, 0, 0, 1, 10, 0, 0, 2]) + (20_001).to_bytes(2, "big") + (7_001).to_bytes(2, "big")
BACK = bytes([10, 0, 0, 2, 10, 0, 0, 1]) + (7_001).to_bytes(2, "big") + (20_001).to_bytes(2, "big")


def counted(seen: tuple[int, int], wire: tuple[int, int]) -> tuple[int, int, int]:
    """Count a socket of which a scan saw so many bytes, and packets of its flow show so many; and how many were not."""
    talks = Talks()
    talks.add(FLOW, SYN, 100, 0, 0, 1)
    talks.add(BACK, SYN | ACK, 500, 101, 0, 1)
    talks.add(FLOW, RST | ACK, (101 + wire[0]) % WRAP, (501 + wire[1]) % WRAP, 0, 1)
    side = talks.close(FLOW)
    last = NOTHING._replace(cookie=9, sent=seen[0], received=seen[1])
    tracked = Tracked(CLIENT, 0, True, True, row=last, last=last)
    ending = Ending(Closed(Final(last, 0, 0, True, 0), CLIENT, 0.0), CLIENT, side, cleared=True)
    totals = Totals([ending], Wire(Settings()), lambda identity: None, Sent())
    row, got = totals.of(ending, tracked)
    return row.sent, got, totals.uncounted


@given(st.integers(0, 1 << 40), st.integers(0, 1 << 40), st.integers(0, 1 << 31), st.integers(0, 1 << 31))
def test_bytes_since_the_scan_are_added_however_often_the_numbers_went_round(
    sent: int, got: int, more: int, also: int
) -> None:
    assert counted((sent, got), (sent + more, got + also)) == (sent + more, got + also, 0)


@pytest.mark.parametrize("seen", [(1_033, 0), (0, 1_033), (5_000_000_000, 7)])
def test_numbers_of_another_connection_of_the_flow_add_nothing(seen: tuple[int, int]) -> None:
    wire = (max(seen[0] - 23, 0), max(seen[1] - 23, 0))
    assert counted(seen, wire) == (*seen, 1)
