"""Set a damaged log aside, and start a new one in its place.

A log holds a week of history at most, and the store has its sums. The present map comes from new records. So nobody has
to repair a log at once. The process that finds the damage puts a mark beside the log and closes it. All
others close it when they see the mark. The next process that opens the log moves it away and starts a new one.
"""

import logging
import os
import time
from contextlib import suppress
from pathlib import Path

from log.lease import alone
from log.protocol import LogDamaged
from log.sqlite_errors import DAMAGED, damaged, mark_of

logger = logging.getLogger(__name__)

PATIENCE = 15.0  # seconds for the other parts to close the log


class Sound:
    """A log file that is open, and whether it is still the one at its path."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = _identity(path)

    def check(self) -> None:
        """Raise LogDamaged when another process found the log damaged, or moved it away."""
        check(self._path)
        if _identity(self._path) != self._file:
            raise LogDamaged(
                f"the log {self._path} was moved away; the parts that use it begin a new one when they start again"
            )


def check(path: Path) -> None:
    """Raise LogDamaged when a process found the log damaged."""
    if mark_of(path).exists():
        raise damaged(path)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def set_aside(path: Path, patience: float = PATIENCE) -> None:
    """Move a damaged log away, unless another process did so meanwhile. Older ones that were moved away are deleted.

    Raise LogUnavailable when other processes do not close it.
    """
    path = path.resolve()
    lock = alone(path, patience)
    try:
        if not mark_of(path).exists():
            return
        kept = path.with_name(f"{path.name}{DAMAGED}{time.strftime('-%Y%m%dT%H%M%S')}")
        older = kept_aside(path)
        for suffix in ("-wal", "-shm"):
            with suppress(FileNotFoundError):
                Path(f"{path}{suffix}").rename(f"{kept}{suffix}")
        with suppress(FileNotFoundError):
            path.rename(kept)
            for old in older:
                _delete(old)
        mark_of(path).unlink()
    finally:
        os.close(lock)
    logger.error(
        "the log %s was damaged: it is kept as %s, and a new one was started. Records that were not stored yet are"
        " lost; the map continues with the next keyframe, within a minute",
        path,
        kept,
    )


def kept_aside(path: Path) -> list[Path]:
    """Return the damaged logs that were moved away."""
    path = path.resolve()
    found = path.parent.glob(f"{path.name}{DAMAGED}-*")
    return sorted(each for each in found if not each.name.endswith(("-wal", "-shm")))


def _delete(log: Path) -> None:
    for each in (log, Path(f"{log}-wal"), Path(f"{log}-shm")):
        each.unlink(missing_ok=True)
