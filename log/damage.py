"""A log that is damaged: known to all who use it, kept for who wants to look, and a new one in its place.

What is in a log is a week of history at most, of which the store has the sums; what comes next is the map of now. So
nobody has to get up at night: whoever finds the damage leaves a mark beside the log and lets go of it, all others let
go when they see the mark, and the first that opens the log again moves it away and begins a new one.
"""

import logging
import os
import time
from contextlib import suppress
from pathlib import Path

from log.lease import alone
from log.protocol import LogDamaged
from log.sqlite_file import DAMAGED, damaged, mark_of

log = logging.getLogger(__name__)

PATIENCE = 15.0  # seconds for the other parts to let go


class Sound:
    """A log file as it was opened, and whether it is still that."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = _identity(path)

    def check(self) -> None:
        """Raise LogDamaged when somebody has found the log damaged, or has taken it away."""
        check(self._path)
        if _identity(self._path) != self._file:
            raise LogDamaged(
                f"the log {self._path} was taken away; what runs on it begins a new one when it is started"
            )


def check(path: Path) -> None:
    """Raise LogDamaged when somebody has found the log damaged."""
    if mark_of(path).exists():
        raise damaged(path)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def set_aside(path: Path, patience: float = PATIENCE) -> None:
    """Move a damaged log away, unless somebody has by now. Of those moved away only this one is kept.

    Raises LogUnavailable when others do not let go of it.
    """
    path = path.resolve()
    turn = alone(path, patience)
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
        os.close(turn)
    log.error(
        "the log %s was damaged: it is kept as %s, and a new one is begun. What was in it and not yet stored is lost;"
        " the map goes on with the next keyframe, within a minute",
        path,
        kept,
    )


def kept_aside(path: Path) -> list[Path]:
    """Return the damaged logs that were moved away."""
    path = path.resolve()
    found = path.parent.glob(f"{path.name}{DAMAGED}-*")
    return sorted(each for each in found if not each.name.endswith(("-wal", "-shm")))


def _delete(old: Path) -> None:
    for each in (old, Path(f"{old}-wal"), Path(f"{old}-shm")):
        each.unlink(missing_ok=True)
