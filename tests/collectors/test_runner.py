import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from collectors.parts import encoded_parts
from collectors.registered import registered
from collectors.registry import Sources
from collectors.runner import MOST_OF_A_REASON, run
from collectors.settings import Settings
from collectors.spool import Sealed, Spool
from collectors.window import Collector, Inert, Window
from schemas import codec
from schemas.raw import HostUsage, ListenerBatch, Listeners, OwnerBatch
from schemas.topics import BY_NAME, HEARTBEATS, LISTENERS, OWNERS, Topic
from tests.collectors.watching import eventually

SETTINGS = Settings(host_id="web7", window_ms=1_000, keyframe_ms=4_000, drain_ms=100)


class Clock(threading.Event):
    """A wall clock that moves when it is waited for, and the event that stops the agent at `end` seconds."""

    def __init__(self, now: float, end: float) -> None:
        super().__init__()
        self.now, self.end = now, end
        self.steps: list[tuple[float, float]] = []  # at which time the clock is set to which, one after the other

    def __call__(self) -> float:
        return self.now

    def wait(self, timeout: float | None = None) -> bool:
        self.now = round(self.now + (timeout or 0), 3)
        if self.steps and self.now >= self.steps[0][0]:
            self.now = self.steps.pop(0)[1]
        if self.now >= self.end:
            self.set()
        return self.is_set()


class Fake(Inert):
    """A collector of one listener a window, which fails in some windows."""

    topic = LISTENERS

    def __init__(self, fails: Sequence[int] = ()) -> None:
        self.fails = fails
        self.keyframes: list[tuple[int, bool]] = []

    def collect(self, window: Window) -> ListenerBatch:
        if window.seq in self.fails:
            raise OSError("it broke")
        self.keyframes.append((window.start, window.keyframe))
        return window.batch(ListenerBatch, listeners=Listeners(cookie=[window.seq]))


class Quiet(Inert):
    """A collector that has nothing to report."""

    topic = OWNERS

    def collect(self, window: Window) -> OwnerBatch:
        return window.batch(OwnerBatch)


class Log:
    """Takes records, decoded, in the order they come."""

    def __init__(self) -> None:
        self.records: list[tuple[str, Any]] = []
        self.keys: set[bytes] = set()
        self.fails: Callable[[], bool] = lambda: False

    def publish(self, topic: Topic, key: bytes, value: bytes) -> None:
        if self.fails():
            raise ConnectionError("no log")
        self.keys.add(key)
        self.records.append((topic.name, codec.decode(topic.name, value)))

    def of(self, topic: Topic) -> list[Any]:
        return [record for name, record in self.records if name == topic.name]


def ran(clock: Clock, *collectors: Collector, settings: Settings = SETTINGS) -> Log:
    log = Log()
    run(settings, log.publish, lambda: None, clock, clock=clock, collectors=collectors)
    return log


def test_windows_follow_the_wall_clock_and_the_first_and_last_are_partial() -> None:
    log = ran(Clock(1001.3, 1004.5), Fake(), Quiet())

    beats = log.of(HEARTBEATS)
    assert [beat.window for beat in beats] == [1_001_000, 1_002_000, 1_003_000, 1_004_000]
    assert [beat.seq for beat in beats] == [0, 1, 2, 3]
    assert [beat.keyframe for beat in beats] == [True, False, False, True]
    assert {beat.run for beat in beats} == {1_001_300}
    assert log.keys == {b"web7"}


def test_the_heartbeat_comes_last_and_lists_what_was_sent() -> None:
    log = ran(Clock(1001.3, 1003), Fake(), Quiet())

    assert [name for name, _ in log.records] == [
        "listeners", "owners", "hosts", "heartbeats", "listeners", "heartbeats",
    ]  # fmt: skip
    assert [beat.sent for beat in log.of(HEARTBEATS)] == [
        {"listeners": 1, "owners": 1},
        {"listeners": 1, "owners": 0},
    ]


def test_a_failing_collector_stops_no_other_and_restates_everything_when_it_is_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    fake = Fake(fails=(1, 2))
    log = ran(Clock(1001.3, 1005), fake, Quiet())

    beats = log.of(HEARTBEATS)
    assert [set(beat.sent) for beat in beats] == [
        {"listeners", "owners"},
        {"owners"},
        {"owners"},
        {"listeners", "owners"},
    ]
    assert beats[-1].counters == {"errors_listeners": 2}
    assert fake.keyframes == [(1_001_000, True), (1_004_000, True)]
    assert len([record for record in caplog.records if "listeners" in record.getMessage()]) == 1


def test_a_clock_set_back_a_little_repeats_no_window() -> None:
    clock = Clock(1001.3, 1008)
    clock.steps = [(1004.2, 1002.1)]
    windows = [beat.window for beat in ran(clock, Fake()).of(HEARTBEATS)]

    assert windows == [1_001_000, 1_002_000, 1_003_000, 1_004_000, 1_005_000, 1_006_000, 1_007_000]


def test_a_clock_set_back_far_begins_a_new_run() -> None:
    clock = Clock(1001.3, 2000)
    clock.steps = [(1004.2, 502.1), (504.5, 3000)]
    beats = ran(clock, Fake()).of(HEARTBEATS)

    assert [beat.window for beat in beats if beat.run == 1_001_300] == [1_001_000, 1_002_000, 1_003_000]
    assert [beat.window for beat in beats if beat.run == 502_100] == [502_000, 503_000, 504_000]
    assert len({(beat.run, beat.window) for beat in beats}) == len(beats)
    assert next(beat for beat in beats if beat.run == 502_100).keyframe


def test_windows_slept_through_are_missing() -> None:
    clock = Clock(1001.3, 1063)
    clock.steps = [(1003.4, 1060.2)]
    beats = ran(clock, Fake()).of(HEARTBEATS)

    assert [beat.window for beat in beats] == [1_001_000, 1_002_000, 1_003_000, 1_060_000, 1_061_000, 1_062_000]
    assert [beat.seq for beat in beats] == list(range(6))


def test_stopped_within_its_first_window_it_sends_that_window() -> None:
    assert [beat.window for beat in ran(Clock(1001.3, 1001.5), Fake()).of(HEARTBEATS)] == [1_001_000]


def test_a_log_that_is_away_delays_windows_and_loses_none() -> None:
    log = Log()
    tries = iter([True, True])
    log.fails = lambda: next(tries, False)
    clock = Clock(1001.3, 1005)
    run(SETTINGS, log.publish, lambda: None, clock, clock=clock, collectors=[Fake()])

    windows = [beat.window for beat in log.of(HEARTBEATS)]
    assert sorted(set(windows)) == [1_001_000, 1_002_000, 1_003_000, 1_004_000]


def sealed(start: int, *, keyframe: bool = False, size: int = 1) -> Sealed:
    return Sealed(start, keyframe, [(HEARTBEATS, b"x" * size)])


def test_a_full_spool_drops_the_oldest_up_to_a_keyframe() -> None:
    spool = Spool(b"k", lambda *_: None, lambda: None, 4, 1000)
    kept = [spool.put(sealed(start, keyframe=start % 3 == 0)) for start in range(5)]

    assert kept == [True] * 5
    assert spool.dropped == 3
    assert [window.start for window in spool._windows] == [3, 4]


def test_a_spool_left_with_nothing_asks_for_a_keyframe() -> None:
    spool = Spool(b"k", lambda *_: None, lambda: None, 2, 1000)

    assert [spool.put(sealed(start)) for start in range(3)] == [True, True, False]


def test_a_spool_is_bounded_in_bytes() -> None:
    spool = Spool(b"k", lambda *_: None, lambda: None, 100, 1000)
    for start in range(50):
        spool.put(sealed(start, keyframe=True, size=300))

    assert [window.start for window in spool._windows] == [47, 48, 49]


def test_a_blocked_log_does_not_stop_the_collecting() -> None:
    blocked = threading.Event()
    log = Log()

    def publish(topic: Topic, key: bytes, value: bytes) -> None:
        blocked.wait()
        log.publish(topic, key, value)

    fake = Fake()
    clock = Clock(1001.3, 1021)
    settings = Settings(host_id="web7", window_ms=1_000, keyframe_ms=4_000, spool_windows=8)
    agent = threading.Thread(
        target=run, args=(settings, publish, lambda: None, clock), kwargs={"clock": clock, "collectors": [fake]}
    )
    agent.start()
    eventually(lambda: len(fake.keyframes) == 20)
    blocked.set()
    agent.join()

    beats = log.of(HEARTBEATS)
    assert beats[-1].window == 1_020_000
    assert beats[-1].counters["windows_dropped"] > 0
    later = [beat for beat in beats if beat.seq > 0]
    assert later[0].keyframe


def test_many_rows_become_numbered_parts_with_one_keyframe_flag() -> None:
    window = Window("host", "boot", 1, 0, 0, 5_000, keyframe=True)
    batch = window.batch(ListenerBatch, netns=7, listeners=Listeners(cookie=list(range(25))), gone=[1, 2])
    parts = [codec.decode("listeners", value) for value in encoded_parts(LISTENERS, batch, 10)]

    assert [(part.part, part.keyframe, part.netns) for part in parts] == [(0, True, 7), (1, True, 7), (2, True, 7)]
    assert [cookie for part in parts for cookie in part.listeners.cookie] == list(range(25))
    assert [part.gone for part in parts] == [[1, 2], [], []]


def test_rows_of_many_bytes_are_split_until_they_fit() -> None:
    small = Topic("listeners", ListenerBatch, "host", "", max_bytes=400)
    window = Window("host", "boot", 1, 0, 0, 5_000, keyframe=False)
    batch = window.batch(ListenerBatch, listeners=Listeners(cookie=[1 << 60] * 64))
    parts = encoded_parts(small, batch, 100)

    assert len(parts) > 1
    assert max(map(len, parts)) <= 400


def test_nothing_is_reported_as_such_on_keyframes_only() -> None:
    for keyframe in (False, True):
        window = Window("host", "boot", 1, 0, 0, 5_000, keyframe=keyframe)
        assert len(encoded_parts(OWNERS, window.batch(OwnerBatch), 10)) == keyframe


def test_texts_about_what_is_missing_are_cut() -> None:
    class Long(Quiet):
        def missing(self) -> dict[str, str]:
            return {"a" * 10_000: "b" * 10_000}

    beat = ran(Clock(1001.3, 1002), Long()).of(HEARTBEATS)[0]

    assert beat.missing.items() >= {"a" * MOST_OF_A_REASON: "b" * MOST_OF_A_REASON}.items()


def test_a_record_that_has_no_rows_is_sent_every_window() -> None:
    window = Window("h", "b" * 8, 0, 1, 5_000, 5_000, keyframe=False)
    assert len(encoded_parts(HEARTBEATS, window.batch(HostUsage, load1=0.0), 10)) == 1


def test_the_agent_reports_this_host() -> None:
    log, stop = Log(), threading.Event()
    settings = Settings(window_ms=200, keyframe_ms=60_000, host_id="here")
    agent = threading.Thread(target=run, args=(settings, log.publish, lambda: None, stop))
    agent.start()
    eventually(lambda: len(log.of(HEARTBEATS)) > 2)
    stop.set()
    agent.join()

    beat = log.of(HEARTBEATS)[0]
    assert beat.sent.keys() == {"connections", "listeners", "processes", "owners", "requests", "discovered"}
    assert "127.0.0.1" in beat.interfaces.address
    assert beat.memory_total_bytes > 0
    assert beat.netns > 0
    assert {name for name, _ in log.records} == {*beat.sent, "hosts", "heartbeats"}
    assert {name for name in beat.counters if not name.endswith("packets_dropped")} == set()  # others may send a lot


def test_the_agent_imports_nothing_heavy() -> None:
    code = "import sys, collectors.runner; print(*sys.modules)"
    imported = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )

    assert not imported & {"numpy", "pandas", "pyarrow", "chdb", "faust", "aiohttp", "pyroute2", "asyncio"}


def test_every_raw_topic_has_its_collector() -> None:
    topics = {collector.topic.name for collector in registered(Sources(Settings()))}

    assert topics == {"connections", "listeners", "processes", "owners", "requests", "discovered", "links"}
    assert topics <= BY_NAME.keys()
