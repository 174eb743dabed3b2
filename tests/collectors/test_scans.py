"""The sockets of all namespaces as one."""

import sys

import pytest

from collectors.networks import Networks
from collectors.scans import Scans
from tests.collectors.test_networks import ALL, elsewhere

pytestmark = pytest.mark.root
_LISTENS = """
import socket, time
with socket.create_server(("0.0.0.0", 0)):
    print(True, flush=True)
    time.sleep(1000)
"""


def test_the_sockets_of_a_baseline_are_new_to_who_looks_at_all_namespaces() -> None:
    networks = Networks(ALL)
    scans = Scans(networks)
    networks.own.reported = True
    scans.open()
    scans.look(1)
    with elsewhere(sys.executable, "-c", _LISTENS) as (pid, inode):
        networks.note(inode, pid)
        _, other = networks
        other.reported = True
        (listener,) = other.scan.look(-1).inodes_added
        assert listener in scans.look(2).inodes_added
        assert listener not in scans.look(3).inodes_added
        networks.close()
