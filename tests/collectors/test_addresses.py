"""The addresses of all namespaces, each with what it is behind, as the kernel has them."""

import subprocess
from contextlib import ExitStack

import pytest

from collectors.addresses import Addresses
from collectors.networks import Networks
from collectors.settings import Settings
from tests.collectors.test_networks import ALL, elsewhere

pytestmark = pytest.mark.root


def ip(pid: int, *commands: str) -> None:
    batch = "\n".join(commands).encode()
    subprocess.run(["nsenter", f"--target={pid}", "--net", "--", "ip", "-batch", "-"], input=batch, check=True)


def test_equal_cables_of_two_hosts_of_containers_are_told_apart() -> None:
    """In each of two namespaces the cable to a container has the index 7, and 92 in the container."""
    with ExitStack() as stack:
        networks = Networks(ALL)
        stack.callback(networks.close)
        (one, other, first, second) = (stack.enter_context(elsewhere("sleep", "1000")) for _ in range(4))
        for (outer, _), (inner, _), bridge in ((one, first, "red0"), (other, second, "blue0")):
            ip(
                outer,
                f"link add {bridge} index 5 type bridge",
                f"link add veth7 index 7 type veth peer name eth0 index 92 netns {inner}",
                f"link set veth7 master {bridge} up",
            )
            ip(inner, "addr add 172.30.0.2/24 dev eth0")
        for pid, inode in (one, other, first, second):
            networks.note(inode, pid)
        found = Addresses(networks, Settings().is_local).read()

        assert {row.netns: row.segment for row in found if row.address == "172.30.0.2"} == {
            first[1]: f"bridge-{one[1]}-red0",
            second[1]: f"bridge-{other[1]}-blue0",
        }


def test_a_tunnel_to_a_program_of_another_namespace_is_that_namespaces_alone() -> None:
    with elsewhere("sleep", "1000") as (pid, inode):
        networks = Networks(ALL)
        ip(pid, "tuntap add x0 mode tun", "addr add 203.0.114.1/24 dev x0")
        networks.note(inode, pid)
        found = Addresses(networks, Settings().is_local).read()
        networks.close()

    assert [row.segment for row in found if row.address == "203.0.114.1"] == [f"netns-{inode}"]
