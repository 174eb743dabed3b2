"""Programs that send datagrams by sockets without a peer are edges to the servers that take them."""

import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.running import part
from tests.e2e.test_two_hosts import joined, pipeline
from tests.programs import installed

STATSD, SYSLOG, CONNECTED, DNS = 8125, 1514, 8130, 53
PEER, PEER6 = "10.77.31.2", "fd77::2"
ANSWERED = "10.1.2.3"

_TAKE = """
import socket, sys
one = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
one.bind(("::", int(sys.argv[1])))
print("ready", flush=True)
while True:
    one.recvfrom(2_000)
"""
_SEND = """
import socket, sys, time
families = (socket.AF_INET, socket.AF_INET6)
sending = [(socket.socket(family, socket.SOCK_DGRAM), peer) for family, peer in zip(families, sys.argv[2:])]
while True:
    for one, peer in sending:
        one.sendto(b"requests:1|c", (peer, int(sys.argv[1])))
    time.sleep(0.1)
"""
_CONNECT = """
import socket, sys, time
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
one.connect((sys.argv[2], int(sys.argv[1])))
while True:
    one.send(b"x")
    time.sleep(0.1)
"""
_ASK = """
import socket, sys, time
while True:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.settimeout(1)
        one.sendto(bytes.fromhex(sys.argv[3]), (sys.argv[2], int(sys.argv[1])))
        try:
            one.recvfrom(2_000)
        except TimeoutError:
            pass
    time.sleep(0.05)
"""
_LOG = "while :; do {logger} --udp --server {peer} --port {port} hello; sleep 0.1; done"
_EDGES = """
SELECT client_name, server_name, client, server, max(connections_active), max(seen_by_client), max(seen_by_server)
FROM process_edges
WHERE transport = 'udp' AND server_port = {port} AND window > (SELECT max(window) FROM edges) - INTERVAL 4 SECOND
GROUP BY client_name, server_name, client, server ORDER BY ALL
"""
_REQUESTS = "SELECT client, server, sum(requests) FROM process_requests WHERE server_port = 53 GROUP BY client, server"


def question() -> str:
    labels = b"".join(bytes((len(label),)) + label for label in (b"known", b"test"))
    return (struct.pack("!HHHHHH", 7, 0x0100, 1, 0, 0, 0) + labels + struct.pack("!BHH", 0, 1, 1)).hex()


@contextmanager
def program(command: Sequence[str], *, waits: bool = False) -> "Iterator[subprocess.Popen[bytes]]":
    """Run a program; wait for the line by which it says that it is ready, if it `waits`."""
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            if waits and process.stdout is not None:
                process.stdout.readline()
            yield process
        finally:
            process.kill()


def script(text: str, *arguments: object, inside: Sequence[str]) -> list[str]:
    return [*inside, sys.executable, "-c", text, *map(str, arguments)]


@pytest.mark.root
@pytest.mark.slow
@pytest.mark.programs
def test_clients_without_a_peer_are_edges_to_their_servers_from_either_host(tmp_path: Path) -> None:
    agent = ("collect", "--data", str(tmp_path), "--window", "1s", "--host-id")
    logger, dnsmasq = installed("logger", "bsdutils"), installed("dnsmasq", "dnsmasq-base")
    resolver = [dnsmasq, "-k", f"--listen-address={PEER}", "--bind-interfaces", "--no-resolv", "--no-hosts"]
    resolver += [f"--address=/known.test/{ANSWERED}", "--conf-file=/dev/null", "--pid-file="]
    with (
        joined("sm-test-five", "sm-test-six") as (one, two),
        pipeline(tmp_path) as running,
        part(*agent, "alpha", inside=one),
        part(*agent, "beta", inside=two),
    ):
        for name, inside, address in (("sm-one", one, "fd77::1"), ("sm-two", two, PEER6)):
            subprocess.run([*inside, "ip", "address", "add", f"{address}/64", "nodad", "dev", name], check=True)

        def edge(port: int, *, clients: int = 1) -> list[tuple[Any, ...]]:
            found: list[tuple[Any, ...]] = running.until(
                _EDGES.format(port=port),
                lambda rows: len(rows) == clients and all(row[3].startswith("process:beta") for row in rows),
            )
            return found

        with (
            program(script(_TAKE, SYSLOG, inside=two), waits=True),
            program(script(_TAKE, CONNECTED, inside=two), waits=True),
            program([*two, *resolver]),
            program(script(_SEND, STATSD, PEER, PEER6, inside=one)) as client,
            program(script(_CONNECT, CONNECTED, PEER, inside=one)) as connected,
            program(script(_ASK, DNS, PEER, question(), inside=one)),
            program([*one, "bash", "-c", _LOG.format(logger=logger, peer=PEER, port=SYSLOG)]),
        ):
            with program(script(_TAKE, STATSD, inside=two), waits=True) as server:
                (statsd,) = running.until(
                    _EDGES.format(port=STATSD), lambda rows: len(rows) == 1 and rows[0][4:] == (2, 1, 1)
                )
            assert [node.split(":")[3] for node in statsd[2:4]] == [str(client.pid), str(server.pid)]
            with program(script(_TAKE, STATSD, inside=two), waits=True) as successor:
                (again,) = running.until(
                    _EDGES.format(port=STATSD),
                    lambda rows: [row[3].split(":")[3:4] for row in rows] == [[str(successor.pid)]],
                )
            assert again[2] == statsd[2]

            (plain,) = running.until(_EDGES.format(port=CONNECTED), lambda rows: len(rows) == 1 and rows[0][6] == 1)
            assert plain[2].split(":")[3] == str(connected.pid)
            assert plain[4] == 1
            (syslog,) = edge(SYSLOG)
            assert syslog[2] == "host:alpha"
            (names,) = edge(DNS)
            assert (names[1], names[2]) == ("dnsmasq", "host:alpha")
            asked = running.until(_REQUESTS, lambda rows: sum(row[2] for row in rows) > 50)
            assert {row[:2] for row in asked} == {(names[2], names[3])}
