"""The stored map depends only on the log, not on order, repetition, restarts or the number of partitions."""

import os
from collections.abc import Callable
from datetime import date
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from log.protocol import Record
from schemas.ids import parse_process
from streams.connection import HERE
from streams.stage import AttributeStage, PairStage
from tests.streams.build import T0
from tests.streams.tables import PROTOCOL, SEEN, Tables, difference, fold, shuffled, sides_of, tables
from tests.streams.world import WIDTH, log

worlds = st.builds(
    log,
    st.integers(0, 10**9),
    hosts=st.integers(2, 3),
    windows=st.sampled_from((8, 20, 36)),
    chaos=st.booleans(),
    fails=st.booleans(),
    goes_on=st.just(True),
)
randoms = st.builds(Random, st.integers(0, 10**9))
some = settings(max_examples=12, suppress_health_check=list(HealthCheck))

WORLDS_A_DAY = 60  # for each way of reading; about 20 s
APART_MS = 150_000  # the wait for a topic of which nothing more is listed is five keyframes (streams/assembly.py)


def assert_same(one: Tables, other: Tables) -> None:
    assert not difference(one, other)


def topic(message: Record) -> tuple[int, str]:
    return message.partition, message.topic


def host(message: Record) -> tuple[int, bytes]:
    return message.partition, message.key


def spread(messages: list[Record]) -> list[Record]:
    return [message._replace(partition=int(message.key[1:]) % 4) for message in messages]


def any_order(messages: list[Record], random: Random) -> list[Tables]:
    by_topic, by_host = shuffled(random, topic), shuffled(random, host)
    return [tables(messages, order=by_topic), tables(messages, pair_order=by_host)]


def four_partitions(messages: list[Record], random: Random) -> list[Tables]:
    orders = shuffled(random, topic), shuffled(random, host)
    return [tables(spread(messages), order=orders[0], pair_order=orders[1], partitions=4)]


def restarts(messages: list[Record], random: Random) -> list[Tables]:
    anywhere = [random.randrange(len(messages) + 1) for _ in range(2)]
    return [tables(messages, restarts=anywhere, pair_restarts=lambda count: [random.randrange(count + 1)])]


def replay(messages: list[Record], random: Random) -> list[Tables]:
    start, stop = sorted(random.randrange(len(messages) + 1) for _ in range(2))
    return [tables(messages, then=messages[start:stop])]


READINGS = (any_order, four_partitions, restarts, replay)


@pytest.mark.parametrize("reading", READINGS)
@some
@given(messages=worlds, random=randoms)
def test_any_reading_gives_the_same_map(
    reading: Callable[[list[Record], Random], list[Tables]], messages: list[Record], random: Random
) -> None:
    plain = tables(messages)
    for read in reading(messages, random):
        assert_same(plain, read)


@pytest.mark.slow
@pytest.mark.parametrize("reading", READINGS)
def test_any_reading_of_the_worlds_of_the_day_gives_the_same_map(
    reading: Callable[[list[Record], Random], list[Tables]],
) -> None:
    """Look at other worlds every day. SERVICEMAP_TEST_WORLD repeats those from a number on."""
    first = int(os.environ.get("SERVICEMAP_TEST_WORLD", date.today().toordinal() * WORLDS_A_DAY))
    for number in range(first, first + WORLDS_A_DAY):
        random = Random(number)
        messages = log(
            number,
            hosts=random.choice((2, 2, 3)),
            windows=random.choice((6, 12, 20, 36, 60)),
            chaos=random.random() < 0.7,
            fails=random.random() < 0.5,
            goes_on=True,
        )
        plain = tables(messages)
        for read in reading(messages, random):
            assert not difference(plain, read), f"again with SERVICEMAP_TEST_WORLD={number}"


@pytest.mark.slow
def test_collectors_that_fail_for_minutes_give_one_map_if_topics_are_read_minutes_apart_at_most() -> None:
    """Look at other worlds every day, as above."""
    first = int(os.environ.get("SERVICEMAP_TEST_WORLD", date.today().toordinal() * WORLDS_A_DAY))
    for number in range(first, first + WORLDS_A_DAY // 2):
        random = Random(number)
        messages = log(
            number,
            hosts=random.choice((1, 2, 2, 3)),
            windows=random.choice((36, 60)),
            chaos=random.random() < 0.6,
            fails=True,
            fails_among=random.choice((32, 48)),
            goes_on=True,
        )
        order = shuffled(random, topic, APART_MS)
        plain = tables(messages)
        in_turn = tables(messages, order=order)
        in_parts = tables(spread(messages), order=order, partitions=4)
        for read in (in_turn, in_parts, *restarts(messages, random), *replay(messages, random)):
            assert not difference(plain, read), f"again with SERVICEMAP_TEST_WORLD={number}"


@pytest.mark.parametrize(
    ("seed", "hosts", "windows", "chaos", "start", "stop"),
    [
        (14, 2, 36, True, 169, 222),
        (23, 3, 36, True, 104, 313),
        (26, 2, 36, True, 0, 200),
        (29, 3, 36, False, 147, 428),
        (41, 3, 36, True, 13, 424),
        (41, 3, 36, True, 13, 82),
        (41, 3, 36, True, 274, 410),
        (1049, 3, 36, True, 215, 521),
        (2085, 3, 8, True, 17, 106),
        (2123, 3, 36, False, 248, 521),
        (4075, 3, 20, True, 55, 233),
        (50015, 3, 36, False, 97, 206),
        (50023, 3, 20, False, 68, 133),
        (50031, 3, 8, False, 30, 151),
    ],
)
def test_worlds_that_once_gave_different_maps_give_the_same_map(
    seed: int, hosts: int, windows: int, chaos: bool, start: int, stop: int
) -> None:
    messages, random = log(seed, hosts=hosts, windows=windows, chaos=chaos, fails=True, goes_on=True), Random(seed)
    read = tables(messages)
    assert_same(read, tables(messages, order=shuffled(random, topic)))
    assert_same(read, tables(spread(messages), order=shuffled(random, topic), partitions=4))
    assert_same(read, tables(messages, then=messages[start:stop]))


@pytest.mark.parametrize(
    ("seed", "hosts", "windows", "chaos", "restart"),
    [
        (1009, 3, 20, False, 175),
        (1078, 2, 20, False, 123),
        (3011, 3, 36, False, 247),
        (60146, 2, 36, False, 204),
        (80021, 3, 36, True, 502),
        (935, 3, 36, True, 321),
    ],
)
def test_the_map_after_long_holes_does_not_depend_on_when_the_reader_started(
    seed: int, hosts: int, windows: int, chaos: bool, restart: int
) -> None:
    messages = log(seed, hosts=hosts, windows=windows, chaos=chaos, fails=True, goes_on=True)
    assert_same(tables(messages), tables(messages, restarts=[restart]))


@pytest.mark.parametrize(
    ("seed", "hosts", "windows", "chaos", "fails_among", "restart"),
    [
        (1, 1, 36, True, 32, 83),
        (13, 2, 60, False, 48, 190),
        (1013, 2, 60, False, 48, 188),
        (1065, 1, 60, False, 48, 90),
    ],
)
def test_the_map_of_long_failures_does_not_depend_on_when_the_reader_started(
    seed: int, hosts: int, windows: int, chaos: bool, fails_among: int, restart: int
) -> None:
    messages = log(seed, hosts=hosts, windows=windows, chaos=chaos, fails=True, fails_among=fails_among, goes_on=True)
    assert_same(tables(messages), tables(messages, restarts=[restart]))


def test_a_connection_that_a_keyframe_did_not_restate_is_judged_as_by_a_reader_that_began_there() -> None:
    messages = log(500477, hosts=2, windows=20, chaos=True, fails=True, goes_on=True)
    assert_same(tables(messages), tables(messages, then=messages[80:125]))


def test_a_tie_that_a_keyframe_did_not_restate_is_found_as_by_a_reader_that_began_there() -> None:
    messages = log(467, hosts=2, windows=36, chaos=True, fails=True, goes_on=True)
    assert_same(tables(messages), tables(messages, restarts=[291]))


def test_who_serves_is_judged_anew_by_a_keyframe_that_did_not_restate_the_connections() -> None:
    messages = log(935, hosts=3, windows=36, chaos=True, fails=True, goes_on=True)
    assert_same(tables(messages), tables(messages, restarts=[291]))


@pytest.mark.parametrize(("seed", "random"), [(33, 0), (7698, 3)])
def test_names_copied_between_windows_after_a_close_do_not_depend_on_the_order(seed: int, random: int) -> None:
    messages = log(seed, hosts=3, windows=20, chaos=True)
    read = tables(messages)
    assert_same(read, tables(messages, order=shuffled(Random(random), topic)))
    orders = shuffled(Random(random), topic), shuffled(Random(random), host)
    assert_same(read, tables(spread(messages), order=orders[0], pair_order=orders[1], partitions=4))


@pytest.mark.parametrize("chaos", [False, True])
def test_the_worlds_are_eventful(chaos: bool) -> None:
    edges: list[tuple[Any, ...]] = []
    requests: list[tuple[Any, ...]] = []
    events: set[str] = set()
    named_back = 0
    for seed in range(8):
        messages = log(seed, chaos=chaos)
        read = tables(messages)
        edges += read["edges"].values()
        requests += read["requests"].values()
        events |= {row[1] for row in read["events"].values()}
        pair = PairStage()
        for side in sides_of(fold(AttributeStage, messages)):
            pair.feed(side)
        named_back += pair.counters["windows_named_back"]
    identities = [identity for row in edges for identity in (row[1], row[3])]
    assert {identity[5] for identity in identities} == {"", "scan", "listener", "BPF"}
    assert any(identity[6] for identity in identities), "no tie"
    assert {row[0][2] for row in edges} >= {0, 1}, "no port used again"
    assert {row[0][3] // 2 for row in edges if row[2][SEEN] or row[4][SEEN]} == {2, 3, 4, 5}, "a rule never decided"
    assert {"process_started", "process_exited", "edge_appeared", "edge_vanished", "agent_started"} <= events
    assert ("host_silent" in events) == chaos
    assert not chaos or named_back > 0
    assert {of_end[PROTOCOL] for row in edges for of_end in (row[2], row[4])} == {"", "redis", "tls 1.3"}
    assert {row[2] for row in requests} == {0, 1}
    assert {row[4] for row in requests} == {1, 2}


@some
@given(worlds)
def test_no_end_is_credited_to_a_process_that_had_not_started_nor_to_a_mixture_of_two(messages: list[Record]) -> None:
    for (window, *_), row in tables(messages)["edges"].items():
        for host_id, node, service, name, _, _, _, started, *_ in (row[1], row[3]):
            if node:
                whose = parse_process(node)
                assert whose.host_id == host_id
                assert name == service
                assert name in {f"p{whose.pid}", f"exec{whose.pid}"}
                began = T0 + (whose.start - 1000) * WIDTH + 7
                assert began < window + WIDTH
                assert started == began or started < HERE  # a rank: it was found by other windows alone


@some
@given(worlds)
def test_every_request_is_on_an_edge_of_its_window(messages: list[Record]) -> None:
    read = tables(messages)
    assert {(window, flow, 0) for window, flow, _ in read["requests"]} <= read["edges"].keys()
