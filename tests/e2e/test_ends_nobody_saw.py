"""Servers that only their clients see, because they use UDP, are stopped or never existed."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.running import part
from tests.e2e.talk import served
from tests.e2e.test_two_hosts import joined, pipeline

_ECHO = """
import socket, sys
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("0.0.0.0", int(sys.argv[1])))
print("ready", flush=True)
while True:
    server.sendto(b"pong", server.recvfrom(99)[1])
"""
_ASK = """
import socket, sys, time
asked = []
for address, port in zip(sys.argv[1::2], map(int, sys.argv[2::2])):
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.connect((address, port))
    asked.append(one)
while True:
    for one in asked:
        one.send(b"ping")
    time.sleep(0.1)
"""
_TRY = """
import socket, sys, time
while True:
    for port in map(int, sys.argv[2:]):
        try:
            socket.create_connection((sys.argv[1], port), 1).close()
        except OSError:
            pass
    time.sleep(0.2)
"""
_EDGES = (
    "SELECT DISTINCT transport, server_port, server, server_provenance FROM process_edges "
    "WHERE seen_by_server = 0 AND client_host = 'alpha' AND {}"
)

_LISTENS = (
    "SELECT DISTINCT port, splitByChar('\\t', toString(who))[3] AS node FROM places "
    "WHERE host = 'beta' AND port IN ({}) AND node != ''"
)


@contextmanager
def program(text: str, *arguments: object, inside: Sequence[str]) -> Iterator[int]:
    """Run a program inside a namespace; yield its pid."""
    command = [*inside, sys.executable, "-c", text, *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            yield process.pid
        finally:
            process.kill()


@pytest.mark.root
def test_ends_that_nobody_saw_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVICEMAP_COLLECTORS__DATAGRAMS", "false")  # with them the servers' host would see UDP
    agent = ("collect", "--data", str(tmp_path), "--window", "1s", "--host-id")
    udp, closed = 5353, 7999  # nobody else's, in namespaces of our own
    with (
        joined("sm-test-three", "sm-test-four") as (one, two),
        pipeline(tmp_path) as running,
        part(*agent, "alpha", inside=one),
        part(*agent, "beta", inside=two),
        program(_ECHO, udp, inside=two) as there,
        program(_ECHO, udp, inside=one) as here,
    ):
        with served("10.77.31.2", inside=two) as port:
            listens = _LISTENS.format(f"{port}, {udp}")
            running.until(listens, lambda rows: {row[0] for row in rows} == {port, udp})
            (server,) = {row[1] for row in running.sql(listens) if row[0] == port}
        with (
            program(_ASK, "10.77.31.2", udp, "127.0.0.1", udp, inside=one),
            program(_TRY, "10.77.31.2", port, closed, inside=one),
        ):
            found = running.until(
                _EDGES.format("(transport = 'udp' OR connections_failed > 0)"),
                lambda rows: (
                    {(row[0], row[1]) for row in rows} >= {("udp", udp), ("tcp", port), ("tcp", closed)}
                    and sum(row[0] == "udp" and row[3] == "listener" for row in rows) >= 2
                ),
            )

    ends = {(transport, at, ":".join(node.split(":")[:2]), how) for transport, at, node, how in found}
    assert ends == {
        ("udp", udp, "process:beta", "listener"),
        ("udp", udp, "process:alpha", "listener"),
        ("tcp", port, "process:beta", "last listener"),
        ("tcp", closed, "host:beta", "address"),
    }
    assert {node for transport, at, node, _ in found if at == port} == {server}
    assert {node.split(":")[3] for transport, _, node, _ in found if transport == "udp"} == {str(there), str(here)}
