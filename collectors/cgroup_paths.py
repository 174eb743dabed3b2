"""The paths of control groups of version 2 by their numbers: open_by_handle_at(2).

This takes CAP_DAC_READ_SEARCH. A group that has just been removed has no path any more.
"""

import ctypes
import os
import struct
from typing import Any

from collectors.procfs import link, read_table
from schemas.text import to_text

MOST_KNOWN = 4_096
_KERNFS = 0xFE  # type of its handles: include/linux/exportfs.h, FILEID_KERNFS
_HANDLE = struct.Struct("=IiQ")  # struct file_handle: bytes, type, handle
_WHERE_TO = os.O_PATH | os.O_CLOEXEC
_MOST_MOUNTS = 1 << 20
_LIBC: Any = ctypes.CDLL(None, use_errno=True)


class CgroupPaths:
    """Finds paths, each once."""

    def __init__(self) -> None:
        self._known: dict[int, str] = {}
        self._mount: bytes | None = None

    def of(self, number: int) -> str:
        """Return the path of a control group; "" if it cannot be found."""
        found = self._known.get(number)
        if found is None:
            found = self._find(number)
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[number] = found
        return found

    def _find(self, number: int) -> str:
        if self._mount is None:
            self._mount = mounted(read_table("/proc/self/mountinfo", _MOST_MOUNTS) or b"")
        if not self._mount:
            return ""
        try:
            path = _opened(self._mount, number)
        except OSError:
            return ""
        inside = path.removeprefix(self._mount)
        return to_text(inside or b"/") if path != inside else ""


def mounted(mounts: bytes) -> bytes:
    """Return where the hierarchy of version 2 is mounted; empty if it is not."""
    for line in mounts.split(b"\n"):
        mount, _, source = line.partition(b" - ")
        fields = mount.split(b" ")
        if len(fields) > 4 and fields[3] == b"/" and source.startswith(b"cgroup2 "):
            return fields[4]
    return b""


def _opened(mount: bytes, number: int) -> bytes:
    handle = ctypes.create_string_buffer(_HANDLE.pack(8, _KERNFS, number))
    folder = os.open(mount, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        descriptor = _LIBC.open_by_handle_at(folder, handle, _WHERE_TO)
        if descriptor < 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))
    finally:
        os.close(folder)
    try:
        return link(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)
