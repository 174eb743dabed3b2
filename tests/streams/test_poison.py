"""A bad record costs only itself and what depends on it: no other host, and not the host's next minute."""

import json
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from log.protocol import Record
from schemas.codec import encode
from schemas.columns import MAX_BLANKS
from schemas.raw import Batch
from streams import pair, stage
from streams.stage import AttributeStage, Emission, PairStage
from tests.streams.build import T0, WIDTH, batches, connection, holds, listener, message, process, request
from tests.streams.test_pair import CLIENT, pairing, side

HERE, THERE = "10.0.0.1:33000", "10.0.0.9:5432"
ODD: list[Any] = [
    -(2**63), 2**63, 2**64, 10**400, -1, 0, 2**62, 2**53 // 10_000 * 10_000, 1e300, "", "x\0y", "a b\t\n", "x" * 70_000,
    True, None, [], {}, [[]], [0] * 7, {"a": {"b": 2**70}}, "255.255.255.999", "::%",
]  # fmt: skip


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


def window(at: int, host: str = "h1", **more: Any) -> dict[str, Batch]:
    """Return a window that reports everything that can be reported."""
    return batches(
        at,
        host=host,
        processes=[process(7, name="shop"), process(8, name="db")],
        exits=[{"pid": 8, "start": 100, "exited": T0, "code": 1}] if at % 2 else [],
        connections=[
            connection(1, HERE, THERE, sent=5),
            connection(2, "10.0.0.1:80", "10.0.0.7:4000", closed=at % 2 == 1),
        ],
        listeners=[listener(3, 80)],
        owners=[*holds(7, 1, 3), *holds(8, 2)],
        disowned=[{"cookie": 2, "pid": 8, "start": 100}] if at % 2 else [],
        requests=[request("10.0.0.7:4000", "10.0.0.1:80")],
        interfaces=[{"name": "br0", "address": "172.17.0.1", "prefix": 16, "local": True}],
        **more,
    )


def feed(folds: AttributeStage, emitted: dict[str, Batch], changes: dict[str, bytes] | None = None) -> list[Emission]:
    """Feed a window, with other bytes for some of its batches, appended when the window ended."""
    messages = [message(topic, batch) for topic, batch in emitted.items()]
    spoilt = [each._replace(value=(changes or {}).get(each.topic, each.value)) for each in messages]
    return [made for each in spoilt for made in folds.feed(each)]


def spoilt(random: Random, at: int) -> tuple[dict[str, Batch], dict[str, bytes]]:
    emitted = window(at, keyframe=at % 6 == 0)
    topic = random.choice(sorted(emitted))
    record = json.loads(encode(emitted[topic]))
    for _ in range(random.choice((1, 1, 1, 2, 5))):
        record = changed(record, random.choice(list(places(record))), random.choice(ODD))
        if not isinstance(record, dict):
            break
    return emitted, {topic: json.dumps(record).encode()}


@pytest.mark.fuzz
def test_a_host_that_reports_nonsense_is_itself_again_with_its_next_keyframe_and_no_other_host_is_touched(
    fuzz_factor: int,
) -> None:
    for seed in range(6 * fuzz_factor):
        random = Random(seed)
        folds, alone, pairs = AttributeStage((), 2), AttributeStage((), 2), PairStage()
        for at in range(30):
            made = feed(folds, *spoilt(random, at))
            for emission in made:
                if emission.topic == "sides":
                    pairs.feed(Record("sides", emission.partition or 0, 0, T0 + at * WIDTH, b"", emission.value))
            other = [feed(each, window(at, "h2", keyframe=at % 6 == 0)) for each in (folds, alone)]
            assert other[0] == other[1]
        after, fresh = AttributeStage((), 2), AttributeStage((), 2)
        after._hosts = folds._hosts
        for at in range(30, 40):
            run: dict[str, Any] = {"run": T0 + 30 * WIDTH, "seq": at - 30, "keyframe": at % 6 == 0}
            now, then = (
                [e for e in feed(each, window(at, **run)) if e.topic in {"sides", "nodes", "flow-requests"}]
                for each in (after, fresh)
            )
            assert {e.topic for e in now} >= {e.topic for e in then} >= {"sides", "nodes"} or at == 30


def nonsense(random: Random) -> bytes:
    batch = side(random.randrange(2), who=CLIENT, closed=True, fresh=False, since=T0 - random.randrange(99) * WIDTH)
    record = json.loads(encode(batch))
    for _ in range(random.choice((1, 1, 3))):
        record = changed(record, random.choice(list(places(record))), random.choice(ODD))
        if not isinstance(record, dict):
            break
    return json.dumps(record).encode()


@pytest.mark.fuzz
def test_nonsense_about_flows_becomes_a_dead_letter_or_an_edge_and_does_not_stop_the_pairing(
    fuzz_factor: int,
) -> None:
    random = Random(1)
    pairs = PairStage()
    for at in range(400 * fuzz_factor):
        pairs.feed(Record("sides", 0, at, T0, b"", nonsense(random)))
        if at % 40 == 0:
            flow = f"tcp 10.1.0.1:{at} 10.1.0.2:80"
            sides = [Record("sides", 0, at, T0, b"", encode(side(end, flow=flow))) for end in (0, 1)]
            _, made = (pairs.feed(each)[0] for each in sides)
            edges = json.loads(made.value)
            assert (edges["a"]["seen"], edges["b"]["seen"]) == ([True], [True])


def test_a_window_of_a_far_time_does_not_stop_the_pairing_of_present_windows() -> None:
    pairs = pairing()
    pairs.feed(side(0, at=10**12, flow="tcp 10.0.0.3:1 10.0.0.4:2"))
    pairs.feed(side(0, who=CLIENT))

    (edges,) = pairs.feed(side(1))
    assert (edges.a.seen, edges.b.seen) == ([True], [True])


def test_rows_for_earlier_windows_are_bounded_by_batch_and_the_latest_windows_come_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pair, "BACK_ROWS", 10)
    pairs = pairing()
    pairs.feed(side(1, at=0, fresh=False, since=T0 - 100 * WIDTH))

    made = pairs.feed(side(0, who={**CLIENT, "started": 1}, fresh=False, since=T0))

    windows = [(window - T0) // WIDTH for batch in made for window in batch.edges.window]
    assert sorted(windows) == [*range(-10, 0), 0]
    assert pairs.counters["named_back_in_part"] == 1


def test_a_window_that_cannot_be_folded_costs_the_state_and_no_later_record(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folds = AttributeStage()
    assert feed(folds, window(0))
    with monkeypatch.context() as patch:
        patch.setattr("streams.host.Host.forget", lambda *_: 1 / 0)
        assert [made.topic for made in feed(folds, window(1))] == ["dead-letters"]
    assert feed(folds, window(2)) == []  # nothing is built upon a state half changed
    assert {made.topic for made in feed(folds, window(3, keyframe=True))} >= {"sides", "nodes"}


def test_a_few_bytes_do_not_become_gigabytes_of_blanks() -> None:
    rows = MAX_BLANKS + 1
    raw = batches(0)["connections"]
    record = {**json.loads(encode(raw)), "connections": {"cookie": [1] * rows}}
    (letter,) = AttributeStage().feed(Record("connections", 0, 0, raw.window, b"", json.dumps(record).encode()))

    assert letter.topic == "dead-letters"
    assert f"{rows} rows, more than the {MAX_BLANKS}" in letter.value.decode()


def test_silent_hosts_are_forgotten_and_reporting_ones_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "SILENT_RECORDS", 10)
    folds = AttributeStage()
    for at in range(50):
        feed(folds, window(at, f"gone-{at}"))
        feed(folds, window(at, "stays", keyframe=at == 0))

    held = folds._hosts[0]
    assert len(held) < 20
    assert held.of("stays")
    assert held.of("gone-49")
    assert folds.counters["hosts_forgotten"] > 30


def test_there_are_never_more_hosts_than_a_partition_may_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "MOST_HOSTS", 5)
    folds = AttributeStage()
    for at in range(20):
        feed(folds, batches(0, host=f"h{at}"))

    assert len(folds._hosts[0]) == 5
