"""What the kernel wrote to a ring is read once, also where it goes over the end."""

import mmap
import os
import struct
import tempfile
from collections.abc import Callable, Iterator

import pytest

from collectors.bpf_ring import BUSY, Ring

SIZE = mmap.PAGESIZE


Write = Callable[[int, bytes], int]
FRONT = 2 * mmap.PAGESIZE  # of the records, in the file


def framed(data: bytes, flags: int = 0) -> bytes:
    return struct.pack("=I4x", len(data) | flags) + data + bytes(-len(data) % 8)


@pytest.fixture
def made() -> Iterator[tuple[Ring, Write]]:
    """Give a ring, and what writes to its file."""
    with tempfile.TemporaryFile() as file:
        file.truncate(FRONT + SIZE)
        ring = Ring(file.fileno(), SIZE)
        yield ring, lambda at, data: os.pwrite(file.fileno(), data, at)
        ring.close()


def written(write: Write, end: int) -> None:
    write(mmap.PAGESIZE, struct.pack("=Q", end))


def test_what_goes_over_the_end_is_read_in_one_piece(made: tuple[Ring, Write]) -> None:
    ring, write = made
    assert ring.content() == b""
    over, next_one = framed(b"back" * 2 + b"front"), framed(b"next")
    write(FRONT + SIZE - 16, over[:16])
    write(FRONT, over[16:] + next_one)
    ring.free(3 * SIZE - 16)
    written(write, 3 * SIZE - 16 + len(over + next_one))

    assert ring.content() == over + next_one
    ring.free(len(over))
    assert ring.content() == next_one
    ring.free(len(next_one))
    assert ring.content() == b""


def test_what_is_still_being_written_is_not_copied(made: tuple[Ring, Write]) -> None:
    ring, write = made
    first, busy, last = framed(b"first"), framed(b"of the lap before", BUSY), framed(b"last")
    write(FRONT, first + busy + last)
    written(write, len(first + busy + last))

    assert ring.content() == first
    write(FRONT + len(first), framed(b"of this very lap."))
    assert ring.content() == first + framed(b"of this very lap.") + last
