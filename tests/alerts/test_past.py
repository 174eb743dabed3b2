"""`servicemap alerts test` on a stored past."""

import json
from collections.abc import Callable
from datetime import datetime

import pytest
from click.testing import CliRunner, Result

from servicemap.cli import main
from sinks.address import Address
from tests.alerts.conftest import NOW
from tests.alerts.scene import MINUTE, Scene

HOUR = 60 * MINUTE
Tests = Callable[..., Result]


@pytest.fixture
def tests(address: Address) -> Tests:
    """Run `alerts test` on the store of the scene."""
    store = f"clickhouse://{address.user}:{address.secret()}@{address.host}:{address.port}/{address.database}"

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["alerts", "test", "--store", store, *arguments])

    return run


def moment(ms: int) -> str:
    return f"@{ms / 1000:.0f}"


AROUND_IT = ("--from", moment(NOW - HOUR - 2 * MINUTE), "--to", moment(NOW - HOUR + 18 * MINUTE))


def trouble(scene: Scene) -> None:
    """Let connections fail for ten minutes, an hour ago."""
    for host in ("web", "db"):
        scene.reports(host, NOW - 3 * HOUR, NOW)
    scene.talks("shop@web", "postgres@db", NOW - 2 * HOUR, NOW - HOUR, opened=5)
    scene.talks("shop@web", "postgres@db", NOW - HOUR, NOW - HOUR + 10 * MINUTE, opened=10, failed=8)
    scene.talks("shop@web", "postgres@db", NOW - HOUR + 10 * MINUTE, NOW, opened=5)
    scene.stored(rolled_up=True)


def test_what_would_have_fired_is_printed_with_its_times(scene: Scene, tests: Tests) -> None:
    trouble(scene)
    result = tests(*AROUND_IT, "--rule", "connections-failed", "--json")
    assert result.exit_code == 0, result.output
    (alert,) = (json.loads(line) for line in result.stdout.splitlines())
    assert alert["labels"] == {"client": "shop", "server": "postgres", "port": "tcp 5432"}
    assert alert["severity"] == "warning"
    assert alert["summary"] == "shop → postgres (tcp 5432): 80 % of the connections fail"
    since, until = (
        int(datetime.fromisoformat(alert[name]).timestamp() * 1000) - (NOW - HOUR) for name in ("since", "until")
    )
    assert 2 * MINUTE <= since <= 4 * MINUTE
    assert 12 * MINUTE <= until <= 15 * MINUTE
    assert "1 alerts of 1 of 1 rules" in result.stderr


def test_another_threshold_can_be_tried(scene: Scene, tests: Tests) -> None:
    trouble(scene)
    span = (*AROUND_IT, "--every", "3m", "--rule", "connections-failed")
    assert "postgres" in tests(*span).stdout
    quiet = tests(*span, "--beyond", "0.9")
    assert quiet.stdout == ""
    assert "none of 1 rules would have fired" in quiet.stderr


def test_all_rules_are_tested_when_none_is_named(scene: Scene, tests: Tests) -> None:
    trouble(scene)
    result = tests(*AROUND_IT, "--every", "5m")
    assert result.exit_code == 0, result.output
    assert "connections-failed" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--from", "1h", "--rule", "edge-vanishd"], 4, "edge-vanished"),
        (["--from", "1h", "--to", "2h"], 2, "--from must be earlier"),
        (["--from", "1h", "--beyond", "3"], 2, "--beyond needs --rule"),
    ],
)
def test_wrong_use_is_one_sentence(scene: Scene, tests: Tests, arguments: list[str], code: int, words: str) -> None:
    result = tests(*arguments)
    assert result.exit_code == code
    assert words in result.stderr


def test_a_past_without_data_is_said(scene: Scene, tests: Tests) -> None:
    trouble(scene)
    result = tests("--from", moment(NOW + HOUR), "--to", moment(NOW + 2 * HOUR))
    assert result.exit_code == 4
    assert "nothing is stored since" in result.stderr


def test_all_rules_are_listed() -> None:
    result = CliRunner().invoke(main, ["alerts", "list"])
    assert result.exit_code == 0
    assert "edge-vanished (warning): Edge vanished" in result.stdout
    lines = CliRunner().invoke(main, ["alerts", "list", "--json"]).stdout.splitlines()
    assert {"rule", "query", "beyond", "interval"} <= json.loads(lines[0]).keys()
