"""UDP sockets reported from one scan to the next, also when the kernel's event comes late."""

import socket

from collectors import diag
from collectors.diag import Identity, Plain
from collectors.socket_scan import Seen
from collectors.udp import LATE_WINDOWS, UdpPeers
from collectors.window import Window

COOKIE = 7
PEER = Identity("127.0.0.1", 40_000, "127.0.0.1", 53, 1000)


def window(seq: int) -> Window:
    return Window("host", "boot", 1, seq, seq * 5_000, 5_000, keyframe=False)


def scan(*, is_open: bool = False, event: bool = False) -> Seen:
    held = Plain(socket.IPPROTO_UDP, COOKIE, diag.ESTABLISHED, 9, 0, PEER)
    return Seen(udp={COOKIE: held} if is_open else {}, udp_closed=[(COOKIE, PEER)] if event else [])


def reported(*scans: Seen) -> list[list[tuple[bool, bool]]]:
    """Return (opened, closed) of every row, window by window."""
    peers = UdpPeers()
    rows = [peers.rows(seen, window(seq)) for seq, seen in enumerate(scans)]
    return [[(row.opened, row.closed) for row in some] for some in rows]


def test_a_socket_that_closes_between_scans_is_reported_closed_once() -> None:
    assert reported(scan(is_open=True), scan(event=True), scan()) == [[(True, False)], [(False, True)], []]


def test_a_socket_whose_event_comes_after_the_scan_that_missed_it_is_not_a_second_one() -> None:
    assert reported(scan(is_open=True), scan(), scan(), scan(event=True)) == [[(True, False)], [(False, True)], [], []]


def test_a_socket_that_no_scan_saw_is_reported_opened_and_closed() -> None:
    assert reported(scan(), scan(event=True), scan()) == [[], [(True, True)], []]


def test_a_socket_is_not_waited_for_without_end() -> None:
    quiet = [scan() for _ in range(LATE_WINDOWS)]
    assert reported(scan(is_open=True), scan(), *quiet, scan(event=True))[-1] == [(True, True)]
