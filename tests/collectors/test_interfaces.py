import random
import socket
import subprocess
from collections.abc import Iterator

import pytest

from collectors import interfaces, rtnetlink
from collectors.host import MOST_ADDRESSES, HostCollector
from collectors.interfaces import InterfaceWatch
from collectors.rtnetlink import InterfaceAddress
from collectors.settings import Settings
from collectors.window import Window
from schemas.codec import encode
from schemas.raw import Heartbeat
from tests.collectors.namespaces import Namespaces

WINDOW = Window("host", "boot", 1, 0, 0, 5_000, keyframe=False)
KEYFRAME = Window("host", "boot", 1, 1, 5_000, 5_000, keyframe=True)
DEVICES = ("a0", "b0", "c0x")


def ip(*commands: str) -> None:
    """Run commands of ip(8), of which some may not apply."""
    subprocess.run(
        ["ip", "-force", "-batch", "-"], input="\n".join(commands).encode(), capture_output=True, check=False
    )


def steps(seed: int) -> Iterator[list[str]]:
    """What an administrator does at random."""
    chance = random.Random(seed)
    for _ in range(12):
        commands = []
        for _ in range(chance.randrange(1, 8)):
            device, number = chance.choice(DEVICES), chance.randrange(1, 5)
            address = chance.choice([f"10.1.{number}.1/24", f"10.1.{number}.1/16", f"fd00::{number}/64"])
            commands.append(
                chance.choice(
                    [
                        f"link add {device} type dummy",
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
    watch = InterfaceWatch()
    for commands in steps(seed):
        ip(*commands)
        assert watch.read() == rtnetlink.read_interfaces(), commands
    kept = watch.read()
    assert watch.read() is kept
    watch.close()


@pytest.mark.root
@pytest.mark.parametrize("buffer", [1 << 20, 1], ids=["all is heard", "much is lost"])
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
        patch.setattr(rtnetlink, "read_interfaces", list)
        assert watch.read() == []
    assert InterfaceAddress("lo", "127.0.0.1", 8, "") in watch.read()
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


def test_of_very_many_addresses_those_that_say_most_are_reported_and_the_rest_is_counted() -> None:
    subnets = [InterfaceAddress("br-0123456789ab", f"172.{at}.0.1", 16, "") for at in range(16, 32)]
    bridge = [InterfaceAddress("docker0", f"192.168.0.{at}", 24, "") for at in range(1, 255)]
    found = sorted([*many(5_000), *subnets, *bridge, InterfaceAddress("wg0", "10.9.9.9", 32, "")])
    host = HostCollector(Settings(), interfaces=lambda: found)
    host.collect(KEYFRAME)
    told = host.interfaces
    heartbeat = KEYFRAME.batch(Heartbeat, interfaces=told)

    assert len(told) == MOST_ADDRESSES
    assert {one.address for one in subnets} <= set(told.address)
    assert {"docker0", "wg0", "eth0"} <= set(told.name)
    assert list(told.rows()) == sorted(told.rows())
    assert str(len(found) - MOST_ADDRESSES) in host.missing()["some addresses of this host"]
    assert len(encode(heartbeat)) < 50_000


def test_few_addresses_are_all_reported() -> None:
    host = HostCollector(Settings(), interfaces=lambda: many(MOST_ADDRESSES))
    host.collect(KEYFRAME)

    assert len(host.interfaces) == MOST_ADDRESSES
    assert host.missing() == {}
