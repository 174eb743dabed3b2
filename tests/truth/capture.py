"""Writes the headers of every packet of a network namespace to a file: `capture.py FILE`, until SIGTERM.

It knows nothing of the product. A record is a head and the first bytes of the packet, from its IP header on.
"""

import select
import signal
import socket
import struct
import sys
from pathlib import Path

HEAD = struct.Struct("=QIBB")  # time, ns; bytes that follow; type of the packet; 1 on loopback
SNAP = 128
OUTGOING = socket.PACKET_OUTGOING
_ALL, _SO_RCVBUFFORCE, _SO_TIMESTAMPNS, _PACKET_STATISTICS = 3, 33, 35, 6
_BUFFER = 256 << 20


def capture(file: Path) -> None:
    """Capture until SIGTERM; fail when the kernel had to drop packets."""
    ended: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: ended.append(number))
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ALL)) as tap, file.open("wb") as out:
        tap.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER)
        tap.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        tap.setblocking(False)
        print("ready", flush=True)
        while not ended:
            select.select([tap], [], [], 0.1)
            _drain(tap, out.write)
        _, dropped = struct.unpack("=II", tap.getsockopt(263, _PACKET_STATISTICS, 8))
    if dropped:
        sys.exit(f"{dropped} packets were not captured")


def _drain(tap: socket.socket, write) -> None:  # type: ignore[no-untyped-def]
    while True:
        try:
            data, ancillary, _, address = tap.recvmsg(SNAP, 64)
        except BlockingIOError:
            return
        seconds, nanoseconds = struct.unpack("=qq", ancillary[0][2])
        write(HEAD.pack(seconds * 10**9 + nanoseconds, len(data), address[2], address[0] == "lo") + data)


if __name__ == "__main__":
    capture(Path(sys.argv[1]))
