import random
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from collectors import interfaces
from collectors.host import MOST_ADDRESSES, HostCollector
from collectors.inside import inside
from collectors.interfaces import InterfaceWatch
from collectors.rtnetlink import InterfaceAddress, Link
from collectors.settings import LOCAL_INTERFACES, Settings
from collectors.window import Window
from schemas.codec import encode
from schemas.raw import Heartbeat
from tests.collectors.namespaces import Namespaces
from tests.collectors.watching import eventually

WINDOW = Window("host", "boot", 1, 0, 0, 5_000, keyframe=False)
KEYFRAME = Window("host", "boot", 1, 1, 5_000, 5_000, keyframe=True)
DEVICES = ("a0", "b0", "c0x")
PORTS = ("p0", "p1", "p2", "p3")


def ip(*commands: str) -> None:
    """Run commands of ip(8), of which some may not apply."""
    subprocess.run(
        ["ip", "-force", "-batch", "-"], input="\n".join(commands).encode(), capture_output=True, check=False
    )


def steps(seed: int) -> Iterator[list[str]]:
    """Yield what an administrator does at random."""
    chance = random.Random(seed)
    for _ in range(25):
        commands = []
        for _ in range(chance.randrange(1, 12)):
            device, number = chance.choice(DEVICES), chance.randrange(1, 5)
            address = chance.choice([f"10.1.{number}.1/24", f"10.1.{number}.1/16", f"fd00::{number}/64"])
            commands.append(
                chance.choice(
                    [
                        f"link add {device} type bridge",
                        f"link add {device} type veth peer name {chance.choice(PORTS)}",
                        f"link add {chance.choice(PORTS)} type veth peer name {chance.choice(PORTS)}",
                        f"link add {chance.choice(PORTS)} type vxlan id {number} dstport 4789 dev lo",
                        f"link set {chance.choice(PORTS)} master {device}",
                        f"link set {chance.choice(PORTS)} nomaster",
                        f"link del {chance.choice(PORTS)}",
                        f"link del {device}",
                        f"addr add {address} dev {device} nodad",
                        f"addr add {address} dev {device} nodad",
                        f"addr del {address} dev {device}",
                        f"addr flush dev {device}",
                        f"link set {device} up",
                        f"link set {device} down",
                        f"link set {device} address 02:00:00:00:00:0{number}",
                        f"link set {device} down name {chance.choice(DEVICES)}",
                    ]
                )
            )
        yield commands


def follows(seed: int, buffer: int) -> None:
    interfaces.BUFFER_BYTES = buffer
    Path("/proc/sys/net/ipv6/conf/default/addr_gen_mode").write_text("1")  # no addresses of their own, which come late
    watch = InterfaceWatch()
    for commands in steps(seed):
        ip(*commands)
        eventually(lambda: watch.read() == interfaces.read_interfaces())  # the kernel reports some a moment later
    kept = watch.read()
    assert watch.read() is kept
    watch.close()


def link(index: int, kind: str, *, master: int = 0, peer: int = 0, elsewhere: bool = False) -> Link:
    return Link(index, f"i{index}", "", gone=False, kind=kind, master=master, peer=peer, elsewhere=elsewhere)


BRIDGE = link(1, "bridge")
PLUGGED = {
    "nothing": ([], True),
    "cables to namespaces": ([link(2, "veth", master=1, peer=2, elsewhere=True), link(3, "netkit", master=1)], True),
    "a machine's tap": ([link(2, "tun", master=1)], True),
    "what leads nowhere": ([link(2, "dummy", master=1), link(3, "ifb", master=1)], True),
    "hardware": ([link(2, "", master=1)], False),
    "hardware among cables": ([link(2, "veth", master=1, elsewhere=True), link(3, "", master=1)], False),
    **{kind: ([link(2, kind, master=1)], False) for kind in ("vxlan", "vlan", "bond", "team", "gretap", "macvlan")},
    "a new kind": ([link(2, "novel", master=1)], False),
    "a cable to a bridge within": (
        [link(2, "veth", master=1, peer=3), link(3, "veth", master=4, peer=2), link(4, "bridge")],
        True,
    ),
    "a cable to a bridge with hardware": (
        [
            link(2, "veth", master=1, peer=3),
            link(3, "veth", master=4, peer=2),
            link(4, "bridge"),
            link(5, "", master=4),
        ],
        False,
    ),
    "a cable to a switch of another kind": (
        [link(2, "veth", master=1, peer=3), link(3, "veth", master=4, peer=2), link(4, "openvswitch")],
        False,
    ),
    "a cable to this host's own end": ([link(2, "veth", master=1, peer=3), link(3, "veth", peer=2)], True),
    "a cable to another namespace's link of a number that is here too": (
        [link(2, "veth", master=1, peer=3, elsewhere=True), link(3, "veth", master=4, peer=9), link(4, "bond")],
        True,
    ),
}


@pytest.mark.parametrize("plugged", PLUGGED)
def test_a_bridge_is_the_hosts_own_while_no_port_leads_off_it(plugged: str) -> None:
    others, own = PLUGGED[plugged]
    assert (1 in inside({one.interface: one for one in (BRIDGE, *others)})) is own


@pytest.mark.parametrize(
    "kind", ["", "veth", "dummy", "tun", "vxlan", "wireguard", "vlan", "bond", "macvlan", "ipvlan"]
)
def test_any_other_interface_than_a_bridge_or_loopback_may_lead_off_the_host(kind: str) -> None:
    assert inside({1: link(1, kind)}) == set()
    assert inside({1: link(1, kind)._replace(loopback=True)}) == {1}


def changes_sides() -> None:
    """A bridge of no known name is the host's own, until a tunnel is plugged in, and again when it is gone."""
    watch = InterfaceWatch()

    def look() -> dict[str, bool]:
        eventually(lambda: watch.read() == interfaces.read_interfaces())
        return {one.name: one.inside for one in watch.read()}

    ip("link add shop type bridge", "addr add 10.88.0.1/16 dev shop", "link add x0 type veth peer name x1")
    ip("link set x0 master shop", "addr add 10.1.1.1/24 dev x1", "link set shop up")
    assert look() == {"lo": True, "shop": True, "c0": False, "x1": False}
    ip("link add t0 type vxlan id 7 dstport 4789 dev lo", "link set t0 master shop")
    assert look()["shop"] is False
    ip("link set t0 nomaster")
    assert look()["shop"] is True
    watch.close()


@pytest.mark.root
def test_what_is_plugged_in_decides_while_the_agent_runs(namespaces: Namespaces) -> None:
    alone = namespaces.start(namespaces.left, changes_sides)
    alone.join()
    assert alone.exitcode == 0


def test_an_address_of_the_internet_means_the_same_everywhere_also_behind_a_bridge() -> None:
    found = [
        InterfaceAddress("shop", "10.88.0.1", 16, "", inside=True),
        InterfaceAddress("shop", "203.0.114.1", 29, "", inside=True),
        InterfaceAddress("shop", "2a00:1450::1", 64, "", inside=True),
        InterfaceAddress("shop", "fd00:88::1", 64, "", inside=True),
        InterfaceAddress("eth0", "10.1.1.1", 24, ""),
        InterfaceAddress("mine7", "10.2.2.2", 24, ""),
        *(InterfaceAddress(name, "10.3.3.3", 24, "") for name in ("cni0", "cni-podman0", "nerdctl0", "vmnet8")),
    ]
    host = HostCollector(Settings(local_interfaces=(*LOCAL_INTERFACES, r"mine\d")), interfaces=lambda: found)
    host.collect(KEYFRAME)
    reported = {(row[0], row[1]) for row in host.interfaces.rows() if not row[4]}
    assert reported == {("shop", "203.0.114.1"), ("shop", "2a00:1450::1"), ("eth0", "10.1.1.1")}


@pytest.mark.root
@pytest.mark.parametrize("buffer", [1 << 20, 1], ids=["all is read", "much is lost"])
def test_whatever_changes_the_addresses_known_are_those_that_are(namespaces: Namespaces, buffer: int) -> None:
    for seed in range(3):
        alone = namespaces.start(namespaces.left, follows, seed, buffer)
        alone.join()
        assert alone.exitcode == 0


def test_who_may_not_listen_reads_them_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> socket.socket:
        raise PermissionError("no groups here")

    watch = InterfaceWatch()
    with monkeypatch.context() as patch:
        patch.setattr("collectors.netlink.open_socket", refused)
        patch.setattr(interfaces, "read_interfaces", lambda _: [])
        assert watch.read() == []
    assert InterfaceAddress("lo", "127.0.0.1", 8, "", inside=True, interface=1) in watch.read()
    watch.close()


def many(count: int) -> list[InterfaceAddress]:
    return [InterfaceAddress("eth0", f"10.{at >> 8}.{at & 255}.1", 8, "") for at in range(count)]


def test_addresses_go_out_on_keyframes_and_when_one_changes() -> None:
    found = many(3)
    host = HostCollector(Settings(), interfaces=lambda: found)

    def sent(window: Window) -> int:
        host.collect(window)
        return len(host.interfaces)

    assert [sent(WINDOW), sent(WINDOW), sent(KEYFRAME), sent(WINDOW)] == [3, 0, 3, 0]
    found += many(5)[3:]
    assert [sent(WINDOW), sent(WINDOW)] == [5, 0]


def test_of_very_many_addresses_the_most_useful_are_reported_and_the_rest_is_counted() -> None:
    subnets = [InterfaceAddress("br-0123456789ab", f"172.{at}.0.1", 16, "") for at in range(16, 32)]
    bridge = [InterfaceAddress("docker0", f"192.168.0.{at}", 24, "") for at in range(1, 255)]
    found = sorted([*many(5_000), *subnets, *bridge, InterfaceAddress("wg0", "10.9.9.9", 32, "")])
    host = HostCollector(Settings(), interfaces=lambda: found)
    host.collect(KEYFRAME)
    reported = host.interfaces
    heartbeat = KEYFRAME.batch(Heartbeat, interfaces=reported)

    assert len(reported) == MOST_ADDRESSES
    assert {one.address for one in subnets} <= set(reported.address)
    assert {"docker0", "wg0", "eth0"} <= set(reported.name)
    assert list(reported.rows()) == sorted(reported.rows())
    assert str(len(found) - MOST_ADDRESSES) in host.missing()["some addresses of this host"]
    assert len(encode(heartbeat)) < 50_000


def test_few_addresses_are_all_reported() -> None:
    host = HostCollector(Settings(), interfaces=lambda: many(MOST_ADDRESSES))
    host.collect(KEYFRAME)

    assert len(host.interfaces) == MOST_ADDRESSES
    assert host.missing() == {}
