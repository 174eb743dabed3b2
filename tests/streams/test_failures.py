"""A failed collector is an event, and the fold forgets nothing because of it for seven minutes."""

from typing import Any

import pytest
from msgspec import structs

from schemas.raw import Batch, Heartbeat
from streams.attribute import Attribution, Folded
from streams.host import KNOWN_MS, Host
from tests.streams.build import T0, WIDTH, batches, connection, holds, listener, process

HERE, THERE = "10.0.0.1:33000", "10.0.0.9:5432"
STATE = ["processes", "connections", "listeners", "owners"]
KNOWN: dict[str, Any] = {
    "processes": [process(7, name="shop")],
    "owners": holds(7, 1, 2),
    "connections": [connection(1, HERE, THERE, at=0)],
    "listeners": [listener(2, 80)],
}
SETTLED = 13  # windows
MINUTE = 6


def lacking(emitted: dict[str, Batch], *topics: str, field: bool = True) -> dict[str, Batch]:
    """Return a window in which the collectors of some topics failed. Older agents send no `field` for that."""
    beat = emitted["heartbeats"]
    assert isinstance(beat, Heartbeat)
    sent = {topic: count for topic, count in beat.sent.items() if topic not in topics}
    failed = dict.fromkeys(topics, "OSError: it broke") if field else {}
    kept = {topic: batch for topic, batch in emitted.items() if topic not in topics}
    return {**kept, "heartbeats": structs.replace(beat, sent=sent, failed=failed)}


class Reader:
    def __init__(self) -> None:
        self.fold = Attribution()

    @property
    def host(self) -> Host | None:
        (fold,) = self.fold._folds.values()
        return fold._host

    def feed(self, at: int, *lacks: str, restates: tuple[str, ...] = (), field: bool = True, **what: Any) -> Folded:
        window = batches(at, **what)
        for topic in restates:
            window[topic] = structs.replace(window[topic], keyframe=True)
        emitted = [
            one
            for topic, batch in (lacking(window, *lacks, field=field) if lacks else window).items()
            for one in self.fold.feed(topic, batch)
        ]
        return emitted[-1] if emitted else Folded()


def kinds(emitted: Folded) -> list[str]:
    return list(emitted.events.events.kind)


def owners(emitted: Folded) -> set[str]:
    """Return the identities of the emitted ends."""
    return {batch.identities.service[who - 1] for _, batch in emitted.sides for who in batch.ends.who}


def settled() -> Reader:
    reader = Reader()
    for at in range(SETTLED):
        reader.feed(at, keyframe=at % MINUTE == 0, **(KNOWN if at % MINUTE == 0 else {}))
    return reader


@pytest.mark.parametrize("field", [True, False])
@pytest.mark.parametrize("topic", STATE)
def test_a_keyframe_without_a_topic_keeps_what_is_known_of_it(topic: str, field: bool) -> None:
    reader = settled()
    happened: list[str] = []
    for at in range(SETTLED, SETTLED + KNOWN_MS // WIDTH):
        keyframe = at % MINUTE == 0
        facts = {name: rows for name, rows in KNOWN.items() if keyframe and name != topic}
        lacks = (topic,) if keyframe or field else ()
        emitted = reader.feed(at, *lacks, keyframe=keyframe, field=field, **facts)
        happened += kinds(emitted)
        assert owners(emitted) == {"shop"}
    back = reader.feed(SETTLED + KNOWN_MS // WIDTH, restates=(topic,), **{topic: KNOWN[topic]})
    for at in range(SETTLED + KNOWN_MS // WIDTH + 1, SETTLED + 7 * MINUTE):
        happened += kinds(reader.feed(at, keyframe=at % MINUTE == 0, **(KNOWN if at % MINUTE == 0 else {})))

    assert owners(back) == {"shop"}
    assert happened == ["collector_failed"] * field
    assert kinds(back) == ["collector_recovered"] * field


@pytest.mark.parametrize("topic", ["processes", "connections", "owners"])
def test_what_no_keyframe_restates_for_long_is_forgotten(topic: str) -> None:
    reader, late = settled(), Reader()
    known = {name: rows for name, rows in KNOWN.items() if name != topic}
    forgotten = SETTLED - 1 + KNOWN_MS // WIDTH + MINUTE  # the next keyframe that lacks it
    for each, first in ((reader, SETTLED), (late, forgotten)):
        emitted = [
            each.feed(at, topic, keyframe=at % MINUTE == 0, **(known if at % MINUTE == 0 else {}))
            for at in range(first, forgotten + MINUTE)
        ]
        assert owners(emitted[-1]) == (set() if topic == "connections" else {""})


def test_a_recovered_collector_replaces_the_state_of_its_topic() -> None:
    reader = settled()
    reader.feed(13, "processes", "connections", "owners", "listeners")
    emitted = reader.feed(14, restates=("processes", "connections", "owners", "listeners"))
    host = reader.host

    assert host is not None
    assert (len(host.running), host.connections, host.holders) == (0, {}, {})
    assert set(kinds(emitted)) == {"collector_recovered"}


def test_the_server_of_an_event_is_not_guessed_while_listeners_are_unknown() -> None:
    reader = Reader()
    reader.feed(0, "listeners", **{**KNOWN, "listeners": [], "connections": [connection(1, "10.0.0.1:40000", THERE)]})
    happened: list[str] = []
    for at in range(1, SETTLED):
        gone = [connection(1, "10.0.0.1:40000", THERE, closed=True)] if at == 2 else []
        lacks, restates = (["listeners"], ()) if at < 2 else ([], ("listeners",))
        listening = [listener(2, 40_000)] if at >= 2 else []
        happened += kinds(reader.feed(at, *lacks, restates=restates, connections=gone, listeners=listening))
    assert happened == ["collector_recovered"]


def test_a_reader_that_starts_without_owners_emits_them_once_they_are_known() -> None:
    reader = Reader()
    reader.feed(0, "owners", **{**KNOWN, "owners": []})
    reader.feed(1)
    ((_, back),) = reader.feed(2, restates=("owners",), owners=KNOWN["owners"]).sides
    assert back.sides.window == [T0 + 2 * WIDTH]
    assert back.identities.service == ["shop"]


def test_an_edge_that_was_unseen_for_long_vanishes_without_an_event() -> None:
    reader = settled()
    happened: list[str] = []
    for at in range(SETTLED, SETTLED + 3 * MINUTE + 2):
        happened += kinds(reader.feed(at, "connections"))
    happened += kinds(reader.feed(SETTLED + 3 * MINUTE + 2, restates=("connections",)))
    for at in range(SETTLED + 3 * MINUTE + 3, SETTLED + 6 * MINUTE):
        happened += kinds(reader.feed(at))
    assert happened == ["collector_failed", "collector_recovered"]


def test_unseen_connections_are_not_emitted_as_idle() -> None:
    reader = settled()
    ((_, idle),) = reader.feed(13).sides
    ((_, unseen),) = reader.feed(14, "connections").sides

    assert (idle.ends.seen, unseen.ends.seen) == ([True], [False])
    assert unseen.identities.service == ["shop"]


@pytest.mark.parametrize("topic", ["processes", "connections", "owners"])
def test_no_edge_vanishes_while_unseen_and_none_is_new_just_after(topic: str) -> None:
    reader = settled()
    happened = kinds(reader.feed(13, topic, connections=[connection(1, HERE, THERE, closed=True)]))
    for at in range(14, 14 + 2 * MINUTE):
        happened += kinds(reader.feed(at, topic))
    other = connection(9, "10.0.0.1:33009", "10.0.0.9:6379", at=26, opened=True)
    again = {**KNOWN, "connections": [other], "owners": holds(7, 9)}
    happened += kinds(reader.feed(26, restates=("processes", "connections", "owners"), **again))
    for at in range(27, 27 + MINUTE - 2):
        happened += kinds(reader.feed(at))

    assert happened == ["collector_failed", "collector_recovered"]
    later = [kind for at in range(25 + MINUTE, 29 + MINUTE) for kind in kinds(reader.feed(at))]
    assert later == ["edge_vanished"]


def test_a_failure_is_emitted_once_with_its_reason_and_so_is_the_recovery() -> None:
    reader = Reader()
    emitted = [reader.feed(at, *(["requests"] if at in (2, 3, 6) else [])) for at in range(8)]
    events = [row for one in emitted for row in one.events.events.rows() if row[1].startswith("collector")]

    assert [(time, kind) for time, kind, *_ in events] == [
        (T0 + 2 * WIDTH, "collector_failed"),
        (T0 + 4 * WIDTH, "collector_recovered"),
        (T0 + 6 * WIDTH, "collector_failed"),
        (T0 + 7 * WIDTH, "collector_recovered"),
    ]
    assert events[0][2:] == (
        "host:h1", "requests", "h1", "", "the collector of requests on one failed: OSError: it broke",
    )  # fmt: skip
    assert events[1][-1] == "the collector of requests on one is back"


def test_a_new_run_reports_its_failed_collectors_anew() -> None:
    reader = Reader()
    first = reader.feed(0, "requests")
    second = reader.feed(1, "requests", run=T0 + 9, seq=0)
    third = reader.feed(2, run=T0 + 10, seq=0)

    assert [kinds(one) for one in (first, second)] == [["agent_started", "collector_failed"]] * 2
    assert set(kinds(third)) == {"agent_started", "collector_recovered"}


def test_failures_at_the_start_of_a_reader_count_as_emitted() -> None:
    reader = Reader()

    for at in (6, 7):  # its first windows wait until other agents of the host id would have reported
        assert kinds(reader.feed(at, "owners", seq=at, keyframe=at == 6)) == []
    assert kinds(reader.feed(8, seq=8)) == ["collector_recovered"]


def test_a_host_whose_collectors_never_work_is_still_on_the_map() -> None:
    reader = Reader()
    lacks = ("processes", "owners", "listeners", "requests", "hosts")
    emitted = [reader.feed(at, *lacks, keyframe=at % MINUTE == 0, connections=KNOWN["connections"]) for at in range(20)]

    assert all(len(one.sides) == 1 for one in emitted)
    assert owners(emitted[-1]) == {""}


@pytest.mark.parametrize("topic", STATE)
def test_a_host_is_not_rebuilt_for_a_collector_that_never_works(topic: str) -> None:
    reader, late = Reader(), Reader()
    known = {name: rows for name, rows in KNOWN.items() if name != topic}
    hosts, emitted, last = set(), list[Folded](), KNOWN_MS // WIDTH + 2 * MINUTE
    for at in range(last):
        keyframe = at % MINUTE == 0
        emitted = [
            each.feed(at, topic, keyframe=keyframe, **(known if keyframe else {}))
            for each, first in ((reader, 0), (late, last - MINUTE))
            if at >= first
        ]
        hosts.add(reader.host)

    assert len(hosts) == 1
    assert emitted[0].sides == emitted[1].sides


def test_networks_of_a_host_stay_known_when_they_cannot_be_read() -> None:
    reader = Reader()
    bridge = {"name": "docker0", "address": "172.17.0.1", "prefix": 16, "local": True}
    reader.feed(0, interfaces=[bridge])
    for at, lacks in ((1, ("hosts",)), (2, ("heartbeats",))):
        reader.feed(at, *lacks, keyframe=True)
        assert reader.host
        assert reader.host.at
    reader.feed(3, keyframe=True)
    assert reader.host
    assert not reader.host.at


def test_an_unknown_process_among_the_holders_is_not_ignored() -> None:
    reader = settled()
    emitted = reader.feed(13, "processes", connections=[connection(5, "10.0.0.1:1", THERE, at=13)],
                       owners=[*holds(7, 5), *holds(8, 5)])  # fmt: skip

    assert owners(emitted) == {"shop", ""}
