"""A client that prints its connections: `talk JSON`. No product code."""

import contextlib
import json
import os
import socket
import sys
import time
from typing import NamedTuple

from tests.truth.programs.serve import HEADER, RESETS, exactly, write_claim


class Wish(NamedTuple):
    """The task of a client: a number of connections, `together` at a time, with rounds of talk on each."""

    address: str
    port: int
    times: int = 1
    together: int = 1
    rounds: int = 1
    up: int = 100
    down: int = 200
    grow: int = 0  # bytes more with every connection, so that each is known by its bytes
    pause: float = 0.0  # between rounds
    gap: float = 0.0  # between connections
    then: int = 0  # what the server does after the last answer, see tests.truth.programs.serve
    end: str = "close"  # reset, half, leave: wait for the server's end, stay: keep all until killed
    source: int = 0
    protocol: int = 0
    hold: float = 0.0  # before the end
    udp: bool = False  # `text` is then a datagram, in hexadecimal digits
    addressed: bool = False  # each datagram by itself: the socket has no peer
    text: str = ""  # to send instead, to a server of another kind
    until: str = ""  # the end of its answer
    give_up: bool = False  # after the first connection that fails
    insist: bool = False  # connect again until it does not fail


def main(wish: Wish) -> None:
    """Talk, and end."""
    kept = []
    for number in range(wish.times):
        peers = [_connect(wish) for _ in range(wish.together)]
        while wish.insist and None in peers:
            time.sleep(0.005)
            peers = [_connect(wish)]
        if wish.give_up and None in peers:
            return
        for turn in range(wish.rounds):
            up = wish.up + wish.grow * number
            answered = [_ask(peer, wish, up, last=turn == wish.rounds - 1) for peer in peers if peer]
            if not all(answered):
                break
            time.sleep(wish.pause)
        time.sleep(wish.hold)
        if wish.end == "stay":
            kept += peers
            continue
        for peer in filter(None, peers):
            _end(peer, wish)
        time.sleep(wish.gap)
    while kept:
        time.sleep(60)


def _connect(wish: Wish) -> socket.socket | None:
    family = socket.AF_INET6 if ":" in wish.address else socket.AF_INET
    peer = socket.socket(family, socket.SOCK_DGRAM if wish.udp else socket.SOCK_STREAM, wish.protocol)
    peer.settimeout(5 if wish.udp else None)
    if wish.source:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        peer.bind(("", wish.source))
    try:
        if wish.addressed:
            peer.bind(("", wish.source))
        else:
            peer.connect((wish.address, wish.port))
    except OSError:
        peer.close()
        return None
    with contextlib.suppress(OSError):  # it may be reset already
        write_claim(
            "addressed" if wish.udp else "connected", peer.getsockname(), (wish.address, wish.port), os.getpid()
        )
    return peer


def _ask(peer: socket.socket, wish: Wish, up: int, *, last: bool) -> bool:
    """Ask once; return whether there was an answer."""
    try:
        if wish.udp:
            peer.sendmsg([bytes.fromhex(wish.text)], (), 0, (wish.address, wish.port) if wish.addressed else None)
            return bool(peer.recv(1 << 16))
        if wish.text:
            peer.sendall(wish.text.encode())
            answer = b""
            while not answer.endswith(wish.until.encode()) and (more := peer.recv(1 << 16)):
                answer += more
            return answer.endswith(wish.until.encode())
        peer.sendall(HEADER.pack(up, wish.down, wish.then if last else 0) + bytes(up))
        return len(exactly(peer, wish.down)) == wish.down
    except OSError:
        return False


def _end(peer: socket.socket, wish: Wish) -> None:
    with peer, contextlib.suppress(OSError):
        if wish.end == "reset":
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESETS)
        elif wish.end == "half":
            peer.shutdown(socket.SHUT_WR)
            exactly(peer, 1 << 30)
        elif wish.end == "leave":
            exactly(peer, 1 << 30)


if __name__ == "__main__":
    main(Wish(**json.loads(sys.argv[1])))
