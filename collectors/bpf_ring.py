"""The ring in which programs leave records (Documentation/bpf/ringbuf.rst)."""

import mmap
import struct

BUSY, DISCARDED = 1 << 31, 1 << 30  # in a record's header, next to its length: it is being written, it was given up
LENGTH = DISCARDED - 1
HEADER_BYTES = 8
_POSITION = struct.Struct("=Q")


class Ring:
    """Reads the ring with a descriptor; it has a power of two as its size.

    The kernel would map the records twice in a row, so that each is in one piece. That counts as twice the memory.
    """

    def __init__(self, descriptor: int, size: int) -> None:
        self._size = size
        self._ours = mmap.mmap(descriptor, mmap.PAGESIZE)  # how far it is read
        self._theirs = mmap.mmap(
            descriptor, mmap.PAGESIZE + size, prot=mmap.PROT_READ, offset=mmap.PAGESIZE
        )  # how far it is written, and the records

    def content(self) -> bytes:
        """Return the records that are written and not read."""
        (read,) = _POSITION.unpack_from(self._ours)
        (written,) = _POSITION.unpack_from(self._theirs)
        begin, count = read % self._size, self._whole(read, min(written - read, self._size))
        over = max(begin + count - self._size, 0)  # what goes on at the front
        records = memoryview(self._theirs)[mmap.PAGESIZE :]
        try:
            return b"".join((records[begin : begin + count - over], records[:over]))
        finally:
            records.release()

    def _whole(self, read: int, count: int) -> int:
        """Return how many of the bytes there are before the first record that is still being written.

        That has to be known before they are copied, for a copy may take a record's header later than what follows it.
        """
        at, last = read, self._size - 1
        end, words = read + count, memoryview(self._theirs)[mmap.PAGESIZE :].cast("I")
        try:
            while at < end and not (word := words[(at & last) >> 2]) & BUSY:
                at += HEADER_BYTES + ((word & LENGTH) + 7 & ~7)
        finally:
            words.release()
        return min(at - read, count)

    def free(self, size: int) -> None:
        """Give so many bytes back, which are read."""
        (read,) = _POSITION.unpack_from(self._ours)
        _POSITION.pack_into(self._ours, 0, read + size)

    def close(self) -> None:
        """Unmap it."""
        self._ours.close()
        self._theirs.close()
