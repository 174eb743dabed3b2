"""No record stops a stream. A record that cannot be used becomes a dead letter that names its origin."""

import logging
from typing import Any

import pytest

from log.protocol import Record
from schemas.codec import decode
from schemas.graph import DeadLetter
from schemas.raw import Batch
from schemas.topics import BY_NAME, DEAD_LETTERS, EDGES, EVENTS, FLOW_REQUESTS, NODES, SIDES
from streams.attribute import Attribution
from streams.stage import KEPT_BYTES, AttributeStage, Emission, PairStage
from tests.streams.build import batches, connection, message, request

DERIVED = (SIDES, EDGES, FLOW_REQUESTS, NODES, EVENTS)
HERE, THERE = "10.0.0.1:33000", "10.0.0.9:5432"


def letter(emissions: list[Emission]) -> DeadLetter:
    (emission,) = emissions
    assert emission.topic == "dead-letters"
    record = decode("dead-letters", emission.value)
    assert isinstance(record, DeadLetter)
    return record


def window(stage: AttributeStage, at: int, *, partition: int = 0, **what: Any) -> list[Emission]:
    reported = (stage.feed(message(topic, batch, partition=partition)) for topic, batch in batches(at, **what).items())
    return [emission for some in reported for emission in some]


def test_a_window_becomes_sides_nodes_and_events_keyed_by_host() -> None:
    stage = AttributeStage()
    reported = window(stage, 0, connections=[connection(1, HERE, THERE)], processes=[{"pid": 7, "comm": "shop"}])
    assert [emission.topic for emission in reported] == ["sides", "nodes", "events"]
    assert {emission.key for emission in reported} == {b"h1"}
    assert stage.counters["sides"] == 1
    assert stage.counters["records"] == 6


def test_sides_of_one_flow_go_to_one_partition_from_either_host() -> None:
    mine = window(AttributeStage(partitions=4), 0, connections=[connection(1, HERE, THERE)])
    theirs = window(AttributeStage(partitions=4), 0, host="h2", connections=[connection(9, THERE, HERE)])
    assert mine[0].partition == theirs[0].partition is not None


def test_sides_of_many_flows_go_to_all_partitions() -> None:
    flows = [connection(nth, f"10.0.0.1:{40_000 + nth}", THERE) for nth in range(1, 65)]
    sides = [one for one in window(AttributeStage(partitions=4), 0, connections=flows) if one.topic == "sides"]
    assert {one.partition for one in sides} == {0, 1, 2, 3}


def test_keys_and_partitions_on_the_wire_are_those_that_the_topics_declare() -> None:
    """Check these declarations, because the reference of the topics is made of them."""
    requests = [request("10.0.0.7:4000", "10.0.0.1:80")]
    attribute, pair = AttributeStage(partitions=4), PairStage()
    facts: dict[str, Any] = {"processes": [{"pid": 7, "comm": "shop"}], "requests": requests}
    made = window(attribute, 0, connections=[connection(1, "10.0.0.1:80", "10.0.0.7:4000")], **facts)
    for sides in [emission for emission in made if emission.topic == "sides"]:
        made += pair.feed(Record("sides", sides.partition or 0, 0, 0, sides.key, sides.value))
    made += attribute.feed(Record("owners", 2, 0, 0, b"h1", b"{"))

    assert {emission.topic for emission in made} == {topic.name for topic in (*DERIVED, DEAD_LETTERS)}
    for emission in made:
        topic = BY_NAME[emission.topic]
        assert emission.key == {"host": b"h1", "source": b"owners/2"}[topic.key], topic.name
        assert (emission.partition is not None) == (topic.spread == "flow"), topic.name


def test_sides_become_edges_in_their_partition() -> None:
    sides = window(AttributeStage(), 0, connections=[connection(1, HERE, THERE)])[0]
    stage = PairStage()
    (edges,) = stage.feed(Record("sides", 3, 0, 0, sides.key, sides.value))
    assert (edges.topic, edges.partition) == ("edges", 3)
    assert len(decode("edges", edges.value).edges) == 1
    assert stage.counters["edges"] == 1


@pytest.mark.parametrize("stage", [AttributeStage(), PairStage()], ids=["attribute", "pair"])
def test_a_bad_record_becomes_a_dead_letter_with_its_coordinates(stage: AttributeStage | PairStage) -> None:
    topic = stage.reads[0].name
    dead = letter(stage.feed(Record(topic, 2, 81, 99, b"h\xff", b'{"v": 9}\xfe')))
    assert (dead.topic, dead.partition, dead.offset, dead.timestamp) == (topic, 2, 81, 99)
    assert (dead.stage, dead.size, dead.key, dead.value) == (stage.name, 9, r"h\xff", r'{"v": 9}\xfe')
    assert dead.error
    assert stage.counters["dead_letters"] == 1


def test_a_dead_letter_keeps_the_beginning_of_a_large_record_and_its_size() -> None:
    dead = letter(PairStage().feed(Record("sides", 0, 0, 0, b"", b"x" * (KEPT_BYTES + 1))))
    assert (len(dead.value), dead.size) == (KEPT_BYTES, KEPT_BYTES + 1)


def test_a_tombstone_becomes_a_dead_letter() -> None:
    assert letter(PairStage().feed(Record("sides", 0, 0, 0, b"", None))).error == "the record is empty"


def test_a_window_of_the_far_future_becomes_a_dead_letter_that_names_the_host() -> None:
    batch = message("owners", batches(0)["owners"])
    dead = letter(AttributeStage().feed(batch._replace(timestamp=batch.timestamp - 3_600_001)))
    assert "set the clock of h1" in dead.error


def test_a_window_of_the_near_future_is_folded_and_counted() -> None:
    stage = AttributeStage()
    batch = message("owners", batches(0)["owners"])
    assert stage.feed(batch._replace(timestamp=batch.timestamp - 60_000)) == []
    assert stage.counters["batches_ahead_of_the_clock"] == 1


def test_a_bug_in_a_fold_becomes_a_dead_letter_and_the_stream_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stage = AttributeStage()

    def broken(self: Attribution, topic: str, batch: Batch) -> None:
        raise ZeroDivisionError("by nought")

    with monkeypatch.context() as patch, caplog.at_level(logging.ERROR):
        patch.setattr(Attribution, "feed", broken)
        assert letter(stage.feed(message("owners", batches(0)["owners"]))).error == "ZeroDivisionError: by nought"
    assert "owners/0@0" in caplog.text
    assert window(stage, 0, connections=[connection(1, HERE, THERE)])


def test_the_counters_of_a_fold_are_added_to_its_stage() -> None:
    stage = AttributeStage()
    window(stage, 0)
    window(stage, 0)
    assert stage.counters["repeated_batches"] == 6


def test_dropping_a_partition_forgets_its_hosts_and_no_others() -> None:
    stage = AttributeStage()
    for partition, host in enumerate(("h1", "h2")):
        window(stage, 0, partition=partition, host=host, connections=[connection(1, HERE, THERE)])
    stage.drop(0)
    stage.drop(7)
    assert [e for e in window(stage, 1, partition=0, host="h1") if e.topic == "sides"] == []
    assert [e for e in window(stage, 1, partition=1, host="h2") if e.topic == "sides"]


def test_dropping_a_partition_of_sides_forgets_the_waiting_ends() -> None:
    stage = PairStage()
    mine = window(AttributeStage(), 0, connections=[connection(1, HERE, THERE)])[0]
    theirs = window(AttributeStage(), 0, host="h2", connections=[connection(9, THERE, HERE)])[0]
    stage.feed(Record("sides", 0, 0, 0, b"h1", mine.value))
    stage.drop(0)
    (edges,) = stage.feed(Record("sides", 0, 1, 0, b"h2", theirs.value))
    batch = decode("edges", edges.value)
    assert (batch.a.seen, batch.b.seen) == ([False], [True])


def test_a_bad_row_becomes_a_dead_letter_and_the_others_are_used() -> None:
    stage = AttributeStage()
    reported = batches(0, connections=[connection(n, f"10.0.0.1:{n}", "10.0.0.9:5432") for n in (1, 2)])
    messages = [message(topic, batch) for topic, batch in reported.items()]
    ports, odd = b'"local_port":[1,2]', b'"local_port":[1,"x"]'
    broken = [each._replace(value=(each.value or b"").replace(ports, odd)) for each in messages]
    emitted = [one for each in broken for one in stage.feed(each)]
    (letter,) = [decode(one.topic, one.value) for one in emitted if one.topic == "dead-letters"]
    (sides,) = [decode(one.topic, one.value) for one in emitted if one.topic == "sides"]

    assert letter.error.startswith("1 rows were left out, the others are used: connections.local_port of row 1: ")
    assert len(sides.sides) == 1
    assert stage.counters["rows_left_out"] == 1
