"""What the kernel wrote to a ring is read once, also where it goes over the end."""

import mmap
import os
import struct
import tempfile

from collectors.bpf_ring import Ring

SIZE = mmap.PAGESIZE


def test_what_goes_over_the_end_is_read_in_one_piece() -> None:
    with tempfile.TemporaryFile() as file:
        file.truncate(2 * mmap.PAGESIZE + SIZE)
        ring = Ring(file.fileno(), SIZE)

        def write(at: int, data: bytes) -> None:
            os.pwrite(file.fileno(), data, at)

        try:
            assert ring.content() == b""
            write(2 * mmap.PAGESIZE, b"front")
            write(2 * mmap.PAGESIZE + SIZE - 4, b"back")
            write(mmap.PAGESIZE, struct.pack("=Q", 3 * SIZE + 5))
            ring.free(3 * SIZE - 4)

            assert ring.content() == b"backfront"
            ring.free(4)
            assert ring.content() == b"front"
            ring.free(5)
            assert ring.content() == b""
        finally:
            ring.close()
