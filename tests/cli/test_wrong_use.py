"""Options that cannot be meant together, and values that cannot be, are refused in a sentence; nothing is guessed."""

import pytest
from click.testing import CliRunner

from servicemap.cli import main

EXCLUSIVE = [
    ["map", "--json", "--dot"],
    ["map", "--dot", "--json", "--service", "x"],
    ["sql", "--json", "--format", "CSV", "SELECT 1"],
    ["sql", "SELECT 1", "--param", "a=1", "--param", "a=2"],
    ["sql", "SELECT 1", "--http-port", "8123"],
    ["log", "read", "heartbeats", "--follow", "--to", "now"],
    ["log", "read", "heartbeats", "--from", "5m", "--to", "10m"],
    ["map", "--since", "10m", "--at", "1h", "--data", "/nonexistent"],
    ["replay", "--from", "5m", "--to", "10m"],
    ["replay", "--from", "12:00", "--to", "12:00"],
    ["replay", "--from", "10m", "--to", "5m", "--force"],
    ["dashboards", "publish", "--url", "http://h", "--user", "a:b", "--token", "c"],
    ["up", "--store", "clickhouse://h", "--native-port", "9000"],
    ["up", "--store", "clickhouse://h", "--http-port", "0"],
]
EMPTY = [
    ["map", "--service", ""],
    ["map", "--host", ""],
    *(
        [command, option, ""]
        for command in ("map", "doctor", "view", "work")
        for option in ("--data", "--log", "--store")
    ),
]
MOMENTS = [
    "yesterdy", "25:00", "12:60", "", "10x", "@", "@1e3", "@-1", "99999999999999999d", "@" + "9" * 30, "0001-01-01",
    "9999-12-31", "1900-01-01", "2026-02-30", "1" * 400, "1" * 400 + "d", "nan", "@inf", "1969-12-31T23:59:59Z",
]  # fmt: skip
DURATIONS = ["x", "-1s", "", "1y", "9" * 400 + "s", "1e3", "inf", "10 m m", "1.5.5s"]


@pytest.mark.parametrize("arguments", EXCLUSIVE + EMPTY, ids=" ".join)
def test_options_that_exclude_each_other_are_refused(
    arguments: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    result = CliRunner(env={"HOME": str(tmp_path_factory.getbasetemp())}).invoke(main, arguments)

    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.splitlines()[-1].startswith("Error: ")


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize(
    "arguments", [["map", "--at"], ["log", "read", "edges", "--from"], ["replay", "--to"]], ids=" ".join
)
def test_a_time_that_cannot_be_is_a_wrong_use(arguments: list[str], moment: str) -> None:
    result = CliRunner().invoke(main, [*arguments, moment])

    assert result.exit_code == 2
    assert f"Invalid value for '{arguments[-1]}'" in result.stderr
    assert result.stderr.count("\n") <= 4


@pytest.mark.parametrize("duration", DURATIONS)
@pytest.mark.parametrize("arguments", [["up", "--for"], ["up", "--window"], ["collect", "--window"]], ids=" ".join)
def test_a_duration_that_cannot_be_is_a_wrong_use(arguments: list[str], duration: str) -> None:
    result = CliRunner().invoke(main, [*arguments, duration])

    assert result.exit_code == 2
    assert f"Invalid value for '{arguments[-1]}'" in result.stderr


@pytest.mark.parametrize("limit", ["-1", "1.5", "9" * 30, "many", ""])
def test_a_limit_that_cannot_be_is_a_wrong_use(limit: str) -> None:
    assert CliRunner().invoke(main, ["log", "read", "edges", "--limit", limit]).exit_code == 2


@pytest.mark.parametrize(
    "url", ["clickhouse://h:99999", "clickhouse://h:abc", "clickhouse://[::1", "http://h", "x", "clickhouse://"]
)
@pytest.mark.parametrize(
    "command", [["map"], ["sql", "SELECT 1"], ["view"], ["replay", "--from", "2m", "--to", "1m"]], ids=" ".join
)
def test_an_address_that_is_no_store_is_named(command: list[str], url: str) -> None:
    result = CliRunner().invoke(main, [*command, "--store", url, "--data", "/nonexistent"])

    assert result.exit_code == 1
    assert f"{url} is not a store" in result.stderr or "there is no log" in result.stderr


@pytest.mark.parametrize("url", ["nonsense", "ftp://h", "http://h:99999", "http://[::1", "http://"])
def test_an_address_that_is_no_grafana_is_named(url: str) -> None:
    result = CliRunner().invoke(main, ["dashboards", "publish", "--store", "clickhouse://h", "--url", url])

    assert result.exit_code == 1
    assert f"{url} is not a Grafana" in result.stderr


def test_options_before_a_subcommand_are_refused_with_where_they_stand() -> None:
    for arguments in (["log", "--data", "/nonexistent", "read", "edges"], ["config", "--data", "show", "check"]):
        result = CliRunner().invoke(main, arguments)

        assert result.exit_code == 2
        command = " ".join((arguments[0], arguments[3]))
        assert f"Error: options come after the command: servicemap {command} …" in result.stderr


def test_a_number_that_is_none_is_called_a_whole_number() -> None:
    result = CliRunner().invoke(main, ["names", "--pid", "x"])

    assert result.exit_code == 2
    assert "'x' is not a valid whole number" in result.stderr
