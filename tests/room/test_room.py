"""A disk budget that is full, with a real store and a real local log."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from graph.stored import Dropped
from log.protocol import Log, Record
from schemas.codec import encode
from schemas.graph import EdgeBatch, Edges, Ends
from schemas.metrics import DISK_BUDGET, DISK_DROPPED_BYTES, DISK_DROPPED_ROWS, DISK_USED
from schemas.times import DAY_MS, HOUR_MS
from servicemap.browsing import groups
from servicemap.config import Config, DiskConfig, StoreConfig
from servicemap.connect import connect_log
from servicemap.room import EVERY_SECONDS, Room, budget_of
from servicemap.room_checks import room_check
from sinks import dropping
from sinks.reconcile import reconcile
from sinks.rollup import Rollup
from sinks.sink import Sink
from sinks.store import Store
from tests.rollups.conftest import Fresh

pytestmark = pytest.mark.slow

HOURS, DAYS = 40, 12
NOW = int(time.time() * 1000) // HOUR_MS * HOUR_MS  # recent: time takes what is old
_FLOWS = """INSERT INTO edges (window, transport, width_ms, a_address, a_port, a_seen, a_sent_bytes)
    SELECT fromUnixTimestamp64Milli(toInt64(%(now)s - (1 + number %% %(hours)s) * 3600000), 'UTC'), 'tcp', 5000,
        toString(number), number %% 60000, 1, cityHash64(number) FROM numbers(40000)"""
_MINUTES = """INSERT INTO edges_1m (minute, client, server, client_sent_bytes, version)
    SELECT fromUnixTimestamp64Milli(toInt64(%(now)s - (number %% %(days)s) * 86400000), 'UTC'),
        toString(number), 's', cityHash64(number), 1 FROM numbers(6000)"""


class World:
    """A data directory with a log, a store, and what was kept of some days."""

    def __init__(self, folder: Path, store: Store) -> None:
        self.config = Config(data=str(folder))
        self.store = store
        self.log: Log = connect_log(self.config)
        self.elapsed = 0.0
        store.query(_FLOWS, {"now": NOW, "hours": HOURS})
        store.query(_MINUTES, {"now": NOW, "days": DAYS})
        for hour in range(HOURS, 0, -1):
            self.log.append("heartbeats", b"h", os.urandom(20_000), timestamp=NOW - hour * HOUR_MS + 1)
        self.log.flush()

    def read(self) -> None:
        """Let all groups read all."""
        for group, names in groups(self.config).items():
            with closing(self.log.reader(names, group)) as reader:
                while reader.poll(0, 100):
                    pass
                reader.commit()

    def room(self, size: int) -> Room:
        """Return what makes room, with a budget."""
        return Room(with_budget(self.config, size), self.store, lambda: NOW, lambda: self.elapsed)

    def make_room(self, room: Room) -> None:
        """Look as often as it takes."""
        while True:
            self.elapsed += EVERY_SECONDS
            before = dict(room.dropped)
            room.tend()
            if dict(room.dropped) == before:
                return

    def used(self) -> int:
        """Return what log and store take."""
        with closing(self.room(1 << 60)) as room:
            room.tend()
            return sum(room.used.values())

    def oldest(self) -> dict[str, float]:
        """Return how many hours back each holding goes."""
        ((flows,),) = self.store.query("SELECT toUnixTimestamp64Milli(min(window)) FROM edges")
        ((minutes,),) = self.store.query("SELECT toUnixTimestamp64Milli(min(minute)) FROM edges_1m")
        first, end = self.log.bounds("heartbeats", 0)
        logged = next(record.timestamp for record in self.log.read("heartbeats", 0, first, end))
        return {name: (NOW - at) // HOUR_MS for name, at in (("flows", flows), ("log", logged), ("minutes", minutes))}


def with_budget(config: Config, size: int) -> Config:
    return Config(data=config.data, log=config.log, disk=DiskConfig(bytes=size))


@pytest.fixture
def world(fresh: Fresh, tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, fresh())
    yield made
    made.log.close()


def edge(window: int) -> Record:
    edges = Edges(window=[window], flow=["tcp 10.0.0.1:80 10.0.0.2:4000"], width=[5000], verdict=[0], nth=[0])
    batch = EdgeBatch(edges=edges, a=Ends(seen=[True], who=[0]), b=Ends.blank(1))
    return Record("edges", 0, 0, NOW, b"h", encode(batch))


def test_a_full_budget_drops_the_oldest_flows_counts_them_and_doctor_reports_it(world: World) -> None:
    world.read()
    world.log.append("heartbeats", b"h", b"newest", timestamp=NOW)
    world.log.flush()
    used = world.used()
    ((rows,),) = world.store.query("SELECT count() FROM edges")
    budget = used * 95 // 100

    with closing(world.room(budget)) as room:
        world.make_room(room)
        samples = {(sample.metric, *sample.labels): sample.value for sample in room.samples()}

    ((left,),) = world.store.query("SELECT count() FROM edges")
    oldest = world.oldest()
    assert 24 < oldest["flows"] < HOURS
    assert (oldest["log"], oldest["minutes"]) == (HOURS - 1, 24 * (DAYS - 1))
    assert budget * 9 // 10 < world.used() <= budget
    assert samples[DISK_BUDGET,] == budget
    assert samples[DISK_USED, "store"] + samples[DISK_USED, "log"] <= budget
    assert samples[DISK_DROPPED_ROWS, "flows"] == rows - left > 0
    assert samples[DISK_DROPPED_BYTES, "flows"] > 0
    assert samples[DISK_DROPPED_ROWS, "log"] == samples[DISK_DROPPED_ROWS, "minutes"] == 0
    check = room_check(with_budget(world.config, budget), world.store, NOW)
    assert check is not None
    assert check.state == "ok"
    assert "are used (disk.bytes); dropped to make room: rows of windows up to " in check.found
    assert f"({rows - left:,}, " in check.found


def test_the_log_goes_after_the_flows_and_minutes_go_last(world: World) -> None:
    world.read()

    with closing(world.room(1)) as room:
        world.make_room(room)
        dropped = room.dropped

    oldest = world.oldest()
    assert (oldest["flows"], oldest["log"]) == (3, 2)  # the newest edge is of an hour ago: two hours before it stay
    assert oldest["minutes"] <= 24
    assert dropped["log"] == HOURS - 3
    noted = dropping.noted(world.store)
    assert {name: NOW - row.until for name, row in noted.items()} == {
        "flows": 3 * HOUR_MS, "log": 3 * HOUR_MS, "minutes": NOW - (NOW - 3 * HOUR_MS) // DAY_MS * DAY_MS,
    }  # fmt: skip
    assert {name: row.rows for name, row in noted.items()} == dict(dropped)
    check = room_check(with_budget(world.config, 1), world.store, NOW)
    assert check is not None
    name, size, *_ = check.fix.replace("=", " ").split()
    assert (check.state, name) == ("missing", "SERVICEMAP_DISK__BYTES")
    assert int(size) >= 2 * world.used()  # and not twice a budget that is much too small
    assert "records logged up to " in check.found


def test_what_a_group_has_not_read_and_what_is_promised_stays(world: World) -> None:
    with closing(world.room(1)) as room:
        world.make_room(room)
        assert (room.dropped["log"], world.oldest()["log"]) == (0, HOURS - 1)
    world.read()
    promised = Config(
        data=world.config.data, disk=DiskConfig(bytes=1), log=type(world.config.log)(keep_hours=HOURS - 10)
    )
    with closing(Room(promised, world.store, lambda: NOW, lambda: world.elapsed)) as room:
        world.make_room(room)
        assert (room.dropped["log"], world.oldest()["log"]) == (10, HOURS - 11)


def test_late_rows_of_what_was_dropped_are_left_out_and_roll_ups_stand(world: World) -> None:
    world.read()
    with closing(world.room(world.used() * 95 // 100)) as room:
        world.make_room(room)
        since = room.since("edges")
        rollup = Rollup(world.store, lambda: NOW)
        sink = Sink(
            world.store,
            lambda record, reason: pytest.fail(reason),
            stored=lambda table, times: rollup.mark(table, room.recent(times)),
            since=room.since,
        )
        before = world.store.query("SELECT * FROM edges_1m FINAL ORDER BY ALL")

        sink.add(edge(since - 5000))
        rollup.mark("places", room.recent([since - 60_000]))
        sink.flush()
        rollup.roll_up()

        assert (sink.counters["too_old"], sink.counters["rows"]) == (1, 0)
        assert world.store.query("SELECT * FROM edges_1m FINAL ORDER BY ALL") == before
        sink.add(edge(since))
        assert (sink.counters["too_old"], sink.rows) == (1, 1)

    with closing(world.room(1 << 60)) as again:  # a sink that starts anew knows it
        assert again.since("edges") == since


def test_a_new_column_leaves_roll_ups_whose_flows_were_dropped(world: World) -> None:
    dropping.note(world.store, dropping.Gone(Dropped.FLOWS, NOW - HOUR_MS, 1, 1), NOW)
    for client, minute in (("dropped", NOW - 2 * HOUR_MS), ("stored", NOW - HOUR_MS)):
        world.store.insert("edges_1m", {"minute": [minute], "client": [client], "server": ["s"], "version": [1]})
    world.store.query("ALTER TABLE edges_1m DROP COLUMN client_container")

    reconcile(world.store)

    left = world.store.query("SELECT client FROM edges_1m WHERE client IN ('dropped', 'stored')")
    assert left == [("dropped",)]  # the other one is rolled up anew


def test_an_hour_that_is_being_filled_stays_however_long_ago_it_was(world: World) -> None:
    world.store.query("TRUNCATE TABLE edges")
    sink = Sink(world.store, lambda record, reason: pytest.fail(reason))
    sink.add(edge(NOW - 9 * DAY_MS))
    sink.flush()
    with closing(world.room(1)) as room:
        world.make_room(room)
        assert room.dropped["flows"] == 0


def test_the_budget_is_a_share_of_the_disk_or_a_number_of_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(total=1_000))
    data = str(tmp_path / "to" / "be" / "made")

    assert budget_of(Config(data=data)) == 200
    assert budget_of(Config(data=data, disk=DiskConfig(percent=50))) == 500
    assert budget_of(Config(data=data, disk=DiskConfig(bytes=7))) == 7
    assert budget_of(Config(data=data, disk=DiskConfig(percent=0))) == 0
    assert budget_of(Config(data=data, store=StoreConfig(url="clickhouse://elsewhere"))) == 0


def test_without_a_limit_nothing_is_measured_or_reported(world: World) -> None:
    unlimited = Config(data=world.config.data, disk=DiskConfig(percent=0))
    with closing(Room(unlimited, world.store)) as room:
        room.tend()
        assert (room.budget, room.used) == (0, {})
    assert room_check(unlimited, world.store) is None
