"""Captures: what was written is what is read, and any byte that is not as it was written is noticed."""

import hashlib
import io
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from log.capture import (
    BLOCK_BYTES,
    BadCapture,
    Block,
    Header,
    Manifest,
    Part,
    Place,
    content_of,
    line_of,
    packed,
    record_of,
    skippable,
)
from log.capture import closing as closed
from log.capture_reader import CaptureReader
from log.capture_writer import CaptureWriter
from log.protocol import Record

AGAIN = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
VALUES = st.one_of(
    st.none(),
    st.binary(max_size=40),
    st.sampled_from([b"null", b"", b'{"a":1}', b' {"a":1}', b'{"a":\n1}', b'{"a":\r1}', b'1,"key":"x"', b"[" * 3000]),
)
RECORDS = st.lists(
    st.tuples(
        st.integers(0, 1 << 62),
        st.binary(max_size=12),
        VALUES,
        st.dictionaries(st.text(max_size=4), st.binary(max_size=4), max_size=2),
    ),
    max_size=12,
)


Facts = list[tuple[int, bytes, bytes | None, dict[str, bytes]]]


def numbered(place: Place, facts: Facts) -> list[Record]:
    return [Record(*place, number, at, key, value, more) for number, (at, key, value, more) in enumerate(facts)]


def written(path: Path, parts: dict[Place, list[Record]]) -> Manifest:
    with path.open("wb") as file:
        writer = CaptureWriter(file, "1.0")
        for place, records in parts.items():
            writer.add(place, records)
        return writer.close(made=1, start=None, end=None, partitions={topic: 3 for topic, _ in parts}, about={})


def read(path: Path) -> dict[Place, list[Record]]:
    with closing(CaptureReader(path)) as capture:
        return {Place(part.topic, part.partition): list(capture.records(part)) for part in capture.manifest.parts}


@AGAIN
@given(st.dictionaries(st.builds(Place, st.sampled_from(["edges", "hosts"]), st.integers(0, 2)), RECORDS, max_size=4))
def test_every_record_comes_back_byte_by_byte_and_in_order(tmp_path: Path, facts: dict[Place, Facts]) -> None:
    parts = {place: numbered(place, each) for place, each in facts.items()}
    manifest = written(tmp_path / "capture", parts)

    assert read(tmp_path / "capture") == {place: records for place, records in parts.items() if records}
    assert manifest.records == sum(map(len, parts.values()))


@given(st.binary(max_size=300))
def test_a_line_is_a_record_or_a_value_error(line: bytes) -> None:
    place = Place("edges", 0)
    try:
        record = record_of(line, place, 0)
    except ValueError:
        return
    assert record_of(line_of(record).rstrip(b"\n"), place, 0) == record


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    """A capture of two partitions."""
    places = [Place("connections", 0), Place("heartbeats", 1)]
    written(tmp_path / "sound", {place: numbered(place, [(5, b"h", b'{"a":1}', {})] * 3) for place in places})
    return tmp_path / "sound"


@AGAIN
@given(st.data())
def test_any_byte_that_is_flipped_is_noticed(sound: Path, data: st.DataObject) -> None:
    content = bytearray(sound.read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    damaged = sound.with_name("damaged")
    damaged.write_bytes(content)

    with pytest.raises(BadCapture, match=r"is not a capture|is newer|is cut off|is damaged"):
        CaptureReader(damaged)


@AGAIN
@given(st.data())
def test_any_cut_and_anything_that_is_added_is_noticed(sound: Path, data: st.DataObject) -> None:
    content = sound.read_bytes()
    cut = content[: data.draw(st.integers(0, len(content) - 1))]
    damaged = sound.with_name("damaged")
    damaged.write_bytes(data.draw(st.sampled_from([cut, content + cut + b"\0"])))

    with pytest.raises(BadCapture):
        CaptureReader(damaged)


@AGAIN
@given(st.binary(max_size=2000))
def test_a_foreign_file_is_refused_in_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "foreign").write_bytes(content)

    with pytest.raises(BadCapture, match="is not a capture: `servicemap log export` makes one"):
        CaptureReader(tmp_path / "foreign")


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(BadCapture, match="cannot read"):
            CaptureReader(path)


def test_a_capture_of_a_newer_version_asks_for_an_upgrade(tmp_path: Path) -> None:
    (tmp_path / "newer").write_bytes(skippable(msgspec.json.encode(Header(format=2, version="9.0"))))

    with pytest.raises(BadCapture, match=r"by servicemap 9\.0, which is newer: upgrade"):
        CaptureReader(tmp_path / "newer")


def test_large_partitions_are_cut_into_blocks(tmp_path: Path) -> None:
    place = Place("edges", 0)
    records = numbered(place, [(at, b"h", b'"%s"' % (b"x" * 10_000), {}) for at in range(300)])

    manifest = written(tmp_path / "large", {place: records})

    (part,) = manifest.parts
    assert len(part.blocks) == 3
    assert part.bytes > 2 * BLOCK_BYTES
    assert (part.first, part.last, part.first_offset, part.last_offset) == (0, 299, 0, 299)
    assert read(tmp_path / "large") == {place: records}


@pytest.mark.skipif(not shutil.which("zstd"), reason="zstd is not installed")
def test_ordinary_tools_print_the_records(sound: Path) -> None:
    done = subprocess.run(["zstd", "-dcq", sound], capture_output=True, check=True)

    assert done.stdout.splitlines() == [b'{"timestamp":5,"key":"h","value":{"a":1}}'] * 6


LINE = b'{"timestamp":5,"key":"h"}\n'


def forged(path: Path, frame: bytes, alter: Callable[[Part], Part]) -> None:
    """Write a capture of one block that somebody made up, with a right checksum."""
    header = skippable(msgspec.json.encode(Header()))
    part = Part(
        topic="edges", partition=0, records=1, bytes=len(LINE), first=5, last=5, first_offset=0, last_offset=0,
        sha256=hashlib.sha256(LINE).hexdigest(), blocks=[Block(len(header), len(frame), 1)],
    )  # fmt: skip
    manifest = Manifest(made=0, start=None, end=None, partitions={"edges": 1}, parts=[alter(part)])
    content = io.BytesIO()
    content.write(header + frame)
    at = content.tell()
    content.write(skippable(msgspec.json.encode(manifest)) + closed(at))
    path.write_bytes(content.getvalue() + hashlib.sha256(content.getvalue()).digest())


def changes(**fields: object) -> Callable[[Part], Part]:
    return lambda part: msgspec.structs.replace(part, **fields)


def forgeries() -> Iterator[tuple[bytes, Callable[[Part], Part]]]:
    """What a file with a right checksum may lie about."""
    sound = packed(LINE)
    yield sound, changes(records=2)
    yield sound, changes(sha256="0" * 64)
    yield sound, changes(partition=1)
    yield sound, changes(first=4)
    yield sound, changes(last=1 << 61)
    yield sound, changes(topic="hosts")
    yield sound, changes(blocks=[])
    yield sound, changes(blocks=[Block(0, 10, 1)])
    yield sound, lambda part: msgspec.structs.replace(part, blocks=[Block(part.blocks[0].at, 1 << 62, 1)])
    yield sound, lambda part: msgspec.structs.replace(part, blocks=[*part.blocks, *part.blocks])
    yield packed(LINE + LINE), changes()
    yield packed(LINE.strip()), changes()
    yield packed(b'{"timestamp":"x"}\n'), changes()
    yield packed(b'{"timestamp":1,"value":' + b"[" * 100_000 + b"\n"), changes()
    yield b"no frame", changes()
    yield packed(b"\n" * (129 << 20)), changes()


def test_a_file_that_was_made_up_of_the_same_parts_is_a_capture(tmp_path: Path) -> None:
    forged(tmp_path / "forged", packed(LINE), changes())

    assert read(tmp_path / "forged") == {Place("edges", 0): [Record("edges", 0, 0, 5, b"h", None)]}


@pytest.mark.parametrize(("frame", "alter"), [*forgeries()])
def test_a_file_that_was_made_up_is_refused(tmp_path: Path, frame: bytes, alter: Callable[[Part], Part]) -> None:
    forged(tmp_path / "forged", frame, alter)

    with pytest.raises(BadCapture, match="is damaged"):
        CaptureReader(tmp_path / "forged")


def test_a_frame_is_skipped_as_a_whole_or_not_at_all() -> None:
    assert content_of(skippable(b"some")) == b"some"
    assert content_of(skippable(b"some") + b"x") is None
    assert content_of(b"") is None
