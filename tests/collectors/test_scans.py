"""The sockets of all namespaces as one."""

import sys
from typing import Any

import pytest

from collectors.networks import Networks
from collectors.registered import registered
from collectors.registry import Sources
from collectors.scans import Scans
from collectors.settings import Settings
from collectors.window import Window
from schemas.raw import ConnectionBatch
from tests.collectors.test_networks import ALL, elsewhere

pytestmark = pytest.mark.root
_LISTENS = """
import socket, time
with socket.create_server(("0.0.0.0", 0)):
    print(True, flush=True)
    time.sleep(1000)
"""
_IS_CONNECTED = """
import socket, subprocess, time
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
    accepted, _ = server.accept()
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


def test_a_namespace_found_within_a_window_has_all_its_connections_in_the_next() -> None:
    sources = Sources(Settings(namespaces="all", bpf="off"))
    collectors: dict[str, Any] = {one.topic.name: one for one in registered(sources)}
    connections, requests = collectors["connections"], collectors["requests"]
    first, second = (Window("host", "boot", 1, at, at * 5_000, 5_000, keyframe=False) for at in (1, 2))
    sources.networks.keep({})  # whatever comes from now on is fresh
    try:
        for collector in (connections, requests):
            collector.open(first)
        connections.collect(first)
        with elsewhere(sys.executable, "-c", _IS_CONNECTED) as (pid, inode):
            sources.networks.note(inode, pid)
            requests.collect(first)
            batches = [one for one in connections.collect(second) if isinstance(one, ConnectionBatch)]
    finally:
        requests.close()
        connections.close()

    assert [len(one.connections) for one in batches if one.netns == inode] == [2]
