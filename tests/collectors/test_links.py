"""Which switch and port the interfaces of a host are connected to, heard on a cable."""

import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from collectors import links
from collectors.announced import Announced
from collectors.capabilities import needed
from collectors.entering import Entrance
from collectors.interfaces import InterfaceWatch
from collectors.link_ends import MOST, LinkEnds
from collectors.link_socket import MOST_FRAMES
from collectors.links import PATIENCE_MS, WHAT, LinkCollector, outward
from collectors.rtnetlink import Link
from collectors.window import Window
from schemas.raw import LinkBatch
from tests.collectors import announcing
from tests.collectors.namespaces import Namespaces
from tests.collectors.watching import eventually

KEYFRAME = Window("host", "boot", 1, 0, 0, 5_000, keyframe=True)
WINDOW = replace(KEYFRAME, keyframe=False)
LLDP = ("c0", "lldp", "00:1b:54:c9:2a:00", "Gi1/0/7", "web-1", "sw-rack-12", "10.20.0.12", 20, True)
SWITCH = Announced("00:1b:54:c9:2a:00", "Gi1/0/7", 120)


class Cable:
    """A host at one end of a cable, and what a switch sends at the other."""

    def __init__(self, host: Entrance, switch: Entrance) -> None:
        self.switch = switch
        self.watch = InterfaceWatch(host)
        network: Any = SimpleNamespace(enter=host, watch=self.watch)
        self.collector = LinkCollector(network)
        self.collector.open(KEYFRAME)
        self.at = 0

    def close(self) -> None:
        self.collector.close()
        self.watch.close()

    def send(self, *payloads: bytes, interface: str = "c0") -> None:
        self.switch(partial(announcing.send, interface, *payloads))

    def next(self, *, keyframe: bool = False, at: int | None = None) -> LinkBatch:
        """Collect the next window, or one that starts later."""
        self.at = self.at + 5_000 if at is None else at
        return self.collector.collect(replace(WINDOW, start=self.at, keyframe=keyframe))

    def until(self, sent: Callable[[], None], seen: Callable[[LinkBatch], bool]) -> LinkBatch:
        """Send, and collect windows until one is as wanted: veth delivers a moment later."""
        sent()
        found: list[LinkBatch] = []

        def is_seen() -> bool:
            found.append(self.next())
            return seen(found[-1])

        eventually(is_seen)
        return found[-1]


def entrance(name: str) -> Entrance:
    path = f"/run/netns/{name}"
    return Entrance(path, Path(path).stat().st_ino)


def ip(command: str) -> None:
    subprocess.run(["ip", *command.split()], check=True)


@pytest.fixture
def cable(namespaces: Namespaces) -> Iterator[Cable]:
    with entrance(namespaces.left) as host, entrance(namespaces.right) as switch, closing(Cable(host, switch)) as made:
        yield made


def some(batch: LinkBatch) -> bool:
    return len(batch.links) > 0


def test_a_switch_that_announces_itself_is_reported_with_its_port(cable: Cable) -> None:
    found = cable.until(lambda: cable.send(announcing.lldp()), some)

    assert list(found.links.rows()) == [LLDP]
    assert found.keyframe, "it restates all of the topic"


def test_of_both_protocols_both_are_reported(cable: Cable) -> None:
    found = cable.until(lambda: cable.send(announcing.lldp(), announcing.cdp()), lambda batch: len(batch.links) > 1)

    assert [row[:4] for row in found.links.rows()] == [
        ("c0", "cdp", "sw-rack-12.example.net", "GigabitEthernet1/0/7"),
        LLDP[:4],
    ]


def test_between_keyframes_only_a_change_is_reported(cable: Cable) -> None:
    cable.until(lambda: cable.send(announcing.lldp()), some)

    assert not some(cable.next())
    assert list(cable.next(keyframe=True).links.rows()) == [LLDP]
    moved = cable.until(lambda: cable.send(announcing.lldp(ttl=0), announcing.lldp(port=b"Gi1/0/8")), some)
    assert moved.links.port == ["Gi1/0/8"]


def test_a_neighbour_is_forgotten_when_its_time_has_passed(cable: Cable) -> None:
    cable.until(lambda: cable.send(announcing.lldp(ttl=120)), some)

    assert some(cable.next(keyframe=True, at=100_000))
    gone = cable.next(at=400_000)
    assert (len(gone.links), gone.keyframe) == (0, True)


def test_that_nobody_is_there_is_reported_once_somebody_would_have_been_heard(cable: Cable) -> None:
    assert not cable.next(keyframe=True).keyframe
    assert cable.next(keyframe=True, at=PATIENCE_MS).keyframe


def test_what_is_no_announcement_is_counted(cable: Cable) -> None:
    def is_counted() -> bool:
        cable.next()
        return cable.collector.counters()["announcements_unreadable"] == 1

    cable.send(b"\2\7\4")
    eventually(is_counted)


def test_spanning_tree_does_not_reach_the_agent(cable: Cable) -> None:
    tree = bytes.fromhex("0180c2000000001b54c92a00002642420300000000008000") + bytes(36)

    def send() -> None:
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
            sock.bind(("c0", 0))
            sock.send(tree)

    cable.switch(send)
    cable.until(lambda: cable.send(announcing.cdp()), some)
    assert cable.collector.counters()["announcements_unreadable"] == 0


def test_a_flood_is_read_a_part_at_a_time_and_what_is_lost_is_counted(cable: Cable) -> None:
    def lost() -> bool:
        cable.send(*(announcing.lldp(port=f"Gi{at}".encode()) for at in range(2 * MOST_FRAMES)))
        assert len(cable.next(keyframe=True).links) <= MOST
        return cable.collector.counters()["announcements_dropped"] > 10 * MOST_FRAMES

    eventually(lost)


def test_an_interface_that_appears_is_joined_and_one_that_goes_takes_its_neighbours_along(
    cable: Cable, namespaces: Namespaces
) -> None:
    cable.until(lambda: cable.send(announcing.lldp()), some)
    ip(f"-n {namespaces.left} link add c1 type veth peer name c1 netns {namespaces.right}")
    for name in (namespaces.left, namespaces.right):
        ip(f"-n {name} link set c1 up")
    cable.next()

    def both() -> bool:
        cable.send(announcing.lldp(b"other", chassis_kind=announcing.NAME), interface="c1")
        return set(cable.next(keyframe=True).links.interface) == {"c0", "c1"}

    eventually(both)
    ip(f"-n {namespaces.left} link del c0")
    eventually(lambda: cable.next(keyframe=True).links.interface == ["c1"])


def test_an_interface_that_goes_down_and_comes_up_is_heard_again(cable: Cable, namespaces: Namespaces) -> None:
    ip(f"-n {namespaces.left} link set c0 down")
    cable.next()
    ip(f"-n {namespaces.left} link set c0 up")

    def heard() -> bool:
        cable.send(announcing.lldp())
        return some(cable.next(keyframe=True))

    eventually(heard)


def test_without_packet_sockets_it_is_said_what_is_missing(cable: Cable, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError

    cable.collector.close()
    monkeypatch.setattr(links, "LinkSocket", refused)

    assert not cable.next(keyframe=True, at=PATIENCE_MS).keyframe, "it is not known that nobody is there"
    assert cable.collector.missing() == {WHAT: needed("CAP_NET_RAW")}


def test_on_a_host_hardware_alone_is_listened_on() -> None:
    eth0, lo = Link(2, "eth0", "02:00:00:00:00:01", False), Link(1, "lo", "", False, loopback=True)
    pod = Link(7, "cali1", "", False, kind="veth", elsewhere=True)
    bridge = Link(8, "br0", "", False, kind="bridge")

    assert list(outward({one.interface: one for one in (lo, eth0, pod, bridge)})) == [eth0]


def test_in_a_namespace_without_hardware_the_cable_to_another_is_listened_on() -> None:
    eth0 = Link(2, "eth0", "02:00:00:00:00:01", False, kind="veth", elsewhere=True)
    inner = Link(3, "v0", "", False, kind="veth", peer=4)

    assert list(outward({one.interface: one for one in (eth0, inner)})) == [eth0]


def test_a_neighbour_takes_itself_back() -> None:
    heard = LinkEnds()
    heard.take("eth0", "lldp", SWITCH, 0)
    heard.take("eth0", "lldp", SWITCH._replace(ttl_s=0), 1_000)

    assert heard.rows(1_000) == []


def test_a_link_has_so_many_neighbours_at_most_and_the_others_are_counted() -> None:
    heard = LinkEnds()
    for at in range(MOST + 5):
        heard.take("eth0", "lldp", SWITCH._replace(port=str(at)), 0)
    heard.take("eth0", "lldp", SWITCH._replace(port="0", system_name="again"), 0)

    assert (len(heard.rows(0)), heard.left_out) == (MOST, 5)
    assert "again" in heard.rows(0)[0]
