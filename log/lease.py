"""Locks on bytes of a file beside a local log. The kernel releases them when their process dies.

A lock belongs to an open file (fcntl(2), "open file description locks"), so it also keeps two readers of one process
apart. The file has eight bytes for each group: the first is locked, and all hold the pid of the group's reader. The
first eight bytes of the file are shared by all processes that have the log open.
"""

import fcntl
import os
import struct
import time
from pathlib import Path

from log.protocol import GroupBusy, LogUnavailable

_OPEN = 0
TICK = 0.05


def use(path: Path) -> int:
    """Mark the log as open here until the returned file is closed; wait while the log is being moved away."""
    file = _file(path)
    try:
        _lock(file, fcntl.F_RDLCK, _OPEN, wait=True)
    except OSError:
        os.close(file)
        raise
    return file


def alone(path: Path, patience: float) -> int:
    """Wait until nobody else has the log open; nobody can open it until the returned file is closed."""
    file = _file(path)
    deadline = time.monotonic() + patience
    while True:
        try:
            _lock(file, fcntl.F_WRLCK, _OPEN)
        except OSError:
            if time.monotonic() > deadline:
                os.close(file)
                raise LogUnavailable(
                    f"the log {path} is damaged, and other processes use it: stop them, and start again"
                ) from None
            time.sleep(TICK)
        else:
            return file


def lease(path: Path, group_id: int, group: str) -> int:
    """Lock the byte of a group until the returned file is closed."""
    file = _file(path)
    try:
        _lock(file, fcntl.F_WRLCK, 8 * group_id)
    except OSError:
        holder = int.from_bytes(os.pread(file, 8, 8 * group_id), "little")
        os.close(file)
        raise GroupBusy(f"process {holder} already reads as group {group}; stop it or use another group") from None
    os.pwrite(file, os.getpid().to_bytes(8, "little"), 8 * group_id)
    return file


def _file(path: Path) -> int:
    return os.open(path.with_name(path.name + "-groups"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _lock(file: int, kind: int, at: int, *, wait: bool = False) -> None:
    command = fcntl.F_OFD_SETLKW if wait else fcntl.F_OFD_SETLK
    fcntl.fcntl(file, command, struct.pack("hhqqi4x", kind, os.SEEK_SET, at, 1, 0))
