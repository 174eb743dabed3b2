"""The ring in which programs leave records (Documentation/bpf/ringbuf.rst).

Its content is mapped twice in a row, so a record that goes over its end can be read in one piece.
"""

import mmap
import struct

_POSITION = struct.Struct("=Q")


class Ring:
    """Reads the ring with a descriptor; it has a power of two as its size."""

    def __init__(self, descriptor: int, size: int) -> None:
        self._size = size
        self._ours = mmap.mmap(descriptor, mmap.PAGESIZE)  # how far it is read
        self._theirs = mmap.mmap(
            descriptor, mmap.PAGESIZE + 2 * size, prot=mmap.PROT_READ, offset=mmap.PAGESIZE
        )  # how far it is written, and the records

    def content(self) -> bytes:
        """Return what is written and not read."""
        (read,) = _POSITION.unpack_from(self._ours)
        (written,) = _POSITION.unpack_from(self._theirs)
        begin = mmap.PAGESIZE + read % self._size
        return self._theirs[begin : begin + min(written - read, self._size)]

    def free(self, size: int) -> None:
        """Give so many bytes back, which are read."""
        (read,) = _POSITION.unpack_from(self._ours)
        _POSITION.pack_into(self._ours, 0, read + size)

    def close(self) -> None:
        """Unmap it."""
        self._ours.close()
        self._theirs.close()
