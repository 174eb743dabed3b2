"""The parts of many machines over secured links: the agent's producer, the Faust worker, the sink and the commands."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sinks.address import Address
from sinks.store import Store
from tests.e2e.pipelines import running, wait_until
from tests.secure_kafka import PASSWORD, USER, Secure, secure_kafka, token_program
from tests.tls_front import tls_front

pytestmark = pytest.mark.slow

TLS = '[log.tls]\nenabled = true\nca = "{folder}/ca.pem"\n'
STORE_TLS = """[store.tls]
enabled = true
ca = "{folder}/ca.pem"
certificate = "{folder}/client.pem"
key = "{folder}/client.key"
"""
WAYS = {
    "mutual": ("MUTUAL", TLS + 'certificate = "{folder}/client.pem"\nkey = "{folder}/client.key"\n'),
    "scram": ("LOGIN", TLS + '[log.sasl]\nmechanism = "SCRAM-SHA-512"\nusername = "{user}"\n'),
    "plain": ("LOGIN", TLS + '[log.sasl]\nmechanism = "PLAIN"\nusername = "{user}"\n'),
    "token": ("LOGIN", TLS + '[log.sasl]\nmechanism = "OAUTHBEARER"\ntoken_command = {program}\n'),
}


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    with secure_kafka(tmp_path_factory.mktemp("secure")) as found:
        yield found


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("store")
    command = ["sinks.embedded", "--data", str(folder), "--native-port", "0", "--http-port", "0"]
    with running(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline().decode().split("native=")[1].split()[0])
        token = (folder / "store.token").read_text().strip()
        with closing(Store(Address("127.0.0.1", port, "servicemap", token, "default"))) as store:
            yield store


@pytest.fixture(scope="module")
def front(secure: Secure, store: Store) -> Iterator[int]:
    """The port of the store that asks for certificates."""
    with tls_front(store.address.port, secure.folder, "server", mutual=True) as port:
        yield port


def configuration(secure: Secure, way: str, store: Store, front: int, folder: Path) -> Path:
    listener, security = WAYS[way]
    at = store.address
    (folder / "password").write_text(at.password + "\n")
    text = (
        f'data = "{folder}"\n[log]\nurl = "{secure.url(listener)}"\n{security}'
        f'[store]\nurl = "clickhouse://{at.user}@{at.host}:{front}/{way}"\npassword_file = "{folder}/password"\n'
        + STORE_TLS
    )
    file = folder / "servicemap.toml"
    file.write_text(text.format(folder=secure.folder, user=USER, program=json.dumps(token_program())))
    return file


def ask(*command: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "servicemap", *command], check=True, capture_output=True, text=True, timeout=60
    ).stdout


@pytest.mark.parametrize("way", WAYS)
def test_reports_of_an_agent_reach_the_store_over_secured_links(
    secure: Secure, store: Store, front: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    config = str(configuration(secure, way, store, front, tmp_path))
    if way in {"scram", "plain"}:
        monkeypatch.setenv("SERVICEMAP_LOG__SASL__PASSWORD", PASSWORD)

    def part(name: str, *more: str) -> list[str]:
        return ["servicemap", name, "--config", config, *more]

    with running(part("collect", "--window", "1s")), running(part("work")), running(part("sink")):
        wait_until(lambda: rows(store, way, "host_usage") > 0)  # stored as the agent reports it
        wait_until(lambda: rows(store, way, "nodes") > 0)  # folded by the worker
        lags = [json.loads(line) for line in ask("log", "lag", "--json", "--config", config).splitlines()]
        assert {lag["group"] for lag in lags if lag["committed"]} >= {"servicemap-attribute"}
        listed = {json.loads(line)["topic"] for line in ask("log", "--json", "--config", config).splitlines()}
        assert "heartbeats" in listed
        assert json.loads(ask("map", "--json", "--config", config).splitlines()[0])


def rows(store: Store, database: str, table: str) -> int:
    found = store.query(f"SELECT count() FROM system.tables WHERE database = '{database}' AND name = '{table}'")
    return int(store.query(f"SELECT count() FROM {database}.{table}")[0][0]) if found[0][0] else 0


def test_doctor_names_the_fault_of_a_link(secure: Secure, store: Store, front: int, tmp_path: Path) -> None:
    config = str(configuration(secure, "scram", store, front, tmp_path))
    environment = {**os.environ, "SERVICEMAP_LOG__SASL__PASSWORD": "wrong"}
    command = [sys.executable, "-m", "servicemap", "doctor", "--json", "--config", config]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    (check,) = [check for check in json.loads(done.stdout)["checks"] if check["name"] == "log"]
    assert check["state"] == "broken"
    assert "do not accept the login of agent" in check["found"]
    assert done.stderr == ""
