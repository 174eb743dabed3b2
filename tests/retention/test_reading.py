"""What is kept is read from the store and the log, printed by doctor, and noted for dashboards."""

import json
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from log.protocol import TopicInfo
from schemas.times import DAY_MS, HOUR_MS
from servicemap.cli import main
from servicemap.config import load
from servicemap.parts import store_address
from servicemap.retention.noting import FIRST_SECONDS, Noting, note
from servicemap.retention.reading import estimated, kept_by, lasting, read_kept
from sinks.store import Store
from tests.replay.conftest import FIRST, LAST, Past, data, past

__all__ = ["data", "past"]

pytestmark = pytest.mark.slow


def test_each_resolution_and_topic_has_a_row(past: Past) -> None:
    found = {(one.what, one.name): one for one in read_kept(past.config)}

    windows, connections = found["store", "windows"], found["log", "connections"]
    assert past.at(FIRST) - 60_000 <= (windows.since or 0) <= past.at(FIRST)
    assert (windows.until or 0) <= past.at(LAST)
    assert (windows.limit_ms, windows.reach_ms) == (15 * DAY_MS, 15 * DAY_MS)
    assert windows.bytes
    assert windows.daily_bytes
    assert (connections.limit_ms, connections.limit_bytes) == (7 * DAY_MS, 2 << 30)
    assert found["log", "sides"].limit_ms == 2 * HOUR_MS, "what is read is kept for less"
    assert found["log", "hosts"].limit_ms is None
    assert found["store", "hours"].bytes == 0


@pytest.mark.parametrize(
    ("engine", "expected"),
    [
        ("MergeTree ORDER BY x", None),
        ("MergeTree PARTITION BY x TTL toDateTime(window) + toIntervalDay(15) SETTINGS y = 1", 15 * DAY_MS),
        ("ReplicatedMergeTree('/a', '{replica}') TTL toDateTime(hour) + toIntervalHour(6)", 6 * HOUR_MS),
    ],
)
def test_the_time_to_live_of_a_table_is_that_of_the_store(engine: str, expected: int | None) -> None:
    assert lasting(engine) == expected


def test_bytes_that_a_log_does_not_know_are_estimated_by_its_newest_records(past: Past) -> None:
    for info in past.log.topics():
        if info.records > 100:
            assert 0.3 < estimated(past.log, info) / (info.size_bytes or 0) < 10, info
    assert estimated(past.log, TopicInfo("links", 1, 0, None)) == 0


def test_a_small_disk_shortens_what_is_reached(past: Past) -> None:
    free = {one.name: one.reach_ms for one in read_kept(past.config) if one.what == "store"}
    small = load(environment={}, flags={"data": past.config.data, "disk.bytes": 10_000_000})
    found = {one.name: one.reach_ms for one in read_kept(small) if one.what == "store"}

    assert (found["windows"] or 0) < (free["windows"] or 0)
    assert found["events"] == free["events"]


def test_doctor_prints_it(past: Past) -> None:
    text = CliRunner().invoke(main, ["doctor", "--data", past.config.data]).output
    (line,) = [line for line in text.splitlines() if line.startswith("windows ")]
    assert " 15 d " in line
    assert "topic connections" in text
    assert "what is kept: " in text

    answer = json.loads(CliRunner().invoke(main, ["doctor", "--data", past.config.data, "--json"]).output)
    assert {one["name"] for one in answer["kept"]} >= {"windows", "minutes", "hours", "days", "events", "connections"}


def test_doctor_says_nothing_of_it_where_nothing_is(tmp_path: Path) -> None:
    text = CliRunner().invoke(main, ["doctor", "--data", str(tmp_path)]).output
    assert "what is kept" not in text


def test_a_sink_notes_it_when_that_is_due_and_goes_on_without_a_store(past: Past, tmp_path: Path) -> None:
    clock = [0.0]
    away = load(environment={}, flags={"data": str(tmp_path)})
    for config, rows in ((past.config, 1), (away, 0)):
        with closing(Store(store_address(past.config, write=True))) as store:
            store.query("TRUNCATE TABLE retention")
            noting = Noting(config, past.log, lambda: clock[0])
            noting.tend()
            noting.close()
            assert store.query("SELECT count() FROM retention") == [(0,)]
            clock[0] += FIRST_SECONDS
            noting.tend()
            noting.close()
            assert store.query("SELECT count() > 0 FROM retention") == [(rows,)]


def test_what_is_kept_is_noted_in_the_store(past: Past) -> None:
    with closing(Store(store_address(past.config, write=True))) as store:
        found = kept_by(past.config, store, past.log)
        for now in (10**13 - 1, 10**13):
            note(store, found, now)
        rows = store.query("SELECT name, toUnixTimestamp64Milli(at), limit_ms, bytes FROM retention FINAL")
        assert len(rows) == len(found)
        assert ("windows", 10**13, 15 * DAY_MS, next(one.bytes for one in found if one.name == "windows")) in rows
