"""A collector has a part in each network namespace: in order, each by itself, reported as one."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import pytest

from collectors.entering import STAY
from collectors.everywhere import BEGINNING_S, Everywhere
from collectors.networks import Network, Networks
from collectors.settings import Settings
from collectors.socket_scan import SocketScan
from collectors.window import Inert, Window
from collectors.wire import Wire
from schemas.raw import ListenerBatch
from schemas.topics import LISTENERS

WINDOW = Window("host", "boot", 1, 0, 0, 5_000, keyframe=True)
OWN = 7


class Part(Inert):
    """Looks at one namespace."""

    topic = LISTENERS

    def __init__(self, network: Network) -> None:
        self.network = network
        self.opened: list[Window] = []
        self.closed = 0
        self.lacks: dict[str, str] = {}
        self.breaks = False

    def open(self, window: Window) -> None:
        if self.breaks:
            raise OSError("cannot be opened")
        self.opened.append(window)

    def collect(self, window: Window) -> ListenerBatch:
        return window.batch(ListenerBatch, netns=self.network.inode)

    def missing(self) -> dict[str, str]:
        return self.lacks

    def close(self) -> None:
        self.closed += 1


class Some(Networks):
    """Namespaces that are as many as a test has it, though there is but one."""

    def add(self, *inodes: int) -> None:
        for inode in inodes:
            scan = SocketScan(Settings())
            self._others[inode] = Network(inode, STAY, scan, fresh=False)
            self._tap()


class Parts:
    """Makes the parts, and keeps them."""

    def __init__(self, change: Callable[[Part], None] = lambda _: None) -> None:
        self.made: dict[int, Part] = {}
        self._change = change

    def __call__(self, network: Network) -> Part:
        part = self.made[network.inode] = Part(network)
        self._change(part)
        return part


def networks(*others: int) -> Some:
    some = Some(Settings(), own=OWN)
    some.add(*others)
    return some


@pytest.mark.parametrize("others", [(1, 2, 3), (900, 5, 64, 8, 16)])
def test_our_own_namespace_comes_first_and_the_others_in_their_order(others: tuple[int, ...]) -> None:
    everywhere = Everywhere(LISTENERS, networks(*others), Parts())
    everywhere.open(WINDOW)

    assert [batch.netns for batch in everywhere.collect(WINDOW) if isinstance(batch, ListenerBatch)] == [OWN, *others]


def test_parts_that_take_long_to_open_are_opened_in_several_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("collectors.everywhere.time", SimpleNamespace(monotonic=lambda: now[0]))

    def slow(part: Part) -> None:
        now[0] += BEGINNING_S / 2

    parts = Parts(slow)
    everywhere = Everywhere(LISTENERS, networks(1, 2, 3, 4), parts)
    everywhere.open(WINDOW)
    first = list(parts.made)
    everywhere.drain()
    second = list(parts.made)

    assert (first, second) == ([OWN, 1], [OWN, 1, 2, 3])
    assert [batch.netns for batch in everywhere.collect(WINDOW) if isinstance(batch, ListenerBatch)] == [
        OWN,
        1,
        2,
        3,
        4,
    ]


def test_a_part_that_cannot_be_opened_is_closed_and_the_others_go_on() -> None:
    def breaks(part: Part) -> None:
        part.breaks = part.network.inode == 8

    some, parts = networks(8, 9), Parts(breaks)
    everywhere = Everywhere(LISTENERS, some, parts)
    everywhere.open(WINDOW)

    assert {inode: part.closed for inode, part in parts.made.items()} == {OWN: 0, 8: 1, 9: 0}
    assert [network.inode for network in some] == [OWN, 9]
    assert everywhere.counters() == {"namespaces_failed": 1}


def test_our_own_part_that_cannot_be_opened_is_closed_and_fails_the_collector() -> None:
    def breaks(part: Part) -> None:
        part.breaks = True

    parts = Parts(breaks)
    with pytest.raises(OSError, match="cannot be opened"):
        Everywhere(LISTENERS, networks(), parts).open(WINDOW)
    assert parts.made[OWN].closed == 1


def test_a_namespace_that_is_looked_at_anew_has_a_new_part() -> None:
    some, parts = networks(8), Parts()
    everywhere = Everywhere(LISTENERS, some, parts)
    everywhere.open(WINDOW)
    before = parts.made[8]
    some.drop(8)
    some.add(8)
    everywhere.collect(WINDOW)

    assert parts.made[8] is not before
    assert before.closed == 1


def test_the_baseline_of_a_namespace_found_after_the_opening_is_taken_with_the_next_events() -> None:
    some, parts = networks(), Parts()
    everywhere = Everywhere(LISTENERS, some, parts)
    everywhere.open(WINDOW)
    some.add(8)
    everywhere.drain()
    everywhere.collect(replace(WINDOW, start=5_000))

    assert {inode: part.opened for inode, part in parts.made.items()} == {OWN: [WINDOW], 8: [WINDOW]}


def test_what_is_missing_elsewhere_is_reported_with_a_count() -> None:
    def lacks(part: Part) -> None:
        part.lacks = {"UDP sockets": "the udp_diag module"}
        if part.network.inode != OWN:
            part.lacks["short ones"] = "a newer kernel"

    everywhere = Everywhere(LISTENERS, networks(8, 9), Parts(lacks))
    everywhere.open(WINDOW)

    assert everywhere.missing() == {
        "UDP sockets": "the udp_diag module",
        "short ones in 2 other network namespaces": "a newer kernel",
    }


def test_headers_that_are_not_looked_at_in_one_namespace_are_not_switched_off() -> None:
    assert Wire(Settings(), heed=lambda: False).missing() == {}
    assert Wire(Settings(tcp_headers=False)).missing() != {}
