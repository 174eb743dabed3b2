"""The oracle, tried with packets made by hand."""

from tests.truth.oracle import End, ends
from tests.truth.packets import ACK, FIN, RST, SYN, TCP, Packet, Spot

CLIENT, SERVER = ("10.0.0.1", 40_000), ("10.0.0.2", 80)
FIRST, ANSWER = 0xFFFF_FFF0, 5_000  # numbers that overflow on the way


def test_payload_that_is_sent_again_counts_once() -> None:
    end = _client(
        *_opened(), _sent(1, b"0123456789"), _sent(1, b"0123456789"), _sent(6, b"56789abcdefghij"), _came(1, b"0123")
    )

    assert (end.sent, end.received) == (20, 4)


def test_payload_behind_a_hole_is_received_when_the_hole_is_filled() -> None:
    with_hole = [*_opened(), _came(1, b"01"), _came(5, b"45")]

    assert _client(*with_hole).received == 2
    assert _client(*with_hole, _came(3, b"23")).received == 6


def test_a_fin_is_no_payload() -> None:
    end = _client(
        *_opened(), _sent(1, b"0123", FIN | ACK), _came(1, b"01", FIN | ACK, ack=6), _sent(6, b"", ACK, ack=4)
    )

    assert (end.sent, end.received, end.over, end.reset) == (4, 2, True, "")


def test_bytes_that_come_after_a_close_are_not_received() -> None:
    closed = [*_opened(), _sent(1, b"", FIN | ACK), _came(1, b"0123"), _sent(1, b"", RST)]
    end = _client(*closed)

    assert (end.received, end.reset) == (0, "sent")


def test_bytes_that_a_closing_program_has_acknowledged_are_received() -> None:
    end = _client(*_opened(), _came(1, b"0123"), _sent(1, b"", RST | ACK, ack=5))

    assert (end.received, end.reset) == (4, "sent")


def test_a_connect_to_a_closed_port_has_one_end_that_failed() -> None:
    refused = [_sent(0, b"", SYN), _came(0, b"", RST | ACK)]

    assert [(end.opener, end.established, end.over) for end in ends("a", refused)] == [(True, False, True)]
    assert ends("b", [packet._replace(sent=packet.came, came=packet.sent) for packet in refused]) == []


def test_a_reused_pair_of_ports_is_another_connection() -> None:
    again = [packet._replace(seq=packet.seq - 1_000_000) for packet in _opened() if packet.sent]
    found = ends("a", [*_opened(), _sent(1, b"0123"), *again])

    assert [end.sent for end in found] == [4, 0]


def test_a_syn_sent_twice_is_one_connection() -> None:
    assert len(ends("a", [_sent(0, b"", SYN), *_opened()])) == 1


def test_a_packet_on_loopback_belongs_to_both_ends() -> None:
    both = [packet._replace(sent=True, came=True) for packet in (*_opened(), _sent(1, b"0123"))]

    assert sorted((end.opener, end.sent, end.received) for end in ends("a", both)) == [(False, 0, 4), (True, 4, 0)]


def _client(*packets: Packet) -> End:
    (end,) = ends("a", packets)
    return end


def _opened() -> list[Packet]:
    return [_sent(0, b"", SYN), _came(0, b"", SYN | ACK, ack=1), _sent(1, b"")]


def _sent(number: int, payload: bytes, flags: int = ACK, ack: int = 1) -> Packet:
    return _packet(True, CLIENT, SERVER, FIRST + number, ANSWER + ack, flags, payload)


def _came(number: int, payload: bytes, flags: int = ACK, ack: int = 1) -> Packet:
    return _packet(False, SERVER, CLIENT, ANSWER + number, FIRST + ack, flags, payload)


def _packet(sent: bool, source: Spot, target: Spot, seq: int, ack: int, flags: int, payload: bytes) -> Packet:
    return Packet(0, sent, not sent, TCP, source, target, seq & 0xFFFF_FFFF, ack & 0xFFFF_FFFF, flags, len(payload))
