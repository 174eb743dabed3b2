import socket
import struct
from collections.abc import Callable

import pytest

from collectors import diag, netlink
from collectors.closing import received_payload
from collectors.destroyed import Closed
from collectors.diag import UNKNOWN_RTT, Final, Identity, Row

LENGTH, INFO = 408, 128  # of a TCP socket of Linux 6.18, seen with CAP_NET_ADMIN


def tcp(
    cookie: int, *, state: int = diag.ESTABLISHED, length: int = LENGTH, info: int = INFO, size: int = 280
) -> bytes:
    """Return a message as the kernel writes it, with counters made of the cookie."""
    message = bytearray(length)
    netlink.HEADER.pack_into(message, 0, length, diag.SOCK_DIAG_BY_FAMILY, 2, 0, 0)
    message[16:18] = bytes((socket.AF_INET, state))
    struct.pack_into("!HH4s12x4s12x", message, 20, 40_000, 443, bytes((10, 0, 0, 1)), bytes((10, 0, 0, 2)))
    struct.pack_into("=Q", message, 60, cookie)
    struct.pack_into("=III", message, 76, 0, 1000, cookie + 7)
    at = 88
    while at < info - 4:  # one attribute fills what comes before tcp_info
        netlink.ATTRIBUTE.pack_into(message, at, info - 4 - at, 99)
        at = info - 4
    netlink.ATTRIBUTE.pack_into(message, info - 4, size + 4, diag.INET_DIAG_INFO)
    for offset, value in ((68, 250), (100, 2), (136, 11), (140, 12), (148, 90)):
        struct.pack_into("=I", message, info + offset, value)
    struct.pack_into("=QQ", message, info + 120, cookie + 1, cookie)
    if size >= 216:
        struct.pack_into("=QQ", message, info + 200, cookie * 2, 5)
    if size >= 228:
        struct.pack_into("=I", message, info + 224, 7)
    return bytes(message)


def short(cookie: int, *, state: int = diag.TIME_WAIT) -> bytes:
    """Return a message without tcp_info, as of a socket in TIME_WAIT."""
    return tcp(cookie, state=state)[:88].replace(LENGTH.to_bytes(4, "little"), (88).to_bytes(4, "little"), 1)


def rows(*chunks: bytes) -> list[Row]:
    return [Row(*row) for parsed in diag.parse_rows(chunks) for row in parsed.rows]


EXPECTED = Row(1, struct.unpack("=I", struct.pack("!HH", 40_000, 443))[0], 100, 107, 250, 2, 100, 11, 12, 90, 200, 5, 7)


def test_a_message_is_read_field_by_field() -> None:
    assert rows(tcp(100)) == [EXPECTED]
    assert diag.identity(tcp(100), 0) == Identity("10.0.0.1", 40_000, "10.0.0.2", 443, 1000)
    assert diag.local_port(EXPECTED) == 40_000


def test_chunks_of_equal_and_of_mixed_messages_read_the_same() -> None:
    equal = rows(tcp(1) + tcp(2) + tcp(3))
    mixed = rows(tcp(1) + short(9) + tcp(2, length=400, info=120) + tcp(3))

    assert [row.cookie for row in equal] == [1, 2, 3]
    assert mixed == equal


def test_messages_of_equal_length_and_another_layout_are_not_mistaken() -> None:
    assert rows(tcp(1) + tcp(2, info=120)) == rows(tcp(1), tcp(2, info=120))
    assert rows(tcp(1), tcp(2, info=120), tcp(3))[1] == rows(tcp(2))[0]


def test_a_kernel_without_sent_bytes_gives_those_acknowledged() -> None:
    (row,) = rows(tcp(100, length=320, info=128, size=192))

    assert (row.sent, row.resent, row.received, row.rtt_us, row.segments_in) == (101, -1, 100, 250, 12)
    assert diag.sent_payload(row, opener=True) == 100
    assert diag.sent_payload(row, opener=False) == 101


def test_a_kernel_without_segments_out_of_order_gives_none_of_them() -> None:
    assert rows(tcp(100, length=400, info=128, size=220)) == [EXPECTED._replace(out_of_order=0)]


def test_garbage_ends_a_chunk_and_raises_nothing() -> None:
    assert rows(tcp(1) + b"\1\2\3") == rows(tcp(1))
    assert rows(b"\0" * 64) == []
    assert rows(tcp(1) + tcp(2)[:100]) == rows(tcp(1))


def test_addresses_are_written_as_people_write_them() -> None:
    assert diag.address(socket.AF_INET, b"\x7f\0\0\1" + b"\0" * 12) == "127.0.0.1"
    assert diag.address(socket.AF_INET6, b"\0" * 10 + b"\xff\xff\x0a\0\0\1") == "10.0.0.1"
    assert diag.address(socket.AF_INET6, b"\0" * 15 + b"\1") == "::1"


DONE = netlink.HEADER.pack(20, netlink.NLMSG_DONE, 2, 0, 0) + struct.pack("=i", 0)


def answered(*datagrams: bytes) -> Callable[[], list[bytes]]:
    """Ask a kernel that answers with these datagrams."""

    def ask() -> list[bytes]:
        ours, kernel = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        with ours, kernel:
            for datagram in datagrams:
                kernel.send(datagram)
            return list(netlink.dump(ours, 20, b""))

    return ask


def test_a_dump_may_end_in_a_datagram_of_its_own_or_within_one() -> None:
    assert answered(tcp(1), DONE)() == [tcp(1)]
    assert answered(tcp(1) + DONE)() == [tcp(1)]
    assert answered(DONE)() == []


def test_the_kernel_s_refusal_is_an_error() -> None:
    refused = netlink.HEADER.pack(36, netlink.NLMSG_ERROR, 0, 0, 0) + struct.pack("=i16x", -1)

    with pytest.raises(PermissionError):
        answered(refused)()
    with pytest.raises(OSError, match="Permission denied"):
        answered(tcp(1), netlink.HEADER.pack(20, netlink.NLMSG_DONE, 2, 0, 0) + struct.pack("=i", -13))()


def closed(received: int, *, acknowledged: int, sent: int = 10, unread: int = 0, rtt: int = 9) -> Closed:
    row = Row(diag.CLOSE, 0, 1, 0, 50, 0, received, 5, 5, rtt, sent, 0, 0)
    return Closed(Final(row, unread, acknowledged, rtt != UNKNOWN_RTT, 0), Identity("a", 1, "b", 2, 0), 0.0)


def payload(one: Closed, *, state: int = 0, peer: int | None = None, held: bool = False, waits: bool = False) -> int:
    return received_payload(one, state, peer, opener=True, held=held, waits=lambda _: waits)


def test_the_peer_s_fin_is_no_payload() -> None:
    assert payload(closed(101, acknowledged=12)) == 100  # it closed first
    assert payload(closed(101, acknowledged=12), state=diag.CLOSE_WAIT) == 100
    assert payload(closed(101, acknowledged=12, unread=1)) == 100
    assert payload(closed(101, acknowledged=12), peer=100) == 100
    assert payload(closed(101, acknowledged=12), held=True, waits=True) == 100


def test_a_byte_that_is_no_fin_is_payload() -> None:
    assert payload(closed(100, acknowledged=12), waits=True) == 100  # we closed first, its FIN came too late to count
    assert payload(closed(100, acknowledged=11)) == 100  # a reset
    assert payload(closed(100, acknowledged=12), peer=100) == 100
    assert payload(closed(0, acknowledged=0, rtt=UNKNOWN_RTT)) == 0  # never connected
