"""The commands of docker-compose.yml, run as they stand there, but without containers: until there is an edge."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from deploy.java import StartError
from deploy.kafka import start
from sinks.address import Address
from sinks.store import Store, StoreError
from tests.deploy.compose import FILLED, services
from tests.e2e.running import SERVICEMAP, until
from tests.e2e.talk import asking, served

pytestmark = pytest.mark.slow

QUICK = {"SERVICEMAP_COLLECTORS__WINDOW_MS": "1000"}
PATHS = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all")


@contextmanager
def embedded(folder: Path) -> Iterator[dict[str, Any]]:
    """Run a store in the place of ClickHouse."""
    command = [sys.executable, "-m", "sinks.embedded", "--data", str(folder), "--native-port", "0", "--http-port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline().startswith("ready ")
            yield json.loads((folder / "store.json").read_text())
        finally:
            process.terminate()


@contextmanager
def running(names: Sequence[str], hosts: dict[str, str], password: str, folder: Path) -> Iterator[None]:
    """Run services' commands with their environments and capabilities; `hosts` are the real places of their peers."""
    described = services({**FILLED, "CLICKHOUSE_PASSWORD": password})
    started = []
    try:
        for name in names:
            printed = {key: str(value) for key, value in described[name]["environment"].items()} | QUICK
            for meant, real in hosts.items():
                printed = {key: value.replace(meant, real) for key, value in printed.items()}
            command = [*privileges(described[name]), *SERVICEMAP, *described[name]["command"]]
            started.append(subprocess.Popen(command, env=printed | PATHS, cwd=folder, stdin=subprocess.DEVNULL))
        yield
    finally:
        for process in started:
            process.terminate()
        codes = [process.wait(30) for process in started]
    assert codes == [0] * len(names)


def privileges(service: dict[str, Any]) -> Sequence[str]:
    """Return what starts a command with no other capabilities than the service has."""
    assert service["cap_drop"] == ["ALL"]
    kept = "".join(f",+{name.lower()}" for name in service.get("cap_add", ()))
    return "setpriv", "--no-new-privs", "--inh-caps=-all", f"--bounding-set=-all{kept}"


def healthy(name: str, hosts: dict[str, str]) -> bool:
    """Look after a service as Docker would."""
    service = services()[name]
    kind, program, *arguments = service["healthcheck"]["test"]
    assert (kind, program) == ("CMD", "python")
    for meant, real in hosts.items():
        arguments = [argument.replace(meant, real) for argument in arguments]
    environment = {**service["environment"], **PATHS}
    return subprocess.run([sys.executable, *arguments], env=environment, stderr=subprocess.DEVNULL).returncode == 0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.mark.root
def test_the_commands_make_a_map_in_which_the_agent_sees_who_others_are(tmp_path: Path) -> None:
    try:
        broker = start(0, tmp_path / "kafka")
    except StartError as error:
        if os.environ.get("SERVICEMAP_TEST_REAL_KAFKA") == "required":
            raise
        pytest.skip(str(error))
    with (
        broker,
        embedded(tmp_path / "store") as facts,
        served("127.0.0.1", inside=NOBODY) as port,
        asking("127.0.0.1", port, pause=0.1, inside=NOBODY),
    ):
        hosts = {"kafka:19092": broker.address, "127.0.0.1:9092": broker.address}
        hosts["clickhouse:9000"] = f"127.0.0.1:{facts['native_port']}"
        hosts["reader:two"] = "default:"  # the embedded store's own reader
        password = (tmp_path / "store" / "store.token").read_text()
        view = free_port()
        hosts |= {"0.0.0.0": "127.0.0.1", "8080": str(view)}
        with running(("worker", "sink", "agent", "view"), hosts, password, tmp_path):
            sql = f"SELECT client, server FROM process_edges WHERE server_port = {port} ORDER BY window DESC LIMIT 1"
            ((client, server),) = until(lambda: asked(facts["native_port"], sql), _between_processes, 60, sql)

            until(lambda: healthy("view", {"8080": str(view)}), bool, 30, "view to be healthy")

    assert client != server


def _between_processes(rows: list[tuple[Any, ...]]) -> bool:
    return bool(rows) and all(node.startswith("process:") for node in rows[0])


def asked(port: int, sql: str) -> list[tuple[Any, ...]]:
    """Ask the store as people do; no rows while there is no map yet."""
    store = Store(Address("127.0.0.1", port, "default", "", "servicemap"))
    try:
        return store.query(sql)
    except StoreError:
        return []
    finally:
        store.close()
