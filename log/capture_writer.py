"""Write a capture: partition by partition, in one go, with no more than a block in memory."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, BinaryIO

import msgspec

from log.capture import BLOCK_BYTES, Block, Header, Manifest, Part, Place, closing, line_of, packed, skippable
from log.protocol import Record


class CaptureWriter:
    """A capture on its way into a file, which is only appended to. `version` is that of servicemap."""

    def __init__(self, file: BinaryIO, version: str) -> None:
        self._file = file
        self._sum = hashlib.sha256()
        self._at = 0
        self._parts: list[Part] = []
        self._put(skippable(msgspec.json.encode(Header(version=version)) + b"\n"))

    def add(self, place: Place, records: Iterable[Record]) -> Part:
        """Write the records of a partition, each partition once; an empty one leaves nothing."""
        lines, blocks, content = bytearray(), [], hashlib.sha256()
        count = inside = size = 0
        first = last = first_offset = last_offset = -1
        for record in records:
            line = line_of(record)
            content.update(line)
            lines += line
            first = record.timestamp if not count else min(first, record.timestamp)
            last = max(last, record.timestamp)
            first_offset = first_offset if count else record.offset
            last_offset = record.offset
            count, inside, size = count + 1, inside + 1, size + len(line)
            if len(lines) >= BLOCK_BYTES:
                blocks.append(self._block(lines, inside))
                inside = 0
        if inside:
            blocks.append(self._block(lines, inside))
        part = Part(
            topic=place.topic,
            partition=place.partition,
            records=count,
            bytes=size,
            first=first,
            last=last,
            first_offset=first_offset,
            last_offset=last_offset,
            sha256=content.hexdigest(),
            blocks=blocks,
        )
        if count:
            self._parts.append(part)
        return part

    def close(
        self, *, made: int, start: int | None, end: int | None, partitions: Mapping[str, int], about: dict[str, Any]
    ) -> Manifest:
        """Write the manifest and the checksum; what is not closed is not a capture."""
        manifest = Manifest(
            made=made, start=start, end=end, partitions=dict(partitions), parts=self._parts, about=about
        )
        manifest_at = self._at
        self._put(skippable(msgspec.json.encode(manifest) + b"\n"))
        self._put(closing(manifest_at))
        self._file.write(self._sum.digest())
        return manifest

    def _block(self, lines: bytearray, records: int) -> Block:
        frame = packed(bytes(lines))
        lines.clear()
        block = Block(self._at, len(frame), records)
        self._put(frame)
        return block

    def _put(self, content: bytes) -> None:
        self._file.write(content)
        self._sum.update(content)
        self._at += len(content)
