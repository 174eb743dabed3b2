"""Records of the programs are read, whatever is in the ring."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from collectors.traced import ARGUMENTS, ENDED, OWNED, STARTED, TICK_NS, Kind, Records, Started


def framed(record: bytes, flags: int = 0) -> bytes:
    return struct.pack("=I4x", len(record) | flags) + record + bytes(-len(record) % 8)


def owned(kind: int = Kind.READ, *, cookie: int = 7, netns: int = 1) -> bytes:
    return framed(OWNED.pack(kind, 40, netns, 0, cookie, 3 * TICK_NS + 1))


def ended(*, cookie: int = 7, netns: int = 1) -> bytes:
    counters = (800, 0, 101, 5, 6, 70, 0, 200, 0)
    return framed(ENDED.pack(Kind.ENDED, netns, cookie, 2, 40_000, 80, 3, b"\x0a\0\0\1", b"\x0a\0\0\2", *counters))


def started(arguments: bytes, length: int | None = None) -> bytes:
    size = len(arguments) if length is None else length
    head = STARTED.pack(Kind.STARTED, 40, 3 * TICK_NS, 1, 1000, 9, 1, 77, size, 0, b"curl\0noise")
    return framed(head + arguments.ljust(ARGUMENTS, b"x")[:ARGUMENTS])


def test_owners_are_kept_by_namespace_in_the_order_of_the_ring() -> None:
    records = Records()
    data = owned(cookie=7) + owned(Kind.CONNECTED, cookie=8, netns=2) + owned(Kind.CLOSED, cookie=9)

    assert records.read(data) == len(data)
    assert records.owners == {1: [(7, (40, 3)), (9, (40, 3))], 2: [(8, (40, 3))]}


def test_connections_that_are_over_are_kept_by_namespace() -> None:
    records = Records()
    data = ended(cookie=7) + owned() + ended(cookie=8, netns=2)

    assert records.read(data) == len(data)
    assert {netns: [one.cookie for one in found] for netns, found in records.ended.items()} == {1: [7], 2: [8]}
    (one,) = records.ended[2]
    assert (one.local_port, one.remote_port, one.received, one.sent, one.min_rtt_us) == (40_000, 80, 101, 200, 70)


def test_a_process_has_its_whole_arguments_alone() -> None:
    records = Records()
    records.read(started(b"curl\0-s\0") + started(b"curl\0--password\0secr" + b"et" * ARGUMENTS, length=5_000))

    whole, cut = records.started
    assert whole == Started(40, 3, 1, 1000, 9, True, 77, b"curl", b"curl\0-s\0")
    assert cut.arguments == b"curl\0--password\0"


def test_what_is_not_written_yet_is_read_later_and_what_was_given_up_never() -> None:
    records = Records()
    first, given_up = owned(), framed(bytes(OWNED.size), 1 << 30)
    busy = framed(bytes(OWNED.size), 1 << 31)

    assert records.read(first + given_up + busy + owned()) == len(first + given_up)
    assert (len(records.owners[1]), records.unread) == (1, 0)


@given(
    st.binary(max_size=3_000)
    | st.lists(st.binary(max_size=60).map(framed) | st.just(owned()) | st.just(ended()) | st.binary(max_size=90)).map(
        b"".join
    )
    | st.binary(min_size=STARTED.size + ARGUMENTS, max_size=STARTED.size + ARGUMENTS).map(
        lambda record: framed(struct.pack("=I", Kind.STARTED) + record[4:])
    )
)
def test_any_bytes_are_read_as_far_as_they_go(data: bytes) -> None:
    records = Records()
    end = records.read(data)

    assert 0 <= end <= len(data)
    whole = sum(map(len, records.owners.values())) + sum(map(len, records.ended.values())) + len(records.started)
    assert whole + records.unread <= len(data) / 8
    assert all(len(one.arguments) <= ARGUMENTS for one in records.started)
