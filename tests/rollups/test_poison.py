"""A record that cannot be stored costs only itself: the records beside it are stored, and a later start succeeds."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from log.protocol import Record
from schemas.codec import MAX_BEHIND_MS
from schemas.export import GOLDEN
from schemas.times import HOUR_MS
from schemas.topics import BY_NAME
from sinks.fitting import MOST_HOURS, hours
from sinks.rollup import Rollup
from sinks.sink import MAX_HOURS, Sink, inserts
from sinks.store import Store
from sinks.tables import TABLES
from streams.stage import dead_letter
from tests.rollups.conftest import Fresh

pytestmark = pytest.mark.slow

NOW = time.time_ns() // 1_000_000 // HOUR_MS * HOUR_MS - 10 * HOUR_MS  # not so old that the store forgets it at once


def moved(value: Any, by: int = 0) -> Any:
    """Return an example of some day as one of today."""
    if isinstance(value, dict):
        return {key: moved(each, by) for key, each in value.items()}
    if isinstance(value, list):
        return [moved(each, by) for each in value]
    return NOW + value % HOUR_MS + by if type(value) is int and 1e12 < value < 3e12 else value


BY_TOPIC = {table.topic: table for table in TABLES}
LAST: dict[str, dict[str, Any]] = {
    topic: moved(
        json.loads(sorted(GOLDEN.glob(f"{topic}/v*/*.json"), key=lambda path: path.stem == "schema")[0].read_bytes())
    )
    for topic in BY_TOPIC
}
NUMBERS = [-(2**63), 2**63, 2**64, 10**400, -1, 2**62, 2**31, 2**16, 256]
ODD: list[Any] = [*NUMBERS, 1e300, "x\0y", "\u2028", "x" * 9_999, True, None, [], {}, [[]], {"a": {"b": 2**70}}]


def logged(record: dict[str, Any]) -> int:
    """Return when an example was logged: right after its window."""
    for when in ("window", "written"):
        if when in record:
            return int(record[when]) + 5_000
    times = {
        "edges": "window",
        "requests": "window",
        "nodes": "seen",
        "places": "seen",
        "facts": "seen",
        "names": "hour",
        "events": "time",
    }
    return next(int(max(record[part][name])) for part, name in times.items() if part in record) + 5_000


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield every place of a record: its fields, their items, and the parts of the items."""
    yield path
    for key, each in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(each, (*path, key))


def changed(record: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    copy = record.copy()
    copy[path[0]] = changed(record[path[0]], path[1:], value)
    return copy


def other(record: dict[str, Any]) -> dict[str, Any]:
    """Return an example with no key of the original."""
    if "host_id" in record:
        return {**record, "host_id": "another"}
    later: dict[str, Any] = moved(record, 60_000)
    return later


def encoded(value: Any) -> bytes:
    return json.dumps(value).encode()


class Sinking:
    """A sink with roll-ups over a store. Its dead letters have to be storable as well."""

    def __init__(self, store: Store, now: int) -> None:
        self.buried: list[str] = []
        self.store = store
        self.rollup = Rollup(store, lambda: now)
        self.rollup.resume()
        self.sink = Sink(store, self._bury, stored=self.rollup.mark)

    def _bury(self, record: Record, reason: str) -> None:
        letter = dead_letter("store", record, reason)
        assert len(letter.value) < BY_NAME[letter.topic].max_bytes
        self.buried.append(reason)

    def take(self, records: list[Record]) -> None:
        for record in records:
            self.sink.add(record)
        self.sink.flush()
        self.rollup.roll_up()


@pytest.mark.parametrize("topic", sorted(BY_TOPIC))
def test_any_value_in_a_field_costs_no_other_record_and_a_later_start_succeeds(fresh: Fresh, topic: str) -> None:
    some = LAST[topic]
    good = other(some)
    at = logged(some)
    bad = [changed(some, path, value) for path in places(some) for value in ODD]
    bad += [{**some, "v": 99}, {}, [some], "x" * 100]
    records = [Record(topic, 0, n, at, b"\xff" * 2_000_000, encoded(value)) for n, value in enumerate(bad[:1])]
    records += [Record(topic, 0, n, at, b"h", encoded(value)) for n, value in enumerate(bad[1:], 1)]
    for table in TABLES:  # records with a key, and the value, of another topic
        if table.topic != topic:
            records.append(Record(topic, 1, 0, at, b"", encoded(LAST[table.topic])))
    records += [Record(topic, 1, 1, at, b"", b"\xff\xfe{"), Record(topic, 1, 2, at, b"", b"")]
    alone = Sinking(fresh(), at + 3 * HOUR_MS)
    alone.take([Record(topic, 0, 0, at, b"h", encoded(good))])

    sinking = Sinking(fresh(), at + 3 * HOUR_MS)
    sinking.take([*records, Record(topic, 2, 0, at, b"h", encoded(good))])
    again = Sinking(sinking.store, at + 3 * HOUR_MS)
    again.take([])

    name, key = BY_TOPIC[topic].name, "* EXCEPT (missing, failed, counters)" if topic == "heartbeats" else "*"
    stored = sinking.store.query(f"SELECT {key} FROM {name}")
    assert set(map(repr, alone.store.query(f"SELECT {key} FROM {name}"))) <= set(map(repr, stored))
    assert sinking.buried or topic in {"processes", "heartbeats"}
    assert again.buried == []


def edges(count: int, **columns: list[Any]) -> dict[str, Any]:
    flows = [f"tcp 10.0.0.1:{port} 10.0.0.9:5432" for port in range(40_000, 40_000 + count)]
    at = [NOW] * count
    return {"edges": {"window": at, "flow": flows, "width": [5_000] * count, **columns}}


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"window": [-(2**63), NOW, NOW]}, "window -9223372036854775808 is too far"),
        ({"window": [2**62, NOW, NOW]}, "is too far from when it was logged"),
        ({"flow": ["tcp", "tcp 10.0.0.1:1 10.0.0.9:5432", "tcp 10.0.0.1:2 10.0.0.9:5432"]}, "a_port -1 is no UInt16"),
        ({"nth": [70_000, 0, 0]}, "nth 70000 is no UInt16"),
        ({"verdict": [255, 0, 0]}, "verdict 255 is no UInt8"),
    ],
)
def test_a_bad_row_costs_that_row_alone(fresh: Fresh, columns: dict[str, list[Any]], reason: str) -> None:
    sinking = Sinking(fresh(), NOW)
    sinking.take([Record("edges", 0, 0, NOW + 5_000, b"", encoded(edges(3, **columns)))])

    assert sinking.store.query("SELECT count() FROM edges") == [(2,)]
    ((reason_given),) = sinking.buried
    assert reason in reason_given
    assert "(1 of 3 rows are not stored)" in reason_given


@pytest.mark.parametrize("who", [[7, 1, 0], [-1, 1, 0]])
def test_an_end_without_an_identity_costs_only_its_row(fresh: Fresh, who: list[int]) -> None:
    sinking = Sinking(fresh(), NOW)
    record = {**edges(3), "identities": {"host": ["h1"], "started": [5]}, "a": {"who": who, "seen": [True] * 3}}
    sinking.take([Record("edges", 0, 0, NOW + 5_000, b"", encoded(record))])

    assert sinking.store.query("SELECT a_host FROM edges ORDER BY a_host") == [("",), ("h1",)]
    assert len(sinking.buried) == 1


def test_too_many_hours_for_one_insert_are_stored_by_several() -> None:
    held = [(Record("edges", 0, n, NOW, b"", b""), {"window": [NOW - n * HOUR_MS] * 3}) for n in range(2 * MAX_HOURS)]

    groups = list(inserts([*held, *held], "window"))

    assert [pair for group in groups for pair in group] == [*held, *held]
    assert all(len(hours([at for _, columns in group for at in columns["window"]])) <= MAX_HOURS for group in groups)
    assert len(groups) == 4


def test_a_record_of_too_many_hours_is_refused(fresh: Fresh) -> None:
    windows = [NOW - hour * HOUR_MS for hour in range(MOST_HOURS + 1)]
    sinking = Sinking(fresh(), NOW)
    sinking.take([Record("edges", 0, 0, NOW, b"", encoded(edges(MOST_HOURS + 1, window=windows)))])

    assert sinking.store.query("SELECT count() FROM edges") == [(0,)]
    assert sinking.buried == [f"it has rows of {MOST_HOURS + 1} hours: no more than {MOST_HOURS}"]


def test_rows_that_are_in_the_store_already_do_not_stop_a_rollup(fresh: Fresh) -> None:
    store = fresh()
    for window in (-(2**63), 2**62, NOW + 300 * 24 * HOUR_MS):
        store.insert("edges", {"window": [window], "transport": ["tcp"], "width_ms": [5_000]})
        store.insert("edges_1m", {"minute": [window], "client": ["x"], "version": [2**63]})

    sinking = Sinking(store, NOW + HOUR_MS)
    sinking.rollup.mark("edges", [-(2**63), 2**62, NOW])
    seen = {**edges(1), "a": {"seen": [True]}}
    sinking.take([Record("edges", 0, 0, NOW, b"", encoded(seen))])
    Sinking(store, NOW + 2 * HOUR_MS).take([])

    minute = "SELECT width_ms FROM edges_1m FINAL WHERE toUnixTimestamp64Milli(minute) = %(now)s"
    assert store.query(minute, {"now": NOW}) == [(5_000,)]


def test_a_tombstone_of_a_compacted_topic_is_no_bad_record(fresh: Fresh) -> None:
    sinking = Sinking(fresh(), MAX_BEHIND_MS)
    sinking.take([Record("hosts", 0, 0, MAX_BEHIND_MS, b"h1", None)])

    assert (sinking.buried, sinking.sink.counters["tombstones"]) == ([], 1)
