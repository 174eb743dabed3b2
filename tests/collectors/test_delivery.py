"""Ends that only look like this host's, as NAT gives them its address, are told from those of its own sockets."""

import os
import subprocess
import sys

import pytest

from collectors.delivery import MOST_LOOKUPS, Delivery
from collectors.diag import Identity
from tests.programs import installed

_RULES = """
table ip nat {
  chain out { type nat hook output priority -100; ip daddr 10.9.9.9 udp dport 53 dnat to 10.9.0.9:5353; }
  chain post { type nat hook postrouting priority 100; ip saddr 10.9.0.1 udp dport 5354 snat to 10.9.0.2:40002; }
}
"""
_ASKING = """
import socket
from collectors.delivery import Delivery
from collectors.diag import Identity

def end(address, port):
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.bind((address, port))
    return one

servers = end("10.9.0.9", 5353), end("10.9.0.9", 5354), end("10.9.0.9", 5355)
client = end("10.9.0.1", 40001)
for peer in (("10.9.9.9", 53), ("10.9.0.9", 5354), ("10.9.0.9", 5355)):
    client.sendto(b"x", peer)
for server in servers:
    server.settimeout(5)
    server.sendto(b"x", server.recvfrom(99)[1])
delivery = Delivery()
delivery.turn()
for local, remote, here in (
    (("10.9.9.9", 53), ("10.9.0.1", 40001), False),  # a port that leads elsewhere
    (("10.9.0.2", 40002), ("10.9.0.9", 5354), False),  # a client behind the host's address
    (("10.9.0.9", 5353), ("10.9.0.1", 40001), True),
    (("10.9.0.9", 5355), ("10.9.0.1", 40001), True),
    (("10.9.0.1", 40001), ("10.9.0.9", 5355), True),
    (("10.9.0.9", 5356), ("10.9.0.1", 40009), True),
):
    assert delivery.is_here(Identity(*local, *remote, 0)) is here, (local, remote)
delivery.close()
"""


@pytest.mark.root
def test_what_is_translated_is_for_others() -> None:
    script = f"""
        ip link set lo up
        for address in 10.9.0.1 10.9.0.2 10.9.0.9; do ip address add $address/32 dev lo; done
        ip route add 10.9.9.9 dev lo
        {installed("nft", "nftables")} '{_RULES}'
        exec {sys.executable} -c "$CODE"
    """
    command = ["unshare", "--net", "--", "bash", "-ec", script]
    subprocess.run(command, env=os.environ | {"CODE": _ASKING}, check=True)


def test_where_nothing_is_tracked_all_is_for_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.conntrack.is_used", lambda: False)
    delivery = Delivery()
    delivery.turn()
    ends = Identity("10.0.0.1", 53, "10.0.0.2", 40_000, 0)
    assert all(delivery.is_here(ends) for _ in range(2 * MOST_LOOKUPS))
