"""A connection between hosts whose clocks are apart counts once, and is on one edge."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from graph.clocks import ClockRow, clocks
from tests.e2e.running import Up, part
from tests.truth.hosts import Host, switched
from tests.truth.lab import pipeline

SKEWS = {"even": 0.0, "half": 0.5, "two": 2.0, "ten": 10.0, "thirty": 30.0, "behind": -30.0}
PORT, SHORT = 7000, 60
SERVE = f"""
import socket, threading
server = socket.create_server(("0.0.0.0", {PORT}), backlog=200)
def answer(peer):
    while data := peer.recv(4096):
        peer.sendall(data)
    peer.close()
while True:
    peer, _ = server.accept()
    threading.Thread(target=answer, args=(peer,), daemon=True).start()
"""
TALK = f"""
import socket, sys, time
standing = [socket.create_connection((address, {PORT})) for address in sys.argv[1:]]
for number in range({SHORT}):
    for address in sys.argv[1:]:
        with socket.create_connection((address, {PORT})) as peer:
            peer.sendall(b"x" * 100)
            peer.recv(4096)
    time.sleep(0.1)
print("over", flush=True)
time.sleep(600)
"""
EDGES = f"""
SELECT
    server_host, uniqExact(client, server) AS edges,
    sum(connections_opened) AS opened, sum(connections_closed) AS closed
FROM process_edges WHERE server_port = {PORT} GROUP BY server_host ORDER BY server_host
"""


def agent(stack: ExitStack, host: Host, folder: Path, skew: float) -> None:
    """Run an agent whose clock is wrong."""
    environment = {"PYTHONPATH": str(Path(__file__).parent / "skewed_clock"), "SKEW_SECONDS": str(skew)}
    words = [f"{name}={value}" for name, value in environment.items()]
    command = ("collect", "--data", str(folder), "--window", "1s", "--host-id", host.name)
    stack.enter_context(part(*command, inside=[*host.inside(), "--", "env", *words]))


def _later(end: float, rows: list[tuple[float]]) -> bool:
    return rows[0][0] > end


def unchanged(store: Up) -> None:
    """Wait until the stored edges no longer change."""
    seen: list[object] = [None]

    def same(rows: object) -> bool:
        seen.append(rows)
        time.sleep(1)
        return seen[-1] == seen[-2]

    store.until(EDGES, same, seconds=60)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """Run a client and servers with wrong clocks; yield the store of their reports."""
    folder = tmp_path_factory.mktemp("skew")
    with ExitStack() as stack:
        client, *servers = stack.enter_context(switched(["client", *SKEWS]))
        store = stack.enter_context(pipeline(folder))
        agent(stack, client, folder, 0)
        for host, skew in zip(servers, SKEWS.values(), strict=True):
            host.start([sys.executable, "-c", SERVE])
            agent(stack, host, folder, skew)
        store.until("SELECT uniqExact(host) FROM host_usage", lambda rows: rows == [(len(servers) + 1,)], seconds=60)
        output = folder / "talk"
        talk = client.start([sys.executable, "-c", TALK, *(host.address for host in servers)], output)
        talk.wait_for_lines(1)
        talk.kill()
        over = time.time() + 2
        for name, skew in {"client": 0.0, **SKEWS}.items():
            latest = f"SELECT toUnixTimestamp(max(window)) FROM host_usage WHERE host = '{name}'"
            store.until(latest, partial(_later, over + skew), seconds=90)
        unchanged(store)
        yield store


pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.geteuid() != 0, reason="namespaces are root's to make")]


def test_connections_are_exact_and_edges_are_those_of_equal_clocks(store: Up) -> None:
    found = {host: counts for host, *counts in store.sql(EDGES)}

    edges, *_ = found["even"]
    assert found == {name: [edges, SHORT + 1, SHORT + 1] for name in SKEWS}


def test_a_server_is_a_process_and_a_client_is_at_least_a_host(store: Up) -> None:
    nodes = store.sql(f"SELECT DISTINCT client, server FROM process_edges WHERE server_port = {PORT}")

    assert {server.split(":")[0] for _, server in nodes} == {"process"}, nodes
    assert not [client for client, _ in nodes if client.startswith("address")], nodes


def test_how_far_each_clock_is_off_is_known(store: Up) -> None:
    now = int(time.time() * 1000)
    values = {"from": str(now - 600_000), "to": str(now + 60_000)}

    found = {row.host: row for row in map(ClockRow._make, store.sql(clocks() % values))}

    assert found.keys() == {"client", *SKEWS}
    for name, skew in SKEWS.items():
        apart_ms = found[name].ahead_ms - found["client"].ahead_ms
        assert apart_ms == pytest.approx(1000 * skew, abs=300)
