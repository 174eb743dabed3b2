"""Read a capture: all of it is checked before any of it is given out."""

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from log.capture import (
    CLOSING_BYTES,
    FORMAT,
    MOST_MANIFEST_BYTES,
    MOST_TIMESTAMP,
    BadCapture,
    Block,
    Header,
    Manifest,
    Part,
    Place,
    closed,
    content_of,
    record_of,
    unpacked,
)
from log.protocol import Record

CHUNK = 1 << 20
MOST_HEADER_BYTES = 4096

Report = Callable[[int, int], None]  # records that are checked, and all of them


class CaptureReader:
    """A capture in a file, which is as it was written. A block of each partition that is read is in memory."""

    def __init__(self, path: Path, report: Report = lambda done, of: None) -> None:
        """Open and check; BadCapture says in a sentence what is wrong."""
        self._path = path
        try:
            self._file: BinaryIO = path.open("rb")
        except OSError as error:
            raise BadCapture(f"cannot read {path}: {error.strerror}") from None
        try:
            self.header = self._header()
            self.manifest = self._manifest()
            self._check(report)
        except OSError as error:
            self._file.close()
            raise BadCapture(f"cannot read {path}: {error.strerror}") from None
        except BaseException:
            self._file.close()
            raise

    def records(self, part: Part) -> Iterator[Record]:
        """Iterate the records of a partition in their order; their offsets count from 0."""
        number = 0
        for block in part.blocks:
            for record in self._records(part, block, number):
                yield record
                number += 1

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _header(self) -> Header:
        start = self._at(0, MOST_HEADER_BYTES)
        self._start = start[: 8 + int.from_bytes(start[4:8], "little")]
        try:
            header = msgspec.json.decode(content_of(self._start) or b"", type=Header)
        except (msgspec.DecodeError, UnicodeDecodeError):
            header = Header(servicemap="")
        if header.servicemap != "capture":
            raise BadCapture(f"{self._path} is not a capture: `servicemap log export` makes one")
        if header.format > FORMAT:
            raise BadCapture(
                f"{self._path} was written by servicemap {header.version}, which is newer: upgrade to read it"
            )
        return header

    def _manifest(self) -> Manifest:
        size = os.fstat(self._file.fileno()).st_size
        end = closed(self._at(max(0, size - CLOSING_BYTES), CLOSING_BYTES))
        if end is None:
            raise BadCapture(f"{self._path} is cut off: its end is missing, so get it again from where it was made")
        self._manifest_at, expected = end
        self.sum = expected.hex()
        if self._sum(size - len(expected)) != expected:
            raise self._damaged("its checksum is another")
        length = size - CLOSING_BYTES - self._manifest_at
        if not 0 < length <= MOST_MANIFEST_BYTES:
            raise self._damaged("its manifest is not where it should be")
        try:
            return msgspec.json.decode(content_of(self._at(self._manifest_at, length)) or b"", type=Manifest)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise self._damaged(f"its manifest cannot be read: {error}") from None

    def _check(self, report: Report) -> None:
        """Check that the parts are what the manifest says: a file that was made up has a right checksum too."""
        done, of, seen, at = 0, self.manifest.records, set(), len(self._start)
        for part in self.manifest.parts:
            place, content, count = Place(part.topic, part.partition), hashlib.sha256(), 0
            first, last = MOST_TIMESTAMP, 0
            if place in seen or part.partition >= self.manifest.partitions.get(part.topic, 0):
                raise self._damaged("a partition is there twice, or should not be there")
            seen.add(place)
            for block in part.blocks:
                if block.at != at or block.at + block.size > self._manifest_at:
                    raise self._damaged("a block is not where it should be")
                stamps = [record.timestamp for record in self._records(part, block, count)]
                first, last = min(first, *stamps), max(last, *stamps)
                count += len(stamps)
                content.update(self._lines(block))
                at += block.size
                report(done + count, of)
            if (count, first, last, content.hexdigest()) != (part.records, part.first, part.last, part.sha256):
                raise self._damaged("a partition has other records than its manifest says")
            done += count
        if at != self._manifest_at:
            raise self._damaged("there is something between its blocks")

    def _records(self, part: Part, block: Block, number: int) -> Iterator[Record]:
        """Iterate the records of a block, of which the first has a number."""
        place = Place(part.topic, part.partition)
        *lines, rest = self._lines(block).split(b"\n")
        if rest or not lines or len(lines) != block.records:
            raise self._damaged("a block has other records than its manifest says")
        try:
            yield from (record_of(line, place, at) for at, line in enumerate(lines, number))
        except ValueError as error:
            raise self._damaged(str(error)) from None

    def _lines(self, block: Block) -> bytes:
        try:
            return unpacked(self._at(block.at, block.size))
        except ValueError as error:
            raise self._damaged(str(error)) from None

    def _sum(self, length: int) -> bytes:
        sum_ = hashlib.sha256()
        self._file.seek(0)
        while length > 0 and (chunk := self._file.read(min(CHUNK, length))):
            sum_.update(chunk)
            length -= len(chunk)
        return sum_.digest()

    def _at(self, position: int, size: int) -> bytes:
        self._file.seek(position)
        return self._file.read(size)

    def _damaged(self, reason: str) -> BadCapture:
        return BadCapture(f"{self._path} is damaged ({reason}): get it again from where it was made")
