"""`servicemap why` prints the culprit, or that there is none; a wrong name is answered with those that come near."""

import json

import pytest

from servicemap.options import NOTHING_MATCHES
from tests.cli.conftest import Run, Town


def test_where_nothing_departs_it_says_so(run: Run) -> None:
    result = run("why")

    assert result.exit_code == 0
    assert "departs from its own past" in result.stdout
    assert "compared with the hour before" in result.stderr


def test_programs_are_given_the_same(run: Run) -> None:
    found = json.loads(run("why", "nginx", "--json").stdout)

    assert (found["suspects"], found["symptom"], found["level"]) == ([], "service:nginx", "service")
    assert found["words"]["culprit"] == "nothing near nginx departs from its own past"


@pytest.mark.parametrize("subject", ["nginx", "service:nginx", "203.0.113.9 -> nginx", "203.0.113.9→nginx tcp/443"])
def test_a_subject_is_a_node_or_an_edge_by_its_name(run: Run, subject: str) -> None:
    result = run("why", subject)

    assert result.exit_code == 0, result.stderr


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["ngix"], "there is no service ngix: did you mean nginx?"),
        (["nginx -> nowhere"], "there is no edge nginx → nowhere"),
        (["web", "--level", "host"], "there is no host web: did you mean"),
        (["--at", "2020-01-01"], "nothing is stored up to 2020-01-01"),
        (["--at", "9d"], "nothing is stored up to"),
    ],
)
def test_what_matches_nothing_is_said_with_what_there_is(run: Run, arguments: list[str], expected: str) -> None:
    result = run("why", *arguments)

    assert result.exit_code == NOTHING_MATCHES
    assert expected in result.stderr


def test_a_start_after_the_end_is_refused(run: Run) -> None:
    result = run("why", "--since", "5m", "--at", "10m")

    assert result.exit_code == 2
    assert "--since must be earlier than --at" in result.stderr


def test_less_than_a_minute_of_data_is_said_to_be_too_little(run: Run, settled: Town) -> None:
    result = run("why", "--at", f"@{(settled.now - 30_000) / 1000}")

    assert result.exit_code == NOTHING_MATCHES
    assert "why needs a minute" in result.stderr
