"""Who uses a local log: locks on bytes of a file beside it, which the kernel takes back from those that die.

The locks belong to the open file (fcntl(2), "open file description locks"), so they also keep two readers of one
process apart. Eight bytes a group: the lock, and who has it; the first eight are everybody's who has the log open.
"""

import fcntl
import os
import struct
import time
from pathlib import Path

from log.protocol import GroupBusy, LogUnavailable

_EVERYBODY = 0
TICK = 0.05


def use(path: Path) -> int:
    """Say that the log is open here, until the file returned is closed; waits while it is being moved away."""
    file = _file(path)
    try:
        _lock(file, fcntl.F_RDLCK, _EVERYBODY, wait=True)
    except OSError:
        os.close(file)
        raise
    return file


def alone(path: Path, patience: float) -> int:
    """Wait until nobody else has the log open, and keep it so until the file returned is closed."""
    file = _file(path)
    deadline = time.monotonic() + patience
    while True:
        try:
            _lock(file, fcntl.F_WRLCK, _EVERYBODY)
        except OSError:
            if time.monotonic() > deadline:
                os.close(file)
                raise LogUnavailable(
                    f"the log {path} is damaged and others use it: stop them, and start again"
                ) from None
            time.sleep(TICK)
        else:
            return file


def lease(path: Path, group_id: int, group: str) -> int:
    """Lock a group's byte, until the file returned is closed."""
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
