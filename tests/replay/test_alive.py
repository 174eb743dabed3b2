"""Replay beside live folds and a live sink, and after a kill."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from graph.stored import Dropped
from log.protocol import Bounds
from servicemap.config import Config, load
from servicemap.connect import connect_log
from servicemap.options import Failure
from servicemap.replay import catching_up
from servicemap.replaying import Progress, replay
from sinks import dropping
from sinks.dropping import Gone
from sinks.store import Store
from tests.replay.conftest import RENAMED, Live, Past, changed, opened, quietly, rows, stretch

pytestmark = pytest.mark.slow


@pytest.fixture
def live(
    data: Path, tmp_path: Path, past: Past, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Live]:
    """A pipeline with its own log and database that renames services. It does nothing while it is waited for."""
    monkeypatch.setattr(catching_up, "PATIENCE", 0.2)
    address = past.store.address
    name = f"t{abs(hash(request.node.nodeid)):x}"
    url = f"clickhouse://servicemap:{address.secret()}@{address.host}:{address.port}/{name}"
    flags = {"data": str(tmp_path), "store.url": url, "services.rules": RENAMED}
    live = opened(load(environment={}, flags=flags), stretch(past.base))
    with closing(live):
        yield live
        live.store.query(f"DROP DATABASE {name} SYNC")


def plain(live: Live) -> Config:
    """Return the configuration without the rules, as if they were new or gone."""
    return changed(live.config, {"services.rules": []})


STEPS = (
    "reading",
    "waiting for the live folds",
    "comparing",
    "reading on",
    "building edges",
    "building nodes",
    "following the log",
    "swapping",
    "following the log after the swap",
    "cleaning up",
)


def test_rows_that_come_during_a_replay_are_neither_lost_nor_a_change(live: Live, past: Past) -> None:
    start, end = past.at(330), past.at(700)
    live.go_on(1500)
    steps = []

    def meanwhile(progress: Progress) -> None:
        if progress.step not in steps:
            steps.append(progress.step)
            live.append(40)
            live.fold()
            if len(steps) % 3:
                live.sink()

    assert not replay(live.config, start, end, meanwhile, promote=True, force=False).differs
    steps.clear()
    first = replay(plain(live), start, end, meanwhile, promote=True, force=False)
    assert first.promoted
    assert set(STEPS) - {"reading on"} <= set(steps)
    live.go_on()
    # What the live folds emitted for the range after the swap bears their names: this brings all of it to one rule.
    replay(live.config, past.at(0), past.at(720), quietly, promote=True, force=False)
    assert everything(live.store, live.config, past) == {}


def everything(store: Store, config: Config, past: Past) -> dict[str, object]:
    """Return the changes that a replay of everything would make."""
    outcome = replay(config, past.at(0), past.at(720), quietly, promote=False, force=False)
    assert rows(store)["edges"]
    return {name: table for name, table in outcome.tables.items() if table.differs}


def test_a_live_sink_loses_no_row_outside_the_range_while_it_is_swapped(live: Live, past: Past) -> None:
    live.go_on(1500)
    start, end = past.at(340), past.at(362)

    def meanwhile(progress: Progress) -> None:
        live.append(20)
        live.fold()
        live.sink()

    assert replay(plain(live), start, end, meanwhile, promote=True, force=False).promoted
    live.go_on()
    assert replay(live.config, start, end, quietly, promote=True, force=False).promoted
    assert everything(live.store, live.config, past) == {}


KILLED = """
import os, signal, sys
from servicemap.config import load
from servicemap.replay import catching_up
from servicemap.replaying import replay
from servicemap.replay import promoting

data, url, log, start, end, step = sys.argv[1:]

def report(progress):
    if progress.step == step:
        os.kill(os.getpid(), signal.SIGKILL)

def half(self, text):
    query(self, text.split(",")[0])
    os.kill(os.getpid(), signal.SIGKILL)

if step == "half":
    from sinks.store import Store
    query = Store.query
    exchanges = lambda text: text.startswith("EXCHANGE")
    Store.query = lambda self, text, *more: half(self, text) if exchanges(text) else query(self, text, *more)
rules = [{"service": "shop", "program": "api"}, {"service": "zoo", "program": "redis-server"}]
config = load(environment={}, flags={"data": data, "log.url": log, "store.url": url, "services.rules": rules})
replay(config, int(start), int(end), report, promote=True, force=False)
"""


@pytest.mark.parametrize(
    "step",
    ["building nodes", "half", "following the log after the swap", "cleaning up"],
)
def test_a_killed_promotion_is_undone_or_finished_by_the_next_replay(copied: Past, step: str) -> None:
    before = rows(copied.store)
    arguments = [str(copied.config.directory), copied.config.store.url, copied.config.log_url]
    span = [str(copied.at(350)), str(copied.at(372)), step]
    killed = subprocess.run([sys.executable, "-c", KILLED, *arguments, *span], timeout=60, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert copied.store.query("SHOW TABLES LIKE '%replay%'") != []

    swapped = step in {"half", "following the log after the swap", "cleaning up"}
    rules = RENAMED if swapped else []
    outcome = copied.replay(350, 372, config=changed(copied.config, {"services.rules": rules}))
    assert {name: table for name, table in outcome.tables.items() if table.differs} == {}
    assert copied.store.query("SHOW TABLES LIKE '%replay%'") == []
    assert (
        copied.store.query("SELECT name FROM system.tables WHERE database = currentDatabase() AND comment != ''") == []
    )
    if swapped:
        copied.replay(350, 372, promote=True)
    assert rows(copied.store) == before


def test_rows_of_a_killed_swap_come_back_from_the_old_table_when_the_log_has_forgotten_them(
    copied: Past, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows(copied.store)
    arguments = [str(copied.config.directory), copied.config.store.url, copied.config.log_url]
    span = [str(copied.at(350)), str(copied.at(372)), "following the log after the swap"]
    subprocess.run([sys.executable, "-c", KILLED, *arguments, *span], timeout=60, check=False)
    lost = f"window = fromUnixTimestamp64Milli({copied.at(380)})"
    copied.store.query(f"DELETE FROM edges WHERE {lost}")  # as if the sink had stored it between building and swap
    assert copied.store.query(f"SELECT count() FROM edges WHERE {lost}") == [(0,)]
    log = type(copied.log)
    bounds = log.bounds
    monkeypatch.setattr(catching_up, "PATIENCE", 0.1)
    monkeypatch.setattr(
        log, "bounds", lambda self, *place: Bounds(10**9, 10**9) if place[0] == "edges" else bounds(self, *place)
    )
    copied.replay(350, 372, promote=True)
    monkeypatch.undo()
    copied.replay(350, 372, promote=True)
    assert rows(copied.store) == before


@pytest.mark.parametrize("room_made", [False, True], ids=["by retention", "to make room"])
def test_a_range_that_the_log_no_longer_holds_is_not_promoted_unless_forced(
    live: Live, past: Past, room_made: bool
) -> None:
    live.go_on()
    before = rows(live.store)
    log = connect_log(live.config)
    with closing(log):
        forget(live.config.log_url, past.at(310))
    if room_made:
        dropping.note(live.store, Gone(Dropped.LOG, past.at(310), 1, 1), past.at(400))
    with pytest.raises(Failure, match="the log begins at") as refusal:
        replay(plain(live), past.at(320), past.at(335), quietly, promote=True, force=False)
    assert ("older records were dropped to make room" in str(refusal.value)) == room_made
    assert rows(live.store) == before
    outcome = replay(plain(live), past.at(320), past.at(335), quietly, promote=True, force=True)
    assert outcome.promoted
    assert outcome.missing_before is not None
    assert outcome.room_made == room_made
    assert outcome.missing_before >= past.at(310)
    assert not replay(live.config, past.at(380), past.at(385), quietly, promote=False, force=False).differs


def forget(path: str, before: int) -> None:
    """Delete from the log the records that retention would delete."""
    import sqlite3

    with closing(sqlite3.connect(path)) as file, file:
        old = file.execute("SELECT id FROM records WHERE timestamp < ?", (before,)).fetchall()
        for (row,) in old:
            file.execute("DELETE FROM records WHERE id = ?", (row,))
            offset = row & ((1 << 40) - 1)
            file.execute("UPDATE partitions SET first = max(first, ?) WHERE id = ?", (offset + 1, row >> 40))
