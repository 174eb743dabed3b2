import json
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from log.protocol import Log
from schemas.times import HOUR_MS
from schemas.topics import ALL, EVENTS, HEARTBEATS, SIDES
from servicemap.cli import main
from servicemap.config import Config
from servicemap.connect import connect_log

T0 = int(time.time()) * 1000 - HOUR_MS - 60_000  # recent: retention takes what is old
RECORDS = 10  # a second apart, of two hosts in turn


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(data=str(tmp_path))


@pytest.fixture
def log(config: Config) -> Iterator[Log]:
    """A log with heartbeats in it, open for writing as it is while `up` runs."""
    with closing(connect_log(config)) as log:
        for nth in range(RECORDS):
            value = json.dumps({"nth": nth}).encode()
            log.append(HEARTBEATS.name, b"h%d" % (nth % 2), value, timestamp=T0 + nth * 1000)
        log.flush()
        yield log


def ask(config: Config, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["log", *arguments, "--data", config.data])


def lines(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def read(config: Config, *arguments: str) -> list[int]:
    return [line["value"]["nth"] for line in lines(ask(config, "read", HEARTBEATS.name, *arguments))]


def test_without_arguments_the_topics_are_listed_with_what_they_are_for(config: Config, log: Log) -> None:
    heading, *rows = ask(config).stdout.splitlines()
    assert heading.split() == ["TOPIC", "PARTITIONS", "RECORDS", "SIZE", "KEY", "KEPT", "ABOUT"]
    assert sorted(row.split()[0] for row in rows) == sorted(topic.name for topic in ALL)
    (heartbeats,) = [row for row in rows if row.startswith(HEARTBEATS.name)]
    assert heartbeats.split()[1:3] == ["1", str(RECORDS)]
    assert HEARTBEATS.about in heartbeats
    assert "  168 h  " in heartbeats
    assert ["  24 h, 2 h once read  " in row for row in rows if row.startswith(("edges", "sides"))] == [True, True]


def test_the_topics_for_programs_have_plain_numbers(config: Config, log: Log) -> None:
    topics = {row["topic"]: row for row in lines(ask(config, "--json"))}
    facts = {"partitions": 1, "records": RECORDS, "key": "host", "retention_ms": HEARTBEATS.retention_ms}
    facts["read_ms"] = HEARTBEATS.retention_ms
    assert facts.items() <= topics[HEARTBEATS.name].items()
    assert topics["hosts"]["compacted"]
    assert topics["hosts"]["retention_ms"] is None


def test_a_record_is_printed_with_its_place_its_time_and_its_key(config: Config, log: Log) -> None:
    first = lines(ask(config, "read", HEARTBEATS.name, "--limit", "1"))
    place = {"topic": HEARTBEATS.name, "partition": 0, "offset": 0, "timestamp": T0, "key": "h0"}
    assert first == [{**place, "value": {"nth": 0}}]
    assert lines(ask(config, "read", HEARTBEATS.name, "--limit", "1", "--offsets")) == [{**place, "size_bytes": 10}]


def test_a_range_of_time_a_key_and_a_number_of_records_can_be_read(config: Config, log: Log) -> None:
    assert read(config) == list(range(RECORDS))
    assert read(config, "--from", f"@{T0 / 1000 + 3}", "--to", f"@{T0 / 1000 + 6}") == [3, 4, 5]
    assert read(config, "--key", "h1", "--limit", "2") == [1, 3]
    assert read(config, "--limit", "0") == []


def test_a_record_that_is_no_json_is_shown_as_text(config: Config, log: Log) -> None:
    log.append(EVENTS.name, b"\xff", b"\xfe{", timestamp=T0)
    log.append(EVENTS.name, b"k", None, timestamp=T0)
    log.flush()
    assert [line["value"] for line in lines(ask(config, "read", EVENTS.name))] == ["\\xfe{", None]


def test_partitions_are_read_in_the_order_of_time(tmp_path: Path) -> None:
    config = Config(data=str(tmp_path))
    flags = ["--data", config.data]
    with closing(connect_log(Config(data=config.data, log=type(config.log)(partitions=3)))) as log:
        for nth in range(30):
            log.append(SIDES.name, b"k", b"%d" % nth, partition=nth % 3, timestamp=T0 + nth)
        log.flush()
        result = CliRunner().invoke(main, ["log", "read", SIDES.name, *flags])
    assert [line["value"] for line in lines(result)] == list(range(30))


def test_following_prints_what_comes_and_ends_with_ctrl_c(config: Config, log: Log) -> None:
    command = [sys.executable, "-m", "servicemap", "log", "read", HEARTBEATS.name, "--follow", "--data", config.data]
    start = ["--from", f"@{T0 / 1000 + RECORDS - 1}"]
    with subprocess.Popen([*command, *start], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["value"] == {"nth": RECORDS - 1}
        log.append(HEARTBEATS.name, b"h0", b'{"nth": 99}')
        log.flush()
        assert select.select([process.stdout], [], [], 30)[0]
        assert json.loads(process.stdout.readline())["value"] == {"nth": 99}
        process.send_signal(signal.SIGINT)
        assert process.stderr.read() == b""
    assert process.returncode == 130


def test_following_alone_begins_with_what_comes(config: Config, log: Log) -> None:
    command = [sys.executable, "-m", "servicemap", "log", "read", HEARTBEATS.name, "--follow", "--data", config.data]
    with subprocess.Popen([*command, "--limit", "1"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        nth = RECORDS
        while not select.select([process.stdout], [], [], 0.2)[0]:
            log.append(HEARTBEATS.name, b"h0", json.dumps({"nth": nth}).encode())
            log.flush()
            nth += 1
        assert json.loads(process.stdout.readline())["value"]["nth"] >= RECORDS
    assert process.returncode == 0


def test_lag_shows_who_is_how_far_behind(config: Config, log: Log) -> None:
    def behind() -> dict[tuple[str, str], dict[str, Any]]:
        return {(row["group"], row["topic"]): row for row in lines(ask(config, "lag", "--json"))}

    fresh = behind()["servicemap-store", HEARTBEATS.name]
    assert (fresh["committed"], fresh["end"], fresh["records_behind"]) == (None, RECORDS, RECORDS)
    assert fresh["seconds_behind"] > 3600
    with closing(log.reader([HEARTBEATS.name], "servicemap-store")) as reader:
        assert len(reader.poll(5, 100)) == RECORDS
        reader.commit()
    read = behind()["servicemap-store", HEARTBEATS.name]
    assert (read["committed"], read["records_behind"], read["seconds_behind"]) == (RECORDS, 0, 0)
    assert "servicemap-attribute" in ask(config, "lag").stdout


@pytest.mark.parametrize("arguments", [[], ["lag"], ["read", "events"]])
def test_a_log_that_is_not_there_is_reported_and_not_made(tmp_path: Path, arguments: list[str]) -> None:
    missing = Config(data=str(tmp_path / "none"))
    result = ask(missing, *arguments)
    assert result.exit_code == 1
    assert result.stderr.startswith("servicemap: there is no log at")
    assert len(result.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_an_unknown_topic_and_an_unknown_command_are_named(config: Config, log: Log) -> None:
    assert "there is no topic nothing: the known ones are" in ask(config, "read", "nothing").stderr
    assert ask(config, "nothing").exit_code == 2
