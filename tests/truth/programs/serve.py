"""A server that prints who accepted each connection: `serve ADDRESS PORT HOW WORKERS`. No product code.

How:

plain      alone
shared     alone, on a port that others may have too
reuseport  workers with listeners of their own
prefork    workers accept from a parent's listener
siblings   workers hold one listener that their parent has closed, and the first alone accepts
families   a worker for IPv4 and one for IPv6
activate   a parent starts another program that accepts, and keeps the listener
pass       a parent accepts and gives the socket to a worker
fork       a parent accepts, a child of its own serves each connection
relay      worker after worker, each with a listener of its own for EACH connections
deaf       nobody accepts
mptcp      alone, over MPTCP
"""

import contextlib
import os
import signal
import socket
import struct
import sys
import threading
import time
from typing import Any

HEADER = struct.Struct("!IIB")  # bytes that follow, bytes to answer, what to do then
STAY, CLOSE, RESET, HALF, LATE = range(5)
EACH = 4
LATE_S = 2.3  # between the client's end and that of a server that waits
RESETS = struct.pack("ii", 1, 0)  # SO_LINGER of no time: close throws away and resets


def main(address: str, port: int, how: str, workers: int) -> None:
    """Serve until killed."""
    if how == "adopted":
        _accept(socket.socket(fileno=3))
    elif how == "reuseport":
        for _ in range(workers):
            _fork(lambda: _accept(_listener(address, port, alone=False)))
    elif how == "shared":
        _accept(_listener(address, port, alone=False))
    elif how == "relay":
        for _ in range(workers):
            _fork(lambda: _relay(address, port))
    elif how == "families":
        for family in ("0.0.0.0", "::"):
            _fork(lambda family=family: _accept(_listener(family, port, both=False)))
    else:
        listener = _listener(address, port, protocol=262 * (how == "mptcp"))
        if how in {"plain", "mptcp"}:
            _accept(listener)
        elif how == "prefork":
            for _ in range(workers):
                _fork(lambda: _accept(listener))
        elif how == "siblings":
            _fork(lambda: _accept(listener))
            for _ in range(workers - 1):
                _fork(signal.pause)
            listener.close()
        elif how == "activate":
            _fork(lambda: _become(listener))
        elif how == "pass":
            _pass_on(listener, workers)
        elif how == "fork":
            _fork_each(listener)
    signal.pause()


def _listener(address: str, port: int, alone: bool = True, both: bool = True, protocol: int = 0) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM, protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR if alone else socket.SO_REUSEPORT, 1)
    if ":" in address:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, not both)
    made.bind((address, port))
    made.listen(512)
    return made


def _accept(listener: socket.socket) -> None:
    while True:
        peer, address = listener.accept()
        write_claim("accepted", peer.getsockname(), address, os.getpid())
        threading.Thread(target=answer, args=(peer,), daemon=True).start()


def _relay(address: str, port: int) -> None:
    while True:
        with contextlib.suppress(OSError), _listener(address, port) as listener:
            for _ in range(EACH):
                peer, at = listener.accept()
                write_claim("accepted", peer.getsockname(), at, os.getpid())
                answer(peer)
            return
        time.sleep(0.001)


def _become(listener: socket.socket) -> None:
    os.dup2(listener.fileno(), 3)
    os.set_inheritable(3, True)
    os.execv(sys.executable, [sys.executable, "-m", "tests.truth.programs.serve", "", "0", "adopted", "0"])


def _pass_on(listener: socket.socket, workers: int) -> None:
    channels = []
    for _ in range(workers):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        _fork(lambda theirs=theirs: _adopt(theirs))
        channels.append(ours)
    while True:
        peer, _ = listener.accept()
        socket.send_fds(channels[0], [b"%d" % os.getpid()], [peer.fileno()])
        peer.close()
        channels.append(channels.pop(0))


def _adopt(channel: socket.socket) -> None:
    while True:
        held, fds, _, _ = socket.recv_fds(channel, 16, 1)
        peer = socket.socket(fileno=fds[0])
        with contextlib.suppress(OSError):
            write_claim("accepted", peer.getsockname(), peer.getpeername(), os.getpid(), int(held))
        threading.Thread(target=answer, args=(peer,), daemon=True).start()


def _fork_each(listener: socket.socket) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        peer, address = listener.accept()
        held = os.getpid()

        def serve(peer: socket.socket = peer, address: Any = address, held: int = held) -> None:
            listener.close()
            write_claim("accepted", peer.getsockname(), address, os.getpid(), held)
            answer(peer)

        _fork(serve)
        peer.close()


def _fork(work: Any) -> None:
    if os.fork() == 0:
        try:
            work()
        finally:
            os._exit(0)


def answer(peer: socket.socket) -> None:
    """Answer the requests on a connection, as each asks for."""
    then = STAY
    with peer, contextlib.suppress(OSError):
        while len(head := exactly(peer, HEADER.size)) == HEADER.size:
            up, down, then = HEADER.unpack(head)
            exactly(peer, up)
            peer.sendall(bytes(down))
            if then == CLOSE:
                return
            if then == RESET:
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESETS)
                return
            if then == HALF:
                peer.shutdown(socket.SHUT_WR)
        if then == LATE:
            time.sleep(LATE_S)


def exactly(peer: socket.socket, count: int) -> bytes:
    """Receive so many bytes, or fewer at the end."""
    data = b""
    while len(data) < count and (more := peer.recv(min(count - len(data), 1 << 16))):
        data += more
    return data


def write_claim(what: str, local: Any, remote: Any, pid: int, held: int = 0) -> None:
    """Write a line about a connection at once."""
    line = f"{what} {time.time()} {local[0]} {local[1]} {remote[0]} {remote[1]} {pid} {held}\n"
    os.write(1, line.encode())


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
