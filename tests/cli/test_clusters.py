"""`servicemap clusters` on the town, whose only store is a single PostgreSQL."""

import json

from tests.cli import town
from tests.cli.conftest import Run, Town


def at(settled: Town) -> tuple[str, str]:
    return "--at", f"@{settled.now / 1000}"


def test_a_store_that_is_alone_is_no_cluster(run: Run, settled: Town) -> None:
    result = run("clusters", *at(settled))

    assert (result.exit_code, result.stdout) == (0, "")
    assert "there are no clusters in the map" in result.stderr


def test_all_adds_stores_that_are_alone(run: Run, settled: Town) -> None:
    result = run("clusters", "--all", *at(settled))

    headings, line = (text.split() for text in result.stdout.splitlines())
    assert headings == ["CLUSTER", "KIND", "PORT", "MEMBERS", "LEADER", "CLIENTS", "SURE"]
    assert line[0] == "PostgreSQL"
    assert line[-1] == "99%"
    assert "\x1b" not in result.stdout


def test_a_name_shows_members_and_evidence(run: Run, settled: Town) -> None:
    (one,) = map(json.loads, run("clusters", "--all", "--json", *at(settled)).stdout.splitlines())
    assert (one["kind"], one["port"], [member["id"] for member in one["members"]]) == (
        "PostgreSQL",
        5432,
        [town.POSTGRES.node],
    )
    result = run("clusters", one["name"], *at(settled))

    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines()[1].split()[:3] == ["postgres[300]", "db1", "postgres"]
    assert "runs postgres" in result.stderr


def test_an_unknown_name_is_reported_with_those_that_there_are(run: Run, settled: Town) -> None:
    result = run("clusters", "mongo", *at(settled))

    assert result.exit_code == 4
    assert "there is no cluster mongo: the known ones are PostgreSQL" in result.stderr
