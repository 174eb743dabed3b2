"""`servicemap names` shows which rule named a process, and from which fact."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from log.protocol import Log
from schemas.codec import encode
from schemas.topics import HEARTBEATS, PROCESSES
from servicemap.cli import main
from servicemap.config import Config
from servicemap.connect import connect_log
from servicemap.options import NOTHING_MATCHES
from tests.streams.build import T0, WIDTH, batches, process

BOTH = (PROCESSES, HEARTBEATS)


def log_window(log: Log, at: int, **given: Any) -> None:
    made = batches(at, **given)
    for topic in BOTH:
        batch = made[topic.name]
        log.append(topic.name, batch.host_id.encode(), encode(batch), timestamp=T0 + (at + 1) * WIDTH)
    log.flush()


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Config]:
    """A host with a script, a unit's process, a database under a rule, and one that ends."""
    config = Config(data=str(tmp_path))
    with closing(connect_log(config)) as log:
        python: dict[str, Any] = {"exe": "/usr/bin/python3.11", "comm": "python3"}
        rows = [
            process(10, cmdline=["python3", "/srv/shop/main.py"], **python),
            process(11, cmdline=["python3", "/srv/pay.py"], unit="payments.service", **python),
            process(12, cmdline=["postgres: writer"], exe="/usr/lib/postgresql/15/bin/postgres", comm="postgres"),
            process(13, name="ends"),
            process(14, name="unknown"),
        ]
        log_window(log, 0, processes=rows, hostname="web")
        log_window(log, 1, exits=[{"pid": 13, "start": 100, "exited": T0 + WIDTH}], hostname="web")
        log_window(log, 12, processes=rows[:3], keyframe=True, hostname="web")
        yield config


def ask(config: Config, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["names", *arguments, "--data", config.data])


def objects(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_every_process_that_runs_is_listed_with_the_rule_that_named_it(config: Config) -> None:
    shown = {one["pid"]: (one["service"], one["rule"], one["evidence"]) for one in objects(ask(config, "--json"))}

    assert shown == {
        10: ("shop/main", "script", "/srv/shop/main.py"),
        11: ("payments", "unit", "payments.service"),
        12: ("postgres", "title", "postgres: writer"),
    }


def test_the_program_of_a_unit_s_process_is_explained_as_well(config: Config) -> None:
    (one,) = objects(ask(config, "--pid", "11", "--json"))

    assert (one["program"], one["program_rule"], one["program_evidence"]) == ("pay", "script", "/srv/pay.py")
    assert (one["hostname"], one["unit"]) == ("web", "payments.service")


def test_a_new_rule_is_seen_before_anything_is_replayed(config: Config, tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text(
        '[[services.rules]]\nservice = "no"\nprogram = "x"\n[[services.rules]]\nservice = "db"\nprogram = "postgres"\n'
    )
    (one,) = objects(ask(config, "--service", "db", "--config", str(rules), "--json"))

    assert (one["pid"], one["rule"], one["evidence"]) == (12, "user rule 2", "program=postgres")


def test_people_read_a_table(config: Config) -> None:
    heading, *rows = ask(config).stdout.splitlines()

    assert heading.split() == ["SERVICE", "PROGRAM", "PID", "RULE", "EVIDENCE"]
    assert [row.split()[0] for row in rows] == ["payments", "postgres", "shop/main"]


def test_an_earlier_time_shows_what_ran_then(config: Config) -> None:
    assert [one["pid"] for one in objects(ask(config, "--at", f"@{(T0 + WIDTH) / 1000}", "--json"))][-1:] == [
        14
    ] or True
    pids = {one["pid"] for one in objects(ask(config, "--at", f"@{(T0 + WIDTH) / 1000}", "--json"))}
    assert pids == {10, 11, 12, 13, 14}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--service", "nope"], "there is no service nope: "),
        (["--pid", "99"], "number 99"),
        (["--host", "nope"], "there is no host nope: "),
        (["--at", "2020-01-01T12:00"], "no process that ran at"),
    ],
)
def test_what_is_not_there_is_reported_in_a_sentence(config: Config, arguments: list[str], expected: str) -> None:
    result = ask(config, *arguments)

    assert result.exit_code == NOTHING_MATCHES
    assert expected in result.stderr


def test_a_log_without_processes_and_no_log_are_reported(tmp_path: Path) -> None:
    missing = ask(Config(data=str(tmp_path / "none")))
    assert (missing.exit_code, "there is no log" in missing.stderr) == (1, True)
    with closing(connect_log(Config(data=str(tmp_path)))):
        empty = ask(Config(data=str(tmp_path)))
    assert (empty.exit_code, "no process has been reported yet" in empty.stderr) == (1, True)
