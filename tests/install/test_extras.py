"""What pyproject.toml declares, and what the commands and the locks make of it."""

import re
import tomllib
from importlib import import_module

import click
import pytest
from click.testing import CliRunner

from servicemap import extras
from servicemap.cli import COMMANDS, main
from servicemap.host_checks import UNUSED, packages
from tests.install.environments import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PINS = {
    name: dict(re.findall(r"^([a-z][\w.-]*)==(\S+)", (ROOT / name).read_text(), re.M))
    for name in ("requirements.lock", "requirements-test.lock")
}


def test_extras_are_read_as_they_are_declared() -> None:
    declared = PROJECT["optional-dependencies"]

    assert {*extras.EXTRAS, "all"} == declared.keys()
    assert set(extras.packages("worker")) == {"cramjam", "faust-streaming"}
    assert set(extras.packages("up")) >= {"aiohttp", "chdb", "clickhouse-driver", "rich"}
    assert set(extras.packages("all")) == {name for extra in extras.EXTRAS for name in extras.packages(extra)}
    assert not set(extras.packages()) & set(extras.packages("all"))


def test_every_command_states_the_extra_that_it_needs_or_that_it_needs_none() -> None:
    assert extras.OF_COMMANDS.keys() == COMMANDS.keys()
    assert set(extras.OF_COMMANDS.values()) == {"", *extras.EXTRAS} - {"compose"}  # of some files that simulate reads


def test_what_make_up_installs_is_what_the_tests_run_with() -> None:
    run, test = PINS.values()

    assert run.items() <= test.items()
    assert {"numpy", *UNUSED, "pytest", "mypy"}.isdisjoint(run)
    assert {"numpy", *UNUSED, "pytest"} <= test.keys()


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-test.lock"])
def test_every_pin_has_hashes_and_no_address(name: str) -> None:
    text = (ROOT / name).read_text()

    entries = re.split(r"\n(?=[a-z])", text)
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in text


def test_a_package_that_is_missing_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "installed", lambda package: None if package in {"chdb", "rich"} else "1")

    assert extras.missing_for("up") == "chdb and rich are not installed: run `pip install 'servicemap[up]'`"
    assert extras.missing_for("view") == ""
    done = CliRunner().invoke(main, ["up"])
    assert (done.exit_code, done.stderr) == (1, f"servicemap: {extras.missing_for('up')}\n")


ARGUMENTS = {
    "replay": ["--from", "2h", "--to", "1h"],
    "alerts": ["test", "--from", "1h"],
    "impact": ["postgres"],
    "deps": ["nginx"],
    "path": ["nginx", "postgres"],
    "order": ["start"],
    "diff": ["1h"],
    "owner": ["10.0.0.1"],
    "export": ["--format", "dot"],
    "overlay": ["list"],
}


@pytest.mark.parametrize("name", [name for name, extra in extras.OF_COMMANDS.items() if extra == "store"])
def test_a_module_that_is_missing_is_one_sentence(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    def missing(**_: object) -> None:
        raise ModuleNotFoundError("No module named 'rich'", name="rich")

    command: click.Command = import_module(f"servicemap.commands.{name}").command
    monkeypatch.setattr(command, "callback", missing)
    monkeypatch.setattr(extras, "installed", lambda package: None if package == "rich" else "1")

    done = CliRunner().invoke(main, [name, *ARGUMENTS.get(name, [])])

    assert done.exit_code == 1
    assert done.stderr == "servicemap: rich is not installed: run `pip install 'servicemap[store]'`\n"


def test_doctor_lists_what_is_installed_and_what_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    here = {"chdb", "clickhouse-driver", "cramjam", "jsonschema", "networkx", "rich"}
    monkeypatch.setattr("servicemap.extras.installed", lambda package: "1" if package in here else None)
    monkeypatch.setattr("servicemap.host_checks.installed", lambda package: "1" if package in here else None)

    assert packages().found == (
        "agent, store; not here: worker (faust-streaming), view (aiohttp), up (aiohttp), grafana (grafana-client),"
        " compose (pyyaml), mcp (mcp);"
        " without pandas and pyarrow, which chdb asks for and servicemap never imports"
    )
