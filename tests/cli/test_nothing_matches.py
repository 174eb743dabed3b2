"""A command that matches nothing reports what there is, and has its own exit code."""

import json
import time
from contextlib import closing

import pytest
from click.testing import CliRunner, Result

from schemas.matching import near, unknown
from schemas.times import HOUR_MS, iso
from schemas.topics import HEARTBEATS
from servicemap.cli import main
from servicemap.config import Config
from servicemap.connect import connect_log
from servicemap.options import NOTHING_MATCHES
from tests.cli.conftest import Run, Town

AT = int(time.time()) * 1000 - HOUR_MS
STORED = "from {first} to {last}"  # filled in by the test: names of tests must not depend on the time


@pytest.mark.parametrize("form", [[], ["--json"], ["--dot"]], ids=["text", "json", "dot"])
@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (["--service", "NGINX"], "there is no service NGINX: did you mean nginx?"),
        (["--service", "ngix"], "did you mean nginx?"),
        (["--service", "gin"], "did you mean nginx?"),
        (["--service", "zzz"], "there is no service zzz: the known ones are "),
        (["--service", "web1"], "web1 is a host: --host"),
        (["--service", "ngin\x1b[2Jx"], r"there is no service ngin\x1b[2Jx: did you mean nginx?"),
        (["--service", "nginx "], "did you mean nginx?"),
        (["--host", "WEB1"], "there is no host WEB1: did you mean web1"),
        (["--host", "id-db"], "did you mean id-db1"),
        (["--host", "nginx"], "nginx is a service: --service"),
        (["--service", "nginx", "--host", "nowhere"], "there is no host nowhere"),
        (["--service", "Postgres", "--level", "address"], "did you mean postgres"),
        (["--service", "Postgres", "--level", "host"], "did you mean postgres"),
        (["--service", "Postgres", "--all"], "did you mean postgres"),
    ],
)
def test_an_unknown_name_is_reported_with_similar_ones(
    run: Run, filters: list[str], expected: str, form: list[str]
) -> None:
    result = run("map", *form, *filters)

    assert result.exit_code == NOTHING_MATCHES
    assert expected in result.stderr
    assert "\x1b" not in result.stderr
    if form == ["--json"]:
        assert json.loads(result.stdout)["edges"] == []


@pytest.mark.parametrize("form", [[], ["--json"], ["--dot"]], ids=["text", "json", "dot"])
@pytest.mark.parametrize(
    "when",
    [
        ["--at", "2020-01-01"],
        ["--at", "9d"],
        ["--since", "2020-01-01", "--at", "2020-01-02"],
        ["--at", "2099-01-01"],
        ["--since", "2099-01-01"],
        ["--since", "2099-01-01", "--at", "2099-01-02"],
        ["--since", "1s"],
        ["--at", "now"],
    ],
    ids=" ".join,
)
def test_a_time_without_data_is_reported_with_the_times_that_have_some(
    run: Run, settled: Town, when: list[str], form: list[str]
) -> None:
    result = run("map", *form, *when)

    assert result.exit_code == NOTHING_MATCHES
    assert f"the stored data are of {iso(settled.now - 60_000)} to {iso(settled.now)}" in result.stderr


def test_a_range_that_begins_before_all_data_begins_with_the_data(run: Run, settled: Town) -> None:
    result = run("map", "--json", "--since", "2020-01-01")

    assert result.exit_code == 0
    assert f"the stored data begin at {iso(settled.now - 60_000)}" in result.stderr
    assert json.loads(result.stdout)["from"].startswith(iso(settled.now - 60_000)[:-1])
    assert json.loads(result.stdout)["to"].startswith(iso(settled.now)[:-1])


def test_a_known_name_without_connections_is_no_error(run: Run) -> None:
    result = run("map", "--service", "sleep")

    assert result.exit_code == 0
    assert "there are no connections" in result.stderr
    assert "of the service sleep" in result.stderr


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """A log with two heartbeats, of an hour ago."""
    config = Config(data=str(tmp_path_factory.mktemp("log")))
    with closing(connect_log(config)) as opened:
        for nth, key in enumerate((b"web-1", b"web-2")):
            opened.append(HEARTBEATS.name, key, b"{}", timestamp=AT + nth * 1000)
        opened.flush()
    return config


def read(log: Config, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["log", "read", *arguments, "--data", log.data])


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["Heartbeats"], "there is no topic Heartbeats: did you mean heartbeats?"),
        (["heartbeat"], "did you mean heartbeats?"),
        (["zzz"], "there is no topic zzz: the known ones are address-names, connections,"),
        (["heartbeats", "--key", "WEB-1"], "there is no key WEB-1: did you mean web-1"),
        (["heartbeats", "--key", "db"], "there is no key db: the known ones are web-1, web-2"),
        (["heartbeats", "--from", "2099-01-01"], STORED),
        (["heartbeats", "--to", "2020-01-01"], STORED),
        (["heartbeats", "--to", "2020-01-01", "--offsets", "--json"], STORED),
    ],
)
def test_missing_records_are_reported_with_those_there_are(log: Config, arguments: list[str], expected: str) -> None:
    result = read(log, *arguments)

    assert (result.exit_code, result.stdout) == (NOTHING_MATCHES, "")
    assert expected.format(first=iso(AT), last=iso(AT + 1000)) in result.stderr


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["dead-letters"], "dead-letters holds no records"),
        (["dead-letters", "--from", "1h"], "dead-letters holds no records"),
        (["heartbeats", "--from", "1m"], STORED),
    ],
)
def test_no_recent_records_are_no_error(log: Config, arguments: list[str], expected: str) -> None:
    result = read(log, *arguments)

    assert (result.exit_code, result.stdout) == (0, "")
    assert expected.format(first=iso(AT), last=iso(AT + 1000)) in result.stderr


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (["MAP"], "did you mean map, mcp or api?"),
        (["mpa"], "did you mean mcp, map or impact?"),
        (["sqll"], "did you mean sql?"),
        (["dashbord", "build"], "did you mean dashboards?"),
        (["log", "lagg"], "did you mean lag?"),
        (["config", "Check"], "did you mean check?"),
        (["store", "rebuld"], "did you mean rebuild?"),
        (["dashboards", "push"], "publish"),
        (["\x1b[2J"], r"there is no command \x1b[2J"),
    ],
)
def test_a_misspelt_command_is_reported_with_similar_ones(typed: list[str], expected: str) -> None:
    result = CliRunner().invoke(main, typed)

    assert result.exit_code == 2
    assert expected in result.stderr
    assert "\x1b" not in result.stderr


def test_similar_names_begin_with_those_in_another_case() -> None:
    known = {"Nginx", "nginx-2", "my-nginx", "postgres"}
    assert near("NGINX", known)[0] == "Nginx"
    assert near("nothing-like-it", known) == []
    assert unknown("service", "x", set()) == "there is no service x: none is known"
    many = {f"service-{nth}" for nth in range(1000)}
    assert "1,000 are known, such as service-0" in unknown("service", "!", many)
