"""Captured headers as packets: addresses, ports, flags, numbers and payload bytes."""

import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.truth.capture import HEAD, OUTGOING

FIN, SYN, RST, ACK = 1, 2, 4, 16
TCP, UDP = 6, 17
_TCP = struct.Struct("!HHIIBB")
_UDP = struct.Struct("!HHH")
Spot = tuple[str, int]  # address and port


class Packet(NamedTuple):
    """A TCP segment or UDP datagram as one host sent it or got it; on loopback it does both at once."""

    at: int  # ns
    sent: bool
    came: bool
    protocol: int
    source: Spot
    target: Spot
    seq: int
    ack: int
    flags: int
    payload: int


def packets(file: Path) -> Iterator[Packet]:
    """Read a file of tests.truth.capture."""
    data = file.read_bytes()
    place = 0
    while place < len(data):
        at, length, kind, loopback = HEAD.unpack_from(data, place)
        place += HEAD.size
        header, place = data[place : place + length], place + length
        outgoing = kind == OUTGOING
        if (outgoing or (kind == socket.PACKET_HOST and not loopback)) and len(header) >= 20:
            packet = _packet(header, at, outgoing, loopback or not outgoing)
            if packet is not None:
                yield packet


def _packet(header: bytes, at: int, sent: bool, came: bool) -> Packet | None:
    if header[0] >> 4 == 4:
        head, protocol = (header[0] & 15) * 4, header[9]
        total = int.from_bytes(header[2:4], "big")
        family, ends = socket.AF_INET, (header[12:16], header[16:20])
    elif header[0] >> 4 == 6:
        head, protocol = 40, header[6]
        total = 40 + int.from_bytes(header[4:6], "big")
        family, ends = socket.AF_INET6, (header[8:24], header[24:40])
    else:
        return None
    source, target = (socket.inet_ntop(family, end) for end in ends)
    if protocol == TCP:
        sport, dport, seq, ack, offset, flags = _TCP.unpack_from(header, head)
        payload = total - head - (offset >> 4) * 4
    elif protocol == UDP:
        (sport, dport, length), seq, ack, flags = _UDP.unpack_from(header, head), 0, 0, 0
        payload = length - 8
    else:
        return None
    return Packet(at, sent, came, protocol, (source, sport), (target, dport), seq, ack, flags, payload)
