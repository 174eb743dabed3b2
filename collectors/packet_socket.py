"""Options of packet sockets (packet(7)) that Python has no words for."""

import ctypes
import os
import socket
import struct

PACKET = 263  # SOL_PACKET
_ADD_MEMBERSHIP, _MULTICAST, _STATISTICS = 1, 0, 6
_ATTACH_FILTER = 26  # of SOL_SOCKET
_ADDRESS = struct.Struct("=HHi12x")  # struct sockaddr_ll: family, protocol in network order, index
_MEMBER = struct.Struct("=iHH8s")  # struct packet_mreq: index, kind, length of the address, address
_LIBC = ctypes.CDLL(None, use_errno=True)


def join(sock: socket.socket, index: int, group: bytes) -> None:
    """Let a device take what is sent to a group of hardware addresses, while the socket is open."""
    sock.setsockopt(PACKET, _ADD_MEMBERSHIP, _MEMBER.pack(index, _MULTICAST, len(group), group))


def attach(sock: socket.socket, code: bytes) -> None:
    """Let pass what a program of the kernel's packet filter accepts, from now on."""
    held = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HP", len(code) // 8, ctypes.addressof(held))
    sock.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, program)


def bind(sock: socket.socket, index: int, protocol: int) -> None:
    """Listen on a device to packets of a protocol. Python binds by name, and a name need not be text."""
    address = _ADDRESS.pack(socket.AF_PACKET, socket.htons(protocol), index)
    if _LIBC.bind(sock.fileno(), address, len(address)):
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def statistics(sock: socket.socket) -> tuple[int, int]:
    """Return how many packets passed the filter, and how many of them found no room, since the last call."""
    packets, drops = struct.unpack_from("II", sock.getsockopt(PACKET, _STATISTICS, 12))
    return packets, drops
