"""A roll-up equals the same SELECT over the rows below it, even if rows come late, again or out of order."""

from collections.abc import Sequence
from random import Random
from typing import Any

import pytest

from log.protocol import Record
from schemas import topics
from schemas.times import DAY_MS, MINUTE_MS
from sinks.address import Address
from sinks.levels import MINUTES, REQUEST_MINUTES
from sinks.reconcile import reconcile
from sinks.rollup import GRACE_MS, Rollup, roll_up
from sinks.sink import Sink
from sinks.store import Store
from streams.stage import AttributeStage, PairStage
from tests.rollups.conftest import Fresh
from tests.streams.build import T0
from tests.streams.world import WIDTH, log

pytestmark = pytest.mark.slow
WINDOWS = 30
LONG_AFTER = T0 + 2 * DAY_MS
KEY = "client, server, transport, server_port"
FACTS = """
    argMax(connections_active, {last}), sum(connections_opened), sum(connections_closed), sum(connections_failed),
    sum(client_sent_bytes), sum(client_received_bytes), sum(client_sent_segments), sum(client_received_segments),
    sum(client_retransmits), sum(server_sent_bytes), sum(server_received_bytes), sum(server_sent_segments),
    sum(server_received_segments), sum(server_retransmits), max(client_rtt_us), max(server_rtt_us),
    minIf(client_min_rtt_us, client_min_rtt_us > 0), minIf(server_min_rtt_us, server_min_rtt_us > 0),
    max(seen_by_client), max(seen_by_server), max(width_ms), max(client_tied), max(server_tied),
    max(client_service), max(client_name), max(client_host), max(client_container), max(client_provenance),
    max(client_address), max(server_service), max(server_name), max(server_host), max(server_container),
    max(server_provenance), max(server_address), argMax(rule, indexOf(['port', 'connected', 'listener'], rule))"""


REQUESTS = """
    max(client_service), max(client_name), max(client_host), max(client_container),
    max(server_service), max(server_name), max(server_host), max(server_container),
    max(sampling), sum(requests), sum(errors), sum(unseen), sum(unanswered), sum(given_up),
    sumMap(by), sumMap(latency)"""


def folded(messages: Sequence[Record]) -> list[Record]:
    """Return what the folds emit for raw records: edges, the requests on them, and places."""
    attribute, pair = AttributeStage((), 1), PairStage()
    found = []
    for message in messages:
        for emitted in attribute.feed(message):
            record = Record(emitted.topic, 0, 0, message.timestamp, emitted.key, emitted.value)
            if record.topic in (topics.FLOW_REQUESTS.name, topics.PLACES.name):
                found.append(record)
            if record.topic == topics.SIDES.name:
                found += [
                    Record(made.topic, 0, 0, message.timestamp, made.key, made.value)
                    for made in pair.feed(record)
                    if made.topic == topics.EDGES.name
                ]
    return found


def expected(store: Store, unit: str) -> list[tuple[Any, ...]]:
    """Return the right rows of a roll-up, computed from the view; `unit` is ClickHouse's function for its time."""
    facts = FACTS.format(last="window")
    return store.query(
        f"SELECT toDateTime64({unit}(window), 3, 'UTC') AS at, {KEY}, min(window), max(window), {facts} "
        f"FROM process_edges GROUP BY at, {KEY} ORDER BY at, {KEY}"
    )


def rolled(store: Store, table: str, unit: str) -> list[tuple[Any, ...]]:
    facts = FACTS.format(last="last")
    return store.query(
        f"SELECT {unit} AS at, {KEY}, min(first), max(last), {facts} "
        f"FROM {table} FINAL GROUP BY at, {KEY} ORDER BY at, {KEY}"
    )


def requested(store: Store, table: str, unit: str) -> list[tuple[Any, ...]]:
    """Return the requests of a roll-up, or the right ones from the view."""
    return store.query(
        f"SELECT toDateTime64({unit}, 3, 'UTC') AS at, {KEY}, {REQUESTS} "
        f"FROM {table} GROUP BY at, {KEY} ORDER BY at, {KEY}"
    )


def same(store: Store) -> None:
    assert rolled(store, "edges_1m", "minute") == expected(store, "toStartOfMinute")
    assert rolled(store, "edges_1h", "hour") == expected(store, "toStartOfHour")
    assert rolled(store, "edges_1d", "day") == expected(store, "toStartOfDay")
    assert store.query("SELECT count() FROM edges_1m FINAL") != [(0,)]
    minutes, hours, days = (
        requested(store, "process_requests", f"toStartOf{unit}(window)") for unit in ("Minute", "Hour", "Day")
    )
    assert requested(store, "requests_1m FINAL", "minute") == minutes
    assert requested(store, "requests_1h FINAL", "hour") == hours
    assert requested(store, "requests_1d FINAL", "day") == days
    assert minutes


class Sinking:
    """A sink with its roll-up, at a time that the test sets."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.now = T0
        self.start()

    def start(self) -> None:
        """Start, or restart with nothing in memory."""
        self.rollup = Rollup(self.store, lambda: self.now)
        self.rollup.resume()
        self.sink = Sink(self.store, lambda record, reason: None, stored=self.rollup.mark)

    def take(self, messages: Sequence[Record]) -> None:
        """Store some records and roll up what is due, as is done before offsets are committed."""
        for message in messages:
            self.sink.add(message)
        self.sink.flush()
        self.rollup.roll_up()


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_rollup_equals_its_select_in_any_order_and_after_any_repetition(fresh: Fresh, seed: int) -> None:
    random = Random(seed)
    messages = folded(log(seed, windows=WINDOWS))
    sinking = Sinking(fresh())

    while messages:
        count = random.randint(1, len(messages) // 3 + 1)
        some = messages[:count]
        if random.random() < 0.3:
            sinking.sink = Sink(sinking.store, lambda record, reason: None)  # killed before anything is rolled up
            for message in some:
                sinking.sink.add(message)
            sinking.sink.flush()
            sinking.start()
        sinking.take(random.sample(some, len(some)))  # what was not committed is read again, in any order
        del messages[: max(1, count - random.randint(0, 2))]
        sinking.now = max(sinking.now, some[-1].timestamp)
    sinking.now = LONG_AFTER
    sinking.rollup.roll_up()

    same(sinking.store)


def test_an_edge_of_an_address_disappears_when_the_address_becomes_a_process(fresh: Fresh) -> None:
    messages = [one for one in folded(log(8, windows=WINDOWS, chaos=False)) if one.topic != topics.PLACES.name]
    sinking = Sinking(fresh())
    sinking.now = LONG_AFTER
    by_age = sorted(messages, key=lambda message: (message.value or b"").count(b"process:"))
    sinking.take(by_age[: len(by_age) // 2])
    before = {row[:5] for row in rolled(sinking.store, "edges_1m", "minute")}
    asked = {row[:5] for row in requested(sinking.store, "requests_1m FINAL", "minute")}

    sinking.start()  # a sink that stores edges late need not have stored their requests
    sinking.take([message for message in by_age if message.topic == topics.EDGES.name])
    sinking.take(by_age)

    same(sinking.store)
    assert before - {row[:5] for row in rolled(sinking.store, "edges_1m", "minute")}
    assert asked - {row[:5] for row in requested(sinking.store, "requests_1m FINAL", "minute")}


def test_requests_follow_an_edge_whose_identity_comes_late(fresh: Fresh) -> None:
    sinking = Sinking(fresh())
    sinking.now = LONG_AFTER
    messages = folded(log(3, windows=WINDOWS, chaos=False))
    known = [message for message in messages if b"process:" in (message.value or b"")]
    late = [message for message in known if message.topic == topics.EDGES.name]
    sinking.take([message for message in messages if message not in late])
    sinking.start()

    sinking.take(late)  # without a word of requests

    same(sinking.store)


def test_a_minute_is_rolled_up_when_late_facts_have_become_rare(fresh: Fresh) -> None:
    sinking = Sinking(fresh())
    messages = folded(log(1, windows=6, chaos=False))
    minute = T0 // MINUTE_MS * MINUTE_MS

    sinking.now = minute + MINUTE_MS + GRACE_MS - 1
    sinking.take(messages)
    assert sinking.store.query("SELECT count() FROM edges_1m") == [(0,)]

    sinking.now += 1
    sinking.take([])
    assert sinking.store.query("SELECT DISTINCT toUnixTimestamp64Milli(minute) FROM edges_1m") == [(minute,)]


def test_several_sinks_may_roll_up_the_same_minutes_and_the_newest_version_wins(fresh: Fresh) -> None:
    sinking = Sinking(fresh())
    sinking.take(folded(log(2, windows=9, chaos=False)))
    low = T0 // MINUTE_MS * MINUTE_MS
    stray = "'x', 'y', 'tcp', 1"

    roll_up(sinking.store, MINUTES, low, low + 3 * MINUTE_MS)
    sinking.store.query(
        f"INSERT INTO edges_1m (minute, {KEY}, version) SELECT fromUnixTimestamp64Milli({low}), {stray}, 1"
    )
    roll_up(sinking.store, MINUTES, low, low + 3 * MINUTE_MS)
    roll_up(sinking.store, MINUTES, low, low + 3 * MINUTE_MS)

    assert rolled(sinking.store, "edges_1m", "minute") == expected(sinking.store, "toStartOfMinute")


def test_several_sinks_may_roll_up_the_requests_of_the_same_minutes(fresh: Fresh) -> None:
    sinking = Sinking(fresh())
    sinking.take(folded(log(2, windows=9, chaos=False)))
    low = T0 // MINUTE_MS * MINUTE_MS

    for _ in range(3):
        roll_up(sinking.store, REQUEST_MINUTES, low, low + 3 * MINUTE_MS)

    made = requested(sinking.store, "process_requests", "toStartOfMinute(window)")
    assert requested(sinking.store, "requests_1m FINAL", "minute") == made
    assert made


def test_a_minute_that_became_empty_has_no_rows(fresh: Fresh) -> None:
    sinking = Sinking(fresh())
    sinking.take(folded(log(2, windows=9, chaos=False)))
    sinking.now = LONG_AFTER
    sinking.rollup.roll_up()
    sinking.store.query("TRUNCATE TABLE edges")
    sinking.store.query("TRUNCATE TABLE requests")

    sinking.rollup.roll_up_all(T0, T0 + 9 * WIDTH)

    assert rolled(sinking.store, "edges_1m", "minute") == []
    assert rolled(sinking.store, "edges_1h", "hour") == []
    assert rolled(sinking.store, "edges_1d", "day") == []
    assert requested(sinking.store, "requests_1m FINAL", "minute") == []
    assert requested(sinking.store, "requests_1h FINAL", "hour") == []
    assert requested(sinking.store, "requests_1d FINAL", "day") == []


def test_a_store_without_rollups_of_requests_gets_them(fresh: Fresh) -> None:
    sinking = Sinking(fresh())
    sinking.now = LONG_AFTER
    sinking.take(folded(log(2, windows=WINDOWS, chaos=False)))
    for table in ("requests_1m", "requests_1h", "requests_1d"):
        sinking.store.query(f"TRUNCATE TABLE {table}")

    sinking.start()
    sinking.take([])

    same(sinking.store)


def test_rollups_of_requests_without_containers_are_rolled_up_anew(fresh: Fresh) -> None:
    sinking = Sinking(fresh())
    sinking.now = LONG_AFTER
    sinking.take(folded(log(2, windows=WINDOWS, chaos=False)))
    for table in ("requests_1m", "requests_1h", "requests_1d"):
        sinking.store.query(f"ALTER TABLE {table} DROP COLUMN client_container, DROP COLUMN server_container")

    reconcile(sinking.store)
    sinking.start()
    sinking.take([])

    same(sinking.store)


class Watched(Store):
    """A store that remembers its queries."""

    def __init__(self, address: Address) -> None:
        super().__init__(address)
        self.asked: list[str] = []

    def query(self, text: str, parameters: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
        self.asked.append(text)
        return super().query(text, parameters)


def test_without_http_no_requests_are_stored_or_rolled_up(fresh: Fresh) -> None:
    store = Watched(fresh().address)
    sinking = Sinking(store)
    sinking.now = LONG_AFTER
    store.asked.clear()

    sinking.take([each for each in folded(log(2, windows=WINDOWS, chaos=False)) if each.topic == topics.EDGES.name])

    about = [text for text in store.asked if "requests" in text]
    assert all(text.startswith("SELECT max(version)") for text in about)
    assert 1 <= len(about) <= len(store.asked) / 3
    parts = "SELECT count() FROM system.parts WHERE database = currentDatabase() AND table LIKE 'requests%'"
    assert store.query(parts) == [(0,)]
    store.close()


def test_an_end_is_named_by_late_places(fresh: Fresh) -> None:
    messages = folded(log(3, windows=WINDOWS, chaos=False))
    sinking = Sinking(fresh())
    sinking.now = LONG_AFTER
    places = [message for message in messages if message.topic == topics.PLACES.name]
    sinking.take([message for message in messages if message.topic != topics.PLACES.name])
    before = rolled(sinking.store, "edges_1m", "minute")

    places.reverse()
    for at in range(0, len(places), len(places) // 5):
        sinking.take(places[at : at + len(places) // 5])

    same(sinking.store)
    assert before != rolled(sinking.store, "edges_1m", "minute")
