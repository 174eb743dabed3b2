"""Real pairs of Redis and PostgreSQL are clusters of two, and what uses both is in none."""

import json
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.running import run, until, up
from tests.programs import AS_USER, HOST, Program, folder_of_user, free_port, installed, postgres, redis, running

pytestmark = [pytest.mark.slow, pytest.mark.programs]


@contextmanager
def standby(primary: Program) -> Iterator[Program]:
    """Run a PostgreSQL that replicates from another one."""
    program = installed("postgres", "postgresql")
    with folder_of_user() as folder:
        port, data = free_port(), folder / "standby"
        tools = Path(program).parent
        copy = [str(tools / "pg_basebackup"), f"--pgdata={data}", f"--host={HOST}", f"--port={primary.port}"]
        copy += ["--username=postgres", "--write-recovery-conf", "--checkpoint=fast", "--no-sync"]
        subprocess.run(copy, check=True, capture_output=True, cwd=folder, **AS_USER)
        command = [program, "-D", str(data), "-h", HOST, "-p", str(port), "-k", str(folder), "-F"]
        ready = [str(tools / "pg_isready"), "-q", f"--host={HOST}", f"--port={port}"]
        with running(command, folder, port, lambda: subprocess.call(ready) == 0) as found:
            yield found


def send(port: int, command: str) -> None:
    """Send a command to a Redis."""
    with socket.create_connection((HOST, port), timeout=5) as connection:
        connection.sendall(f"{command}\r\n".encode())
        assert connection.recv(64) == b"+OK\r\n"


def clusters(data: Path) -> dict[str, dict[str, Any]]:
    """Return the clusters by their kind."""
    lines = run("clusters", "--data", str(data), "--json").stdout.splitlines()
    return {one["kind"]: one for one in map(json.loads, lines)}


def roles(of: dict[str, Any]) -> dict[str, set[int]]:
    """Return the pids of all processes of each member, by its role."""
    return {member["role"]: {int(node.split(":")[3]) for node in member["nodes"]} for member in of["members"]}


def test_a_replica_and_its_leader_are_one_cluster(tmp_path: Path) -> None:
    with ExitStack() as stack:
        leader, replica = (stack.enter_context(redis()) for _ in range(2))
        send(replica.port, f"REPLICAOF {HOST} {leader.port}")
        primary = stack.enter_context(postgres())
        second = stack.enter_context(standby(primary))
        for port in (leader.port, replica.port, primary.port, second.port):  # one client of all
            stack.enter_context(socket.create_connection((HOST, port)))
        data = stack.enter_context(up(tmp_path / "data", "--window", "1s")).data
        found = until(lambda: clusters(data), lambda each: {"Redis", "PostgreSQL"} <= each.keys(), 60, "both clusters")

        assert roles(found["Redis"]) == {"leader": {leader.process.pid}, "replica": {replica.process.pid}}
        of_postgres = roles(found["PostgreSQL"])
        assert of_postgres["leader"] <= primary.pids()
        assert of_postgres["replica"] <= second.pids()
