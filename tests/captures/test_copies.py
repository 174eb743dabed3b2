"""What a capture copies from one log to another, and when an import is refused."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from log.capture_reader import CaptureReader
from log.open import open_log
from log.protocol import Log
from schemas.times import DAY_MS
from schemas.topics import EVENTS, HOSTS, OWNERS
from servicemap.captures.exporting import Wanted, export, replaced
from servicemap.captures.importing import Report, import_into
from servicemap.options import Failure, NothingMatches
from tests.captures.conftest import PARTITIONS, Events, Place, exported, facts, fill, imported, of, records, silent

NOW = time.time_ns() // 1_000_000


def test_keys_headers_times_and_order_are_kept_between_any_two_logs(place: Place, log: Log, tmp_path: Path) -> None:
    topic = place.topic(log)
    fill(log, topic, NOW)
    capture = exported(place.url, tmp_path / "first", topic.name)

    with closing(open_log(tmp_path / "other")) as other:
        other.create([topic])
        done = imported(of(str(tmp_path / "other")), capture)

        assert (done.records, done.there, done.left_out) == (40, 0, [])
        assert facts(records(other, topic.name)) == facts(records(log, topic.name))
        other.flush()
    again = exported(str(tmp_path / "other"), tmp_path / "second", topic.name)
    assert sums(again) == sums(capture)


def test_a_capture_is_taken_in_by_either_log_once(place: Place, log: Log, tmp_path: Path) -> None:
    topic = place.topic(log)
    with closing(open_log(tmp_path / "other")) as other:
        other.create([topic])
        fill(other, topic, NOW)
        capture = exported(str(tmp_path / "other"), tmp_path / "capture", topic.name)

        assert imported(of(place.url), capture).records == 40
        assert facts(records(log, topic.name)) == facts(records(other, topic.name))

    again = imported(of(place.url), capture)
    assert (again.records, again.there) == (0, 40)


def sums(file: Path) -> list[str]:
    with closing(CaptureReader(file)) as capture:
        return [part.sha256 for part in capture.manifest.parts]


@pytest.mark.parametrize("fresh", [True, False], ids=["a new log", "a log without records"])
def test_an_import_that_is_stopped_leaves_nothing_or_is_gone_on_with(
    events: Events, tmp_path: Path, fresh: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("servicemap.captures.importing.CHECK_RECORDS", 10)
    events("log", NOW)
    capture = exported(str(tmp_path / "log"), tmp_path / "capture", "events")
    target = of(str(tmp_path / "target"))
    if not fresh:
        with closing(open_log(target.log_url)) as log:
            log.create(target.log_settings.topics())

    with pytest.raises(KeyboardInterrupt), closing(CaptureReader(capture)) as reader:
        import_into(target.log_settings, reader, stopping())

    assert sorted(each.name for each in tmp_path.glob("*target*") if fresh) == []
    again = imported(target, capture)
    assert (again.records, again.there) == ((40, 0) if fresh else (30, 10))
    with closing(open_log(target.log_url)) as log, closing(open_log(tmp_path / "log")) as original:
        assert facts(records(log, EVENTS.name)) == facts(records(original, EVENTS.name))


def stopping() -> Report:
    """Return what gets Ctrl-C after some records."""

    def report(step: str, done: int, of: int) -> None:
        if step == "importing":
            raise KeyboardInterrupt

    return report


def test_a_log_with_other_records_is_refused_and_stays_as_it_is(events: Events, tmp_path: Path) -> None:
    events("log", NOW)
    capture = exported(str(tmp_path / "log"), tmp_path / "capture", "events")
    other = events("other", NOW - 60_000)
    before = records(other, EVENTS.name)

    with pytest.raises(Failure, match="holds other records of events: import into a new log, with --data DIR"):
        imported(of(str(tmp_path / "other")), capture)

    assert records(other, EVENTS.name) == before


def test_a_log_that_went_on_after_the_capture_is_refused(events: Events, tmp_path: Path) -> None:
    log = events("log", NOW)
    capture = exported(str(tmp_path / "log"), tmp_path / "capture", "events")
    log.append(EVENTS.name, b"k", b"{}")
    log.flush()

    with pytest.raises(Failure, match="holds other records of events"):
        imported(of(str(tmp_path / "log")), capture)


def test_a_log_with_other_partitions_is_refused(events: Events, tmp_path: Path) -> None:
    events("log", NOW)
    capture = exported(str(tmp_path / "log"), tmp_path / "capture", "events")
    with closing(open_log(tmp_path / "other")) as other:
        other.create(of(str(tmp_path / "other"), **{"log.partitions": 2}).log_settings.topics())

    with pytest.raises(Failure, match="events has 4 partitions in the capture and 2 in the log"):
        imported(of(str(tmp_path / "other")), capture)


def test_records_that_the_log_would_delete_at_once_are_refused(events: Events, tmp_path: Path) -> None:
    events("log", NOW - 40 * DAY_MS)
    capture = exported(str(tmp_path / "log"), tmp_path / "capture", "events")

    with pytest.raises(Failure, match=r"keeps events for 24 h.*SERVICEMAP_LOG__KEEP_HOURS=98\d"):
        imported(of(str(tmp_path / "new")), capture)
    assert not (tmp_path / "new").exists()

    assert imported(of(str(tmp_path / "new"), **{"log.keep_hours": 24 * 41}), capture).records == 40
    with pytest.raises(Failure, match="SERVICEMAP_LOG__KEEP_BYTES="):
        imported(of(str(tmp_path / "small"), **{"log.keep_hours": 24 * 41, "log.keep_bytes": 10}), capture)


def test_topics_that_nobody_here_knows_are_left_out(place: Place, log: Log, tmp_path: Path) -> None:
    topic = place.topic(log)
    fill(log, topic, NOW)
    capture = exported(place.url, tmp_path / "capture", topic.name)

    done = imported(of(str(tmp_path / "new")), capture)

    assert (done.records, done.left_out) == (0, [topic.name])


def test_a_range_is_copied_by_the_times_of_records(events: Events, tmp_path: Path) -> None:
    log = events("log", NOW)
    capture = exported(str(tmp_path / "log"), tmp_path / "capture", "events", start=NOW - 5000, end=NOW - 1000)

    with closing(CaptureReader(capture)) as reader:
        manifest = reader.manifest
        copied = [record for part in manifest.parts for record in reader.records(part)]
    expected = [
        record._replace(offset=number)
        for partition in range(PARTITIONS)
        for number, record in enumerate(
            log.read(
                EVENTS.name, partition, *(log.offset_at(EVENTS.name, partition, at) for at in (NOW - 5000, NOW - 1000))
            )
        )
    ]
    assert copied == expected
    assert 0 < len(copied) < 40
    assert (manifest.start, manifest.end) == (NOW - 5000, NOW - 1000)


def between(log: Log, partition: int) -> list[int]:
    return [log.offset_at(EVENTS.name, partition, at) for at in (NOW - 5000, NOW - 1000)]


def test_what_holds_at_a_range_is_copied_however_long_ago_it_was_written(tmp_path: Path) -> None:
    url = str(tmp_path / "log")
    with closing(open_log(url)) as log:
        log.create(of(url).log_settings.topics())
        log.append(HOSTS.name, b"long ago", b"{}", timestamp=NOW - 3 * DAY_MS)
        log.append(HOSTS.name, b"too late", b"{}", timestamp=NOW)
        log.append(OWNERS.name, b"k", b"{}", timestamp=NOW - DAY_MS)
        log.flush()
    file = exported(url, tmp_path / "capture", "hosts", "owners", start=NOW - 2 * DAY_MS, end=NOW - 1000)

    with closing(CaptureReader(file)) as capture:
        keys = {record.key for part in capture.manifest.parts for record in capture.records(part)}
    assert keys == {b"long ago", b"k"}


def test_nothing_to_copy_makes_no_file(events: Events, tmp_path: Path) -> None:
    events("log", NOW)
    url, file = str(tmp_path / "log"), tmp_path / "capture"
    for wanted, sentence in (
        (Wanted(topics=("evnets",)), "did you mean events"),
        (Wanted(topics=("events",), start=NOW + DAY_MS), "the log holds no such records from .*: they were logged"),
        (Wanted(), "there is nothing to copy: the log holds no records"),
    ):
        with pytest.raises(NothingMatches, match=sentence):
            export(of(url), file, wanted, silent)
    assert not file.exists()


def half() -> Iterator[bytes]:
    yield b"half"
    raise KeyboardInterrupt


def test_a_file_gets_its_name_when_it_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "capture"
    with pytest.raises(KeyboardInterrupt), replaced(file) as out:
        out.writelines(half())
    assert list(tmp_path.iterdir()) == []

    with replaced(file) as out:
        out.write(b"whole")
    assert file.read_bytes() == b"whole"
    assert file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(Failure, match="is there already"), replaced(file):
        pass
    with pytest.raises(Failure, match=r"cannot write .*: No such file"), replaced(tmp_path / "no" / "capture"):
        pass
