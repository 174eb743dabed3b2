"""`impact`, `deps`, `path` and `order` on the town: stranger → nginx → shop → postgres, and somebody → postgres."""

import json

import pytest

from tests.cli import town
from tests.cli.conftest import Run, Town

SHOP = f"service:{town.WEIRD}"


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def at(settled: Town) -> tuple[str, str]:
    return "--at", f"@{settled.now / 1000}"


def test_who_depends_on_a_database_is_found_through_the_shop(run: Run, settled: Town) -> None:
    result = run("impact", "postgres", *at(settled), "--json")
    assert result.exit_code == 0, result.output
    found = [(one["node"], one["depth"]) for one in lines(result.stdout)]
    assert (SHOP, 1) in found
    assert ("service:nginx", 2) in found
    assert ("address:203.0.113.9", 3) in found


def test_what_a_web_server_depends_on(run: Run, settled: Town) -> None:
    result = run("deps", "nginx", *at(settled))
    assert result.exit_code == 0, result.output
    depths = [line.split()[0] for line in result.stdout.splitlines()[1:]]
    assert depths == ["1", "2"]
    assert "postgres" in result.stdout
    assert "tcp/5432" in result.stdout


def test_a_depth_cuts_it(run: Run, settled: Town) -> None:
    result = run("deps", "nginx", *at(settled), "--depth", "1", "--json")
    assert [one["node"] for one in lines(result.stdout)] == [SHOP]


def test_what_needs_nothing_says_so(run: Run, settled: Town) -> None:
    result = run("deps", "postgres", *at(settled))
    assert result.exit_code == 0
    assert "postgres depends on nothing" in result.stderr


def test_the_way_from_a_web_server_to_the_database(run: Run, settled: Town) -> None:
    result = run("path", "nginx", "postgres", *at(settled))
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("nginx → ")
    assert result.stdout.rstrip().endswith("postgres (tcp/5432)")
    assert "\x1b" not in result.stdout


def test_a_way_that_does_not_exist_says_whether_one_leads_back(run: Run, settled: Town) -> None:
    result = run("path", "postgres", "nginx", *at(settled))
    assert result.exit_code == 4
    assert "there is no way from postgres to nginx" in result.stderr
    assert "there is a way back" in result.stderr


def test_an_unknown_node_is_answered_with_those_that_come_near(run: Run, settled: Town) -> None:
    result = run("impact", "postgrse", *at(settled))
    assert result.exit_code == 4
    assert "did you mean postgres" in result.stderr


def test_servers_are_started_before_their_clients(run: Run, settled: Town) -> None:
    result = run("order", "start", *at(settled), "--format", "json")
    assert result.exit_code == 0, result.output
    waves = {node["id"]: step["wave"] for step in lines(result.stdout) for node in step["nodes"]}  # type: ignore[attr-defined]
    assert waves["service:postgres"] == 1
    assert (waves[SHOP], waves["service:nginx"]) == (2, 3)


def test_clients_are_stopped_first(run: Run, settled: Town) -> None:
    rows = run("order", "stop", *at(settled)).stdout.splitlines()
    assert rows[-1].split()[1] == "postgres"
    assert "is needed by" in rows[-1]


@pytest.mark.parametrize("level", ["host", "process"])
def test_other_levels_have_an_order_too(run: Run, settled: Town, level: str) -> None:
    result = run("order", "start", *at(settled), "--level", level)
    assert result.exit_code == 0, result.output
    assert len(result.stdout.splitlines()) >= 3


def test_a_diagram_escapes_names_that_others_chose(run: Run, settled: Town) -> None:
    result = run("order", "start", *at(settled), "--format", "mermaid")
    assert result.stdout.startswith("flowchart LR\n")
    assert '"op' not in result.stdout
    assert "&quot;op" in result.stdout


def test_only_edges_that_are_annotated_so_are_followed(run: Run, settled: Town) -> None:
    found = run("impact", "postgres", *at(settled), "--overlay", "essential")
    assert (found.exit_code, "nothing depends on postgres" in found.stderr) == (0, True)
    (one,) = lines(run("deps", "nginx", *at(settled), "--overlay", "essential", "--json").stdout)
    assert (one["node"], one["arrows"][0]["annotations"]) == (SHOP, {"essential": True})  # type: ignore[index]
    assert len(run("deps", "nginx", *at(settled), "--overlay", "essential!=true").stdout) == 0
    steps = lines(run("order", "start", *at(settled), "--overlay", "essential", "--format", "json").stdout)
    assert [step["nodes"][0]["id"] for step in steps if step["wave"] == 2] == ["service:nginx"]  # type: ignore[index]


def test_people_are_shown_what_overlays_say_of_the_way(run: Run, settled: Town) -> None:
    headings, first, *_ = run("deps", "nginx", *at(settled)).stdout.splitlines()
    assert (headings.split()[-1], first.split()[-1]) == ("OVERLAYS", "essential=true")


@pytest.mark.parametrize(
    "command",
    [("impact", "postgres"), ("deps", "nginx"), ("path", "nginx", "postgres"), ("order", "start"), ("clusters",)],
    ids=lambda words: words[0],
)
def test_a_range_that_ends_before_it_begins_is_refused(run: Run, command: tuple[str, ...]) -> None:
    result = run(*command, "--since", "5m", "--at", "10m")
    assert result.exit_code == 2
    assert "--since must be earlier than --at" in result.stderr


def test_a_way_can_be_one_of_annotated_edges_alone(run: Run, settled: Town) -> None:
    result = run("path", "nginx", "postgres", *at(settled), "--overlay", "essential")
    assert result.exit_code == 4
    assert "there is no" in result.stderr
