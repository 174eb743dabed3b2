import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from log.open import open_log
from log.protocol import Log
from schemas.times import HOUR_MS
from tests.e2e.running import Up, run, up

pytestmark = pytest.mark.slow


def _changed(value: bytes, **fields: Any) -> bytes:
    return json.dumps({**json.loads(value), **fields}).encode()


BAD: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "truncated": (lambda value: value[: len(value) // 2], "truncated"),
    "not JSON": (lambda value: b"\xff\xfe" + value, "not a record of connections"),
    "wrong type": (lambda value: _changed(value, window="noon"), "$.window"),
    "newer schema": (lambda value: _changed(value, v=99), "schema version 99 is newer"),
    "from the future": (
        lambda value: _changed(value, window=(int(time.time() * 1000) + 9 * HOUR_MS) // 1000 * 1000),
        "set the clock",
    ),
    "empty": (lambda value: b"", "empty"),
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """Run one map for all tests; it survives every input and ends well."""
    with up(tmp_path_factory.mktemp("up"), "--window", "1s") as running:
        running.until("SELECT 1 FROM edges LIMIT 1")
        yield running
        assert running.stop() == 0


def test_bad_records_become_dead_letters_and_the_stream_goes_on(running: Up) -> None:
    log = open_log(running.data / "log.sqlite")
    good = _good(log)
    for spoil, _ in BAD.values():
        log.append("connections", b"intruder", spoil(good))
    log.append("sides", b"intruder", b"[1, 2]")
    log.append("edges", b"intruder", b"{")
    log.flush()
    log.close()
    _goes_on(running)
    letters = _letters(running.data, len(BAD) + 2)

    errors = [letter["error"] for letter in letters]
    for name, (_, part) in BAD.items():
        assert any(part in error for error in errors), (name, errors)
    assert {letter["stage"] for letter in letters} == {"attribute", "pair", "store"}
    assert all(letter["topic"] in {"connections", "sides", "edges"} and letter["offset"] >= 0 for letter in letters)


def test_batches_with_unknown_fields_or_a_slow_clock_are_accepted(running: Up) -> None:
    log = open_log(running.data / "log.sqlite")
    window = (int(time.time() * 1000) - 300_000) // 5000 * 5000
    header = {
        "v": 1,
        "host_id": "late",
        "boot_id": "b",
        "run": 1,
        "window": window,
        "width": 5000,
        "keyframe": True,
    }
    connection = {
        "cookie": [7],
        "transport": [6],
        "local_address": ["192.0.2.7"],
        "local_port": [40000],
        "remote_address": ["192.0.2.8"],
        "remote_port": [443],
        "since": [window],
    }
    facts = {**header, "colour": "green", "connections": {**connection, "mood": ["fine"]}}
    log.append("connections", b"late", json.dumps(facts).encode())
    log.append("heartbeats", b"late", json.dumps({**header, "sent": {"connections": 1}, "tide": 3}).encode())
    log.flush()
    log.close()

    rows = running.until("SELECT client, server, server_port FROM process_edges WHERE client_host = 'late'")

    assert rows == [("host:late", "address:192.0.2.8", 443)]


def test_a_batch_too_large_for_its_topic_is_refused_by_its_writer(running: Up) -> None:
    log = open_log(running.data / "log.sqlite")
    with pytest.raises(Exception, match="bytes"):
        log.append("connections", b"intruder", b" " * (10 << 20))
    log.close()
    _goes_on(running)


def test_a_syntax_error_shows_the_message_of_clickhouse(running: Up) -> None:
    answer = run("sql", "SELEC 1", "--data", str(running.data))

    assert answer.returncode == 1
    assert "Syntax error" in answer.stderr
    assert "Traceback" not in answer.stderr


def _good(log: Log) -> bytes:
    first, end = log.bounds("connections", 0)
    record = next(iter(log.read("connections", 0, first, end)))
    assert record.value is not None
    return record.value


def _goes_on(running: Up) -> None:
    now = running.sql("SELECT max(window) FROM edges")[0][0]
    running.until("SELECT max(window) FROM edges", lambda rows: bool(rows) and rows[0][0] > now)


def _letters(data: Path, count: int) -> list[dict[str, Any]]:
    from tests.e2e.running import until

    def read() -> list[dict[str, Any]]:
        printed = run("log", "read", "dead-letters", "--data", str(data), "--limit", "1000").stdout
        return [json.loads(line)["value"] for line in printed.splitlines()]

    letters: list[dict[str, Any]] = until(read, lambda found: len(found) >= count, 30, "dead letters")
    return letters
