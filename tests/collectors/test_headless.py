import sys
from pathlib import Path

from collectors.process_events import Exec, Exit, parse_event
from tests.collectors.headless import headless
from tests.collectors.test_processes import exits, reported
from tests.collectors.watching import Watch


def test_a_process_whose_first_thread_has_ended_owns_its_sockets(watch: Watch) -> None:
    with headless() as (process, port):
        listening = {row[0] for row in watch.listening(keyframe=True).listeners.rows() if row[3] == port}
        batch = watch.holders(keyframe=True)
        held = {row[0] for row in batch.owners.rows() if row[1] == process.pid}
        assert not any(row[1] == process.pid for row in watch.holders().gone.rows())

    assert listening <= held
    assert len(held) >= 2


def test_its_facts_are_those_a_living_thread_shows(watch: Watch) -> None:
    with headless() as (process, _):
        batch = watch.running(keyframe=True)
        (row,) = reported(batch, process.pid)
        at = batch.usage.pid.index(process.pid)

    assert row["exe"] == str(Path(sys.executable).resolve())
    assert "--of-the-process" in row["cmdline"]  # type: ignore[operator]
    assert row["netns"] == Path("/proc/self/ns/net").stat().st_ino
    assert batch.usage.rss_bytes[at] > 32 << 20
    assert batch.usage.fds[at] >= 4


def test_it_ends_with_its_last_thread_and_with_the_code_of_that(watch: Watch) -> None:
    with headless() as (process, _):
        for _ in range(3):
            assert exits(watch.running(), process.pid) == []
        assert process.stdin is not None
        process.stdin.close()
        process.wait()
        ended = exits(watch.running(), process.pid)

    assert ended == [(3, 0)]


def test_of_such_a_process_the_threads_events_count_and_those_of_its_first_do_not() -> None:
    def event(what: int, *values: int) -> bytes:
        numbers = b"".join(value.to_bytes(4, sys.byteorder) for value in values)
        head = b"\0" * 36 + what.to_bytes(4, sys.byteorder)
        return head + b"\0" * 4 + (99).to_bytes(8, sys.byteorder) + numbers

    assert parse_event(event(0x8000_0000, 6, 5, 768, 17), {5}) == Exit(5, 768, 99)
    assert parse_event(event(0x8000_0000, 5, 5, 0, 17), {5}) is None
    assert parse_event(event(2, 5, 5), {5}) == Exec(5)
    assert parse_event(event(2, 6, 5), {5}) is None
