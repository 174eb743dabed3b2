"""`up` with a full disk budget deletes old rows and records, keeps new ones, and reports it everywhere."""

import json
import time
from contextlib import closing
from pathlib import Path

import pytest

from log.local import LocalLog
from schemas.times import DAY_MS, HOUR_MS, iso
from schemas.topics import DEAD_LETTERS
from sinks.address import Address
from sinks.store import Store
from tests.e2e.running import Up, run, until, up

pytestmark = pytest.mark.slow

OLD = int(time.time() * 1000) // HOUR_MS * HOUR_MS - 3 * DAY_MS
_FLOWS = """INSERT INTO edges (window, transport, a_address, width_ms, a_seen)
    SELECT fromUnixTimestamp64Milli(toInt64(%(at)s)), 'tcp', toString(number), 5000, 1 FROM numbers(1000)"""


def seed(running: Up) -> None:
    """Store rows and log records of three days ago."""
    facts = json.loads((running.data / "store" / "store.json").read_text())
    token = running.data / "store" / "store.token"
    address = Address("127.0.0.1", facts["native_port"], "servicemap", "", "servicemap", token)
    with closing(Store(address)) as store:
        store.query(_FLOWS, {"at": OLD})
    with closing(LocalLog(running.data / "log.sqlite")) as log:
        log.append(DEAD_LETTERS.name, b"old", b"{}", timestamp=OLD)
        log.flush()


def test_old_flows_and_records_are_deleted_and_doctor_shows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVICEMAP_DISK__BYTES", "1")
    with up(tmp_path, "--window", "1s") as running:
        running.until("SELECT 1 FROM process_edges LIMIT 1")
        seed(running)
        dropped = "SELECT what, toUnixTimestamp64Milli(max(until)), sum(rows) FROM dropped GROUP BY what ORDER BY what"
        until(
            lambda: running.sql(dropped),
            lambda rows: rows == [("flows", OLD + HOUR_MS, 1000), ("log", OLD + HOUR_MS, 1)],
            90,
            dropped,
        )
        assert running.sql("SELECT count() FROM edges WHERE window < now() - INTERVAL 1 DAY") == [(0,)]
        running.until("SELECT max(window) > now() - INTERVAL 20 SECOND FROM edges", lambda rows: rows == [(1,)])
        doctor = json.loads(run("doctor", "--json", "--data", str(tmp_path)).stdout)
        assert running.stop() == 0

    checks = {check["name"]: check for check in doctor["checks"]}
    assert checks["room on the disk"]["state"] == "missing"  # one byte is not enough for the last two hours
    assert f"rows of windows up to {iso(OLD + HOUR_MS)} (1,000, " in checks["room on the disk"]["found"]
    assert f"records logged up to {iso(OLD + HOUR_MS)} (1, " in checks["room on the disk"]["found"]
    assert (
        "1,000 rows or records that were dropped to make room on the disk (flows)" in checks["metrics of sink"]["found"]
    )
