"""Windows are assembled from topics that overtake each other, whatever the order of reading."""

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from schemas.raw import Batch, Heartbeat
from streams import assembly
from streams.assembly import Window
from streams.intake import Intake
from tests.streams.build import T0, WIDTH, batches

Sent = list[tuple[str, Batch]]


def sent(*windows: dict[str, Batch], without: tuple[tuple[int, str], ...] = ()) -> Sent:
    """Return the batches of some windows, each heartbeat last, without the lost ones (number, topic)."""
    return [(t, b) for n, each in enumerate(windows) for t, b in each.items() if (n, t) not in without]


def fed(intake: Intake, messages: Sent) -> list[Window]:
    return [window for topic, batch in messages for _, window in intake.add(topic, batch)]


def summary(windows: list[Window]) -> list[Any]:
    return [(w.any().run, w.any().seq, sorted(w.parts), w.heartbeat is not None) for w in windows]


def by_topic(messages: Sent, random: Random) -> Sent:
    """Return the batches topic by topic, each topic in its order."""
    topics = sorted({topic for topic, _ in messages})
    random.shuffle(topics)
    return [message for topic in topics for message in messages if message[0] == topic]


def seqs(windows: list[Window]) -> list[int]:
    return [window.any().seq for window in windows]


def test_a_window_is_complete_when_all_listed_batches_are_here() -> None:
    messages = sent(batches(0))
    intake = Intake()
    for topic, batch in messages[:-1]:
        assert not intake.add(topic, batch)
    assert seqs(fed(intake, messages[-1:])) == [0]


def test_windows_are_released_in_order_however_topics_overtake_each_other() -> None:
    messages = sent(batches(0), batches(1), batches(2))
    assert seqs(fed(Intake(), by_topic(messages, Random(1)))) == [0, 1, 2]


def test_a_repeated_batch_is_counted_and_changes_nothing() -> None:
    messages = sent(batches(0), batches(1))
    intake = Intake()
    fed(intake, messages)
    assert not fed(intake, messages)
    assert intake.counters["repeated_batches"] == len(messages)


def test_a_window_that_lacks_a_batch_waits_until_every_topic_is_past_it() -> None:
    messages = sent(batches(0), batches(1), batches(2), without=((1, "owners"),))
    intake = Intake()
    assert seqs(fed(intake, messages[:-1])) == [0]
    assert seqs(fed(intake, messages[-1:])) == [1, 2]
    assert intake.counters["incomplete_windows"] == 1


def test_a_window_that_lacks_a_batch_of_a_silent_topic_waits_for_a_whole_keyframe() -> None:
    lost = tuple((n, "owners") for n in (1, 2, 3))
    messages = sent(batches(0), batches(1), batches(2), batches(3), batches(4, keyframe=True), without=lost)
    intake = Intake()
    assert seqs(fed(intake, messages[:-1])) == [0]
    assert seqs(fed(intake, messages[-1:])) == [1, 2, 3, 4]


def test_an_incomplete_window_long_before_the_next_complete_one_is_dropped_and_counted() -> None:
    late = batches(40, run=T0 + 1, seq=0)
    intake = Intake()
    assert seqs(fed(intake, sent(batches(0), batches(1), late, without=((1, "heartbeats"),)))) == [0, 0]
    assert intake.counters["stale_windows"] == 1


def test_a_new_run_follows_the_old_one_even_if_the_clock_was_set_back() -> None:
    after = [batches(at, run=T0 - 50_000, seq=seq) for seq, at in enumerate((-3, -2))]
    messages = sent(batches(0), batches(1), *after)
    for order in (messages, by_topic(messages, Random(2))):
        assert [w.any().window for w in fed(Intake(), order)] == [T0 + at * WIDTH for at in (0, 1, -3, -2)]


def test_windows_of_a_run_are_ordered_by_number_and_not_by_clock() -> None:
    messages = sent(batches(5, seq=0), batches(6, seq=1), batches(4, seq=2))
    assert [window.any().window for window in fed(Intake(), messages)] == [T0 + at * WIDTH for at in (5, 6, 4)]


def test_windows_of_a_killed_agent_are_released_before_the_next_run() -> None:
    killed = ((1, "heartbeats"), (1, "owners"))
    messages = sent(batches(0), batches(1), batches(1, run=T0 + 9, seq=0), without=killed)
    assert [w.any().run for w in fed(Intake(), messages)] == [T0, T0, T0 + 9]


def test_an_agent_that_was_killed_before_its_first_heartbeat_has_no_window_in_any_order() -> None:
    dead = sent(batches(1, run=T0 + 5, seq=0), without=((0, "heartbeats"), (0, "owners")))
    messages = [*sent(batches(0)), *dead, *sent(batches(2, run=T0 + 9, seq=0))]
    for seed in range(10):
        assert [w.any().run for w in fed(Intake(), by_topic(messages, Random(seed)))] == [T0, T0 + 9]


def test_waiting_windows_are_bounded_and_the_oldest_is_released_as_it_is() -> None:
    intake = Intake(limit=3)
    windows = fed(intake, sent(*(batches(n) for n in range(6)), without=tuple((n, "owners") for n in range(6))))
    assert seqs(windows) == [0, 1, 2]
    assert intake.counters["forced_windows"] == 3


def test_windows_that_wait_for_the_first_heartbeat_of_their_run_are_bounded() -> None:
    intake = Intake(limit=3)
    for run in range(5):
        fed(intake, [("owners", batches(0, run=run)["owners"])])
    assert intake.counters["placeless_windows"] == 2


def test_earlier_windows_of_a_new_lead_are_released_even_if_its_next_window_stays_incomplete() -> None:
    lost = ((4, "heartbeats"), (5, "heartbeats"), (7, "processes"))
    runs = [batches(at, run=T0 + (at > 3), seq=at - 4 * (at > 3), keyframe=at in (0, 3, 4, 7)) for at in range(8)]
    assert seqs(fed(Intake(), sent(*runs, without=lost))) == [0, 1, 2, 3, 0, 1, 2]


@settings(max_examples=100)
@given(st.randoms(use_true_random=False), st.sets(st.tuples(st.integers(0, 7), st.sampled_from(list(batches(0))))))
def test_any_interleaving_and_repetition_releases_the_same_windows(random: Random, lost: set[tuple[int, str]]) -> None:
    runs = [batches(at, run=T0 + (at > 3), seq=at - 4 * (at > 3), keyframe=at in (0, 3, 4, 7)) for at in range(8)]
    messages = sent(*runs, without=tuple(lost))
    queues = [[m for m in messages if m[0] == topic][::-1] for topic in batches(0)]
    read: Sent = []
    while any(queues):
        read.append(random.choice([queue for queue in queues if queue]).pop())
        if random.random() < 0.2:
            read.append(random.choice(read))
    in_order, mixed = summary(fed(Intake(), messages)), summary(fed(Intake(), read))
    whole = max((n for n, run in enumerate(runs) if not lost & {(n, t) for t in run}), default=-1)
    known = [one for one in in_order if (one[0], one[1]) <= (runs[whole]["owners"].run, runs[whole]["owners"].seq)]
    assert in_order == mixed or mixed == known


def lacking(window: dict[str, Batch], topic: str) -> dict[str, Batch]:
    """Return a window in which a collector failed."""
    beat = window["heartbeats"]
    assert isinstance(beat, Heartbeat)
    sent = {name: count for name, count in beat.sent.items() if name != topic}
    failed = structs.replace(beat, sent=sent, failed={topic: "it broke"})
    return {**{name: batch for name, batch in window.items() if name != topic}, "heartbeats": failed}


def test_a_keyframe_in_which_a_collector_failed_does_not_skip_its_earlier_batches() -> None:
    broken = [lacking(batches(n, keyframe=True), "owners") for n in (2, 3)]
    messages = sent(batches(0), batches(1), *broken, batches(4))
    by_owners_last = sorted(messages, key=lambda message: message[0] == "owners")
    assert seqs(fed(Intake(), by_owners_last)) == [0, 1, 2, 3, 4]
    assert [sorted(w.parts) for w in fed(Intake(), by_owners_last)] == [
        sorted(w.parts) for w in fed(Intake(), messages)
    ]


@pytest.mark.parametrize("left", [{"connections"}, {"connections", "owners"}])
def test_batches_of_a_killed_agent_are_dropped_in_any_order_if_the_next_run_lacks_their_topic(
    left: set[str],
) -> None:
    killed = {topic: batch for topic, batch in batches(2).items() if topic in left}
    after = lacking(batches(4, run=T0 + 9, seq=0), "connections")
    messages = sent(batches(0), batches(1), killed, after, batches(5, run=T0 + 9, seq=1))
    kept = ["owners"] if "owners" in left else []
    for read in (messages, sorted(messages, key=lambda message: message[0] == "connections")):
        windows = summary(fed(Intake(), read))
        assert [(parts, whole) for _, seq, parts, whole in windows if seq == 2] == [(kept, False)] * len(kept)
        assert [(run, seq) for run, seq, *_ in windows if seq != 2] == [(T0, 0), (T0, 1), (T0 + 9, 0), (T0 + 9, 1)]


def test_a_missing_number_is_waited_for_until_no_more_of_it_can_come() -> None:
    left = {"owners": batches(1)["owners"]}
    messages = sent(batches(0), left, lacking(batches(2), "owners"), batches(3))
    by_owners_last = sorted(messages, key=lambda message: message[0] == "owners")
    for read in (messages, by_owners_last):
        windows = summary(fed(Intake(), read))
        assert [seq for _, seq, *_ in windows] == [0, 1, 2, 3]
        assert windows[1] == (T0, 1, ["owners"], False)


def test_a_collector_that_never_recovers_holds_back_no_window_for_ever() -> None:
    broken = [lacking(batches(n, keyframe=n % 2 == 0), "owners") for n in range(2, 13)]
    messages = sent(batches(0), batches(1), *broken, without=((1, "owners"),))
    assert seqs(fed(Intake(), messages)) == list(range(13))


def declaring(window: dict[str, Batch], *unreported: str, silent: bool = False) -> dict[str, Batch]:
    """Return a window of an agent that does not report some topics. It declares its topics unless it is `silent`."""
    beat = window["heartbeats"]
    assert isinstance(beat, Heartbeat)
    topics = [topic for topic in window if topic not in unreported]
    listed = {name: count for name, count in beat.sent.items() if name not in unreported}
    beat = structs.replace(beat, sent=listed, topics=[] if silent else topics)
    return {topic: batch for topic, batch in {**window, "heartbeats": beat}.items() if topic in topics}


def test_a_topic_that_the_agent_does_not_report_holds_back_no_window() -> None:
    windows = [declaring(batches(n), "requests") for n in range(3)]
    messages = sent(*windows, without=((1, "owners"),))
    assert seqs(fed(Intake(), messages)) == [0, 1, 2]


def test_a_newer_topic_is_not_waited_for_if_the_agent_declares_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(assembly, "TOPICS", assembly.TOPICS | {"newer"})
    messages = sent(*(batches(n) for n in range(3)), without=((1, "owners"),))
    assert seqs(fed(Intake(), messages)) == [0, 1, 2]


def test_a_newer_topic_is_waited_for_if_the_agent_declares_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assembly, "TOPICS", assembly.TOPICS | {"newer"})
    windows = [{"newer": batches(n)["owners"], **batches(n)} for n in range(3)]
    messages = sent(*map(declaring, windows), without=((1, "owners"),))
    by_newer_last = sorted(messages, key=lambda message: message[0] == "newer")
    intake = Intake()
    assert seqs(fed(intake, by_newer_last[:-1])) == [0]
    assert seqs(fed(intake, by_newer_last[-1:])) == [1, 2]


@pytest.mark.parametrize("silent", [False, True])
@settings(max_examples=50)
@given(st.randoms(use_true_random=False), st.sets(st.tuples(st.integers(0, 7), st.sampled_from(list(batches(0))))))
def test_runs_with_other_topics_release_the_same_windows_in_any_interleaving(
    silent: bool, random: Random, lost: set[tuple[int, str]]
) -> None:
    runs = [batches(at, run=T0 + (at > 3), seq=at - 4 * (at > 3), keyframe=at in (0, 3, 4, 7)) for at in range(8)]
    runs = [declaring(run, *(["requests"] if at > 3 else []), silent=silent) for at, run in enumerate(runs)]
    lost -= {(7, topic) for topic in batches(0)}
    messages = sent(*runs, without=tuple(lost))
    queues = [[m for m in messages if m[0] == topic][::-1] for topic in batches(0)]
    read: Sent = []
    while any(queues):
        read.append(random.choice([queue for queue in queues if queue]).pop())
    assert summary(fed(Intake(), messages)) == summary(fed(Intake(), read))
