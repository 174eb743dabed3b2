"""`--filter` keeps a part of the map, in the language of the query bar."""

import json

import pytest

from tests.cli import town
from tests.cli.conftest import Run


def ports(run: Run, text: str, *more: str) -> set[int]:
    result = run("map", "--json", "--filter", text, *more)
    assert result.exit_code == 0, result.stderr
    return {edge["server_port"] for edge in json.loads(result.stdout)["edges"]}


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ("service:nginx", {443, 8000}),
        ("host:db1", {5432}),
        ("-port:5432", {443, 8000, 9000}),
        ("external", {443}),
        ("cross:host", {5432}),
        ("zone:b", {443, 8000, 5432, 9000}),
        ("overlay:owner -external", {8000, 5432, 9000}),
        ("nginx > *", {8000}),
        ("postgres", {5432}),
    ],
)
def test_a_filter_keeps_what_it_says(run: Run, text: str, there: set[int]) -> None:
    text = text.replace("nginx >", "service:nginx >")
    assert ports(run, text) == there


def test_nothing_is_new_without_earlier_records(run: Run) -> None:
    result = run("map", "--filter", "new:today")
    assert result.exit_code == 4


def test_a_name_that_is_not_there_is_named_with_those_that_come_near(run: Run) -> None:
    result = run("map", "--filter", "service:ngnix")
    assert result.exit_code == 4
    assert "matches service:ngnix; there is no service ngnix: did you mean nginx?" in result.stderr


def test_what_is_no_filter_is_refused_with_its_place(run: Run) -> None:
    result = run("map", "--filter", "shop health:bda")
    assert result.exit_code == 2
    assert "health:bda, at character 6: there is no health bda: did you mean bad?" in result.stderr


def test_an_empty_filter_is_refused_as_one_of_a_variable_that_is_not_set(run: Run) -> None:
    assert "--filter is empty" in run("map", "--filter", "").stderr


def test_an_export_takes_the_same_filter(run: Run) -> None:
    result = run("export", "--format", "json", "--level", "process", "--filter", "port:8000")
    (edge,) = json.loads(result.stdout)["edges"]
    assert edge["server"] == town.SHOP.node


def test_questions_about_the_map_as_a_graph_follow_only_what_the_filter_keeps(run: Run) -> None:
    clients = [json.loads(line)["title"] for line in run("impact", "postgres", "--json").stdout.splitlines()]
    kept = run("impact", "postgres", "--json", "--filter", "-service:nginx").stdout
    assert "nginx" in clients
    assert "nginx" not in kept
    assert json.loads(kept.splitlines()[0])["depth"] == 1
    assert run("impact", "postgres", "--filter", "health:bda").exit_code == 2
