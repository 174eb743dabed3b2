"""A connection that programs report to be over has its last counters, exactly."""

import socket

import pytest

from collectors.diag import CLOSE, ESTABLISHED, LISTEN, UNKNOWN_RTT
from collectors.traced import ACCEPTED, DONE, OPENED, STATE_SHIFT, Ended, Kind
from collectors.traced_endings import brief, listened, listeners
from collectors.tracing import Tracing
from collectors.window import Window
from tests.collectors.test_sockets import disconnect
from tests.collectors.watching import Connection, Watch

WINDOW = Window("host", "boot", 1, 1, 5_000, 5_000, keyframe=False)
HERE, THERE = (socket.inet_aton(address) + bytes(12) for address in ("10.0.0.1", "10.0.0.2"))


def ended(flags: int = DONE | OPENED, state: int = ESTABLISHED, **counted: int) -> Ended:
    one = Ended(
        Kind.ENDED, 7, 9, socket.AF_INET, 40_000, 80, flags | state << STATE_SHIFT, HERE, THERE,
        rtt_us_8=800, resent_segments=2, received=101, segments_out=5, segments_in=6, min_rtt_us=70,
        out_of_order=1, sent=250, resent=50,
    )  # fmt: skip
    return Ended(**{**one._asdict(), **counted})


def never(_: str, __: int) -> bool:
    raise AssertionError("this end is known to have connected or to have been accepted")


def test_the_peer_s_fin_and_what_was_sent_again_are_no_payload() -> None:
    row = brief(ended(), WINDOW, never)

    assert (row.sent_bytes, row.received_bytes, row.retransmits, row.out_of_order_segments) == (200, 100, 2, 1)
    assert (row.local_address, row.local_port, row.remote_address, row.remote_port) == (
        "10.0.0.1",
        40_000,
        "10.0.0.2",
        80,
    )
    assert (row.state, row.rtt_us, row.min_rtt_us, row.sent_segments, row.received_segments) == (CLOSE, 100, 70, 5, 6)
    assert (row.since, row.opened, row.fresh, row.closed, row.failed, row.accepted) == (
        WINDOW.start, True, True, True, False, False,
    )  # fmt: skip
    assert brief(ended(flags=OPENED), WINDOW, never).received_bytes == 101


@pytest.mark.parametrize(("flags", "accepted"), [(OPENED, False), (ACCEPTED, True), (0, True)])
def test_who_was_accepted_is_known_by_what_it_did_or_by_who_listens(flags: int, *, accepted: bool) -> None:
    assert (
        brief(ended(flags), WINDOW, lambda address, port: (address, port) == ("10.0.0.1", 40_000)).accepted == accepted
    )
    assert not brief(ended(0), WINDOW, lambda address, port: False).accepted


def test_a_connection_that_never_came_about_has_failed_at_the_end_that_wanted_it() -> None:
    nothing = {"received": 0, "sent": 0, "resent": 0, "min_rtt_us": UNKNOWN_RTT}

    assert brief(ended(OPENED, **nothing), WINDOW, never).failed
    assert not brief(ended(ACCEPTED, **nothing), WINDOW, never).failed
    assert brief(ended(OPENED, **nothing), WINDOW, never).min_rtt_us == 0


def test_totals_are_in_keyframes_alone() -> None:
    whole = Window("host", "boot", 1, 1, 5_000, 5_000, keyframe=True)

    assert (brief(ended(), WINDOW, never).sent_total, brief(ended(), WINDOW, never).received_total) == (0, 0)
    assert (brief(ended(), whole, never).sent_total, brief(ended(), whole, never).received_total) == (200, 100)


def test_a_listener_is_no_connection() -> None:
    one = ended(0, LISTEN, remote_port=0)

    assert listened(one)
    assert not listened(ended())
    (found,) = listeners([ended(), one])
    assert (found.cookie, found.identity.local_address, found.identity.local_port) == (9, "10.0.0.1", 40_000)


def own(watch: Watch, port: int) -> list[Connection]:
    """Return the rows of the client's end in the next window."""
    return [row for row in watch.connections(port) if row.remote_port == port]


@pytest.mark.root
def test_a_socket_that_is_used_again_has_the_bytes_of_its_last_connection(server: socket.socket) -> None:
    tracing = Tracing()
    watch = Watch(tracing=tracing)
    if not tracing.running:
        pytest.skip("programs may not run here")
    port = server.getsockname()[1]
    try:
        with socket.socket() as client:
            client.connect(server.getsockname())
            first_peer, _ = server.accept()
            client.sendall(b"x" * 10)
            (first,) = own(watch, port)
            disconnect(client)
            client.connect(server.getsockname())
            client.sendall(b"y" * 3)
            second_peer, _ = server.accept()
            second = own(watch, port)
            first_peer.close()
            second_peer.close()
        last = own(watch, port)
    finally:
        watch.close()
        tracing.close()

    assert (first.opened, first.sent_bytes) == (True, 10)
    assert [(row.opened, row.sent_bytes, row.closed) for row in second] == [(True, 3, False)]
    assert [(row.opened, row.sent_bytes, row.closed) for row in last] == [(False, 0, True)]
