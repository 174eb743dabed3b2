"""Whatever the order in which two ends shut down, wait, close, reset and still send, every byte is counted once."""

import contextlib
import os
import random
import re
import socket
import time
from collections.abc import Iterator

import pytest

from collectors.settings import Settings
from tests.collectors.test_endings import WAYS, Gone, Talk, reset
from tests.collectors.watching import Connection, Watch

SCRIPTS = 60 * int(os.environ.get("SERVICEMAP_TEST_FUZZ", "1"))
WAITS = (0, 0, 1, 3)  # scans after a step: most often none, for half of what ends does so within a window


class Play(Talk):
    """Two ends, and what they still can do."""

    def __init__(self, way: str) -> None:
        super().__init__(WAYS[way])
        for one in (self.client, self.server):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else what was sent last may never go out
        self.ends = {"client": self.client, "server": self.server}
        self.shut: set[str] = set()
        self.closed: set[str] = set()
        self.unread: set[str] = set()
        self.broken = False  # an RST went over
        self.received = [0, 0]  # of the client's and of the server's bytes what came to a socket that was open

    def step(self, who: str, what: str, count: int) -> bool:
        """Do a step; return whether it could be done."""
        other = "server" if who == "client" else "client"
        if who in self.closed:
            return False
        if what in ("sends", "sends unread"):
            if who in self.shut or self.broken:
                return False
            self.ends[who].sendall(b"x" * count)
            self.sent[who == "server"] += count
            if other in self.closed:
                self.broken = True
                return True
            self.received[who == "server"] += count
            self.unread |= {other} if what == "sends unread" else set()
            while what == "sends" and count:
                count -= len(self.ends[other].recv(count))
        elif what == "shuts":
            if who in self.shut or self.broken:
                return False
            self.shut.add(who)
            self.ends[who].shutdown(socket.SHUT_WR)
        elif what == "reads the end":
            if other not in self.shut | self.closed:
                return False
            with contextlib.suppress(ConnectionError):
                while self.ends[who].recv(1 << 16):
                    pass
            self.unread.discard(who)
        else:
            (reset if what == "resets" else socket.socket.close)(self.ends[who])
            self.closed.add(who)
            self.broken |= what == "resets" or who in self.unread
        return True


def scripts(seed: int) -> Iterator[tuple[str, str, int, int]]:
    chance = random.Random(seed)
    steps = ("sends", "sends", "sends unread", "shuts", "shuts", "reads the end", "closes", "closes", "resets")
    for _ in range(chance.randrange(2, 9)):
        yield chance.choice(("client", "server")), chance.choice(steps), chance.randrange(1, 50), chance.choice(WAITS)
    ends = ["client", "server"]
    chance.shuffle(ends)
    for end in ends:
        yield end, chance.choice(("closes", "closes", "resets")), 0, chance.choice(WAITS)


def play(watch: Watch, script: list[tuple[str, str, int, int]], way: str) -> tuple[list[str], list[int], list[int]]:
    talk, gone = Play(way), Gone()
    done = []
    rows: list[Connection] = []
    with talk.stack:
        for who, what, count, scans in script:
            if talk.step(who, what, count):
                done += [f"{who} {what}", *["scan"] * scans]
                for _ in range(scans):
                    rows += watch.connections(talk.port)
    gone.all(talk.flow)
    rows += watch.connections(talk.port)
    mine = [row for row in rows if set(row.ends) == set(talk.flow)]
    client, server = ([row for row in mine if row.accepted is accepted] for accepted in (False, True))
    assert [sum(row.closed for row in end) for end in (client, server)] == [1, 1], done
    asked, answered = talk.sent
    expected = [asked, talk.received[1] + 30, answered, talk.received[0] + 100]
    names = ("sent_bytes", "received_bytes")
    found = [sum(getattr(row, name) for row in end) for end in (client, server) for name in names]
    return done, found, expected


@pytest.mark.root
@pytest.mark.fuzz
@pytest.mark.parametrize("way", ["ipv4", "ipv6"])
def test_by_the_headers_every_byte_is_counted_in_any_order_of_closing(way: str) -> None:
    watch = Watch(Settings())
    for seed in range(SCRIPTS // 2):
        done, found, expected = play(watch, list(scripts(seed)), way)
        assert found == expected, done
    watch.close()


def steps(text: str) -> list[tuple[str, str, int, int]]:
    """Read a script: steps of the client (c) and the server (s), and a dot for every scan after them."""
    made = []
    for part in text.split(", "):
        who, _, what = part.rstrip(".").partition(" ")
        made.append(({"c": "client", "s": "server"}[who], what, 9, len(part) - len(part.rstrip("."))))
    return made


ORDERS = [
    "c closes, s closes",
    "c closes., s closes",
    "c shuts, s sends, s closes, c closes",
    "c shuts., s sends, s closes, c closes",
    "c shuts..., s sends..., s closes..., c closes",
    "c shuts, s reads the end, s sends..., s closes, c reads the end, c closes",
    "c shuts, s sends unread, s sends, s closes..., c closes",
    "c shuts, s shuts..., c closes, s closes",
    "s shuts, c sends..., c closes..., s closes",
    "s shuts, c closes., s reads the end..., s closes",
    "c shuts, s sends unread.., c closes, s closes",
    "s shuts, c sends, c shuts..., s closes, c closes",
    "c closes, s sends., s closes",
    "c shuts, s closes......., c closes",
    "c closes, s sends, s closes",
]


@pytest.mark.parametrize("order", ORDERS)
def test_without_headers_no_fin_is_taken_for_a_byte_nor_a_byte_for_a_fin(order: str) -> None:
    watch = Watch(Settings(tcp_headers=False))
    for script in (order, re.sub(r"\b[cs]\b", lambda found: "sc"[found[0] == "s"], order)):
        done, found, expected = play(watch, steps(script), "ipv4")
        assert found == expected, done
    watch.close()


def test_an_end_that_no_scan_saw_open_and_its_program_held_for_windows_is_reported_when_it_goes() -> None:
    watch = Watch(Settings(tcp_headers=False))
    talk, gone = Play("ipv4"), Gone()
    with talk.stack:
        talk.step("client", "shuts", 0)
        talk.step("server", "closes", 0)
        held_until = time.monotonic() + 0.2
        rows = watch.connections(talk.port)
        while time.monotonic() < held_until:
            rows += watch.connections(talk.port)
    gone.all(talk.flow)
    rows += watch.connections(talk.port)
    watch.close()

    assert sorted((row.accepted, row.sent_bytes, row.received_bytes) for row in rows if row.closed) == [
        (False, 100, 30),
        (True, 30, 100),
    ]
