"""`servicemap owner`: who had an address, a port or a pid."""

import json

import pytest

from answers.owner import Wanted, wanted
from schemas.times import HOUR_MS
from tests.cli import town
from tests.cli.conftest import Run, Town


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("10.0.0.2", Wanted("10.0.0.2")),
        ("10.0.0.2:5432", Wanted("10.0.0.2", 5432)),
        ("fd00::2", Wanted("fd00::2")),
        ("[fd00::2]", Wanted("fd00::2")),
        ("[FD00::0002]:443", Wanted("fd00::2", 443)),
        ("::ffff:10.0.0.2", Wanted("10.0.0.2")),
        ("pid:4711", Wanted(pid=4711)),
    ],
)
def test_what_is_asked_for_is_an_address_a_port_or_a_pid(text: str, meant: Wanted) -> None:
    assert wanted(text) == meant


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("web1", "neither an address nor a pid"),
        ("web1:80", "neither an address nor a pid"),
        ("10.0.0.256", "neither an address nor a pid"),
        ("10.0.0.2:99999", "has no port"),
        ("10.0.0.2:http", "neither an address nor a pid"),
        ("pid:0", "is no pid"),
        ("pid:99999999", "is no pid"),
        ("pid:x", "neither an address nor a pid"),
        ("☃\x1b[31m", "neither an address nor a pid"),
    ],
)
def test_what_is_none_of_these_is_refused_with_the_forms_to_give(run: Run, text: str, words: str) -> None:
    result = run("owner", text)
    assert result.exit_code == 2
    assert words in result.stderr
    assert "give ADDRESS, ADDRESS:PORT, [ADDRESS]:PORT or pid:NUMBER" in result.stderr
    assert "\x1b" not in result.stderr


def test_a_port_is_the_process_s_that_listens(run: Run) -> None:
    result = run("owner", "10.0.0.2:5432")
    assert result.exit_code == 0, result.stderr
    headings, line = (line.split() for line in result.stdout.splitlines())
    assert headings == ["HOST", "PORT", "PID", "SERVICE", "PROGRAM", "CONTAINER", "SINCE", "UNTIL"]
    assert line[:-2] == ["db1", "tcp/5432", "300", "postgres", "postgres"]


def test_a_port_on_which_nobody_listens_shows_who_has_the_address(run: Run) -> None:
    result = run("owner", "10.0.0.2:81", "--json")
    assert [json.loads(line)["host"] for line in result.stdout.splitlines()] == ["id-db1"]
    assert "nobody is known to have listened there" in run("owner", "10.0.0.2:81").stderr


def test_a_pid_is_the_process_s_that_ran(run: Run) -> None:
    (found,) = (json.loads(line) for line in run("owner", "pid:300", "--json").stdout.splitlines())
    assert (found["node"], found["hostname"], found["user"]) == (town.POSTGRES.node, "db1", "postgres")
    assert run("owner", "pid:300", "--host", "db1").exit_code == 0
    assert run("owner", "pid:300", "--host", "web1").exit_code == 4


def test_what_nobody_had_then_names_who_had_it_when(run: Run, settled: Town) -> None:
    early = f"@{(settled.now - 10 * HOUR_MS) / 1000}"
    for what in ("pid:300", "10.0.0.2:5432"):
        result = run("owner", what, "--at", early)
        assert result.exit_code == 4
        assert "nobody is known to have had" in result.stderr
        assert "postgres on host" in result.stderr
    assert "nor at any other time" in run("owner", "192.0.2.7").stderr


def test_an_unknown_host_is_answered_with_those_that_come_near(run: Run) -> None:
    result = run("owner", "pid:300", "--host", "dbl")
    assert (result.exit_code, "there is no host dbl: did you mean db1" in result.stderr) == (4, True)
