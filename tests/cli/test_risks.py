"""`risks` on the town: stranger → nginx → shop → postgres."""

import json

from graph.risks.all import RISKS
from tests.cli.conftest import Run, Town


def test_what_stands_alone_is_found(run: Run, settled: Town) -> None:
    result = run("risks", "--at", f"@{settled.now / 1000}", "--json")
    assert result.exit_code == 0, result.output
    found = {(one["risk"], one["subject"]) for one in map(json.loads, result.stdout.splitlines())}
    assert {("store-alone", "service:postgres"), ("one-of-it", "service:postgres")} <= found
    assert "findings in the map" in result.stderr


def test_one_risk_is_asked_for(run: Run, settled: Town) -> None:
    rows = run("risks", "--at", f"@{settled.now / 1000}", "--risk", "store-alone").stdout.splitlines()
    assert [row.split()[0] for row in rows] == ["RISK", "store-alone"]


def test_the_risks_that_are_looked_for_are_listed(run: Run) -> None:
    assert [row.split()[0] for row in run("risks", "--list").stdout.splitlines()] == ["RISK", *RISKS]


def test_a_risk_that_is_none_is_refused(run: Run) -> None:
    assert run("risks", "--risk", "fire").exit_code == 2


def test_a_time_of_which_nothing_is_stored_says_so(run: Run) -> None:
    result = run("risks", "--since", "2020-01-01T00:00", "--at", "2020-01-02T00:00")
    assert (result.exit_code, result.stdout) == (4, "")
