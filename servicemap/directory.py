"""The data directory: one `up` at a time, also while the parts of a killed one are still going away."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from schemas.private import Unsafe, close_contents, private_folder
from servicemap.options import Failure

PATIENCE = 30.0  # seconds for the parts of a killed run to end


@contextmanager
def held(folder: Path, report: Callable[[str], None]) -> Iterator[int]:
    """Hold a data directory by a descriptor. Children inherit it: the lock is free only when all of them are gone."""
    try:
        close_contents(private_folder(folder))
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except Unsafe as error:
        raise Failure(str(error)) from None
    except OSError as error:
        raise Failure(f"cannot write to {folder} ({error.strerror}): give a directory with --data") from None
    try:
        _take(descriptor, folder, report)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def is_held(folder: Path) -> bool:
    """Return whether `up` or what it left behind holds a data directory."""
    try:
        descriptor = os.open(folder / "lock", os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def owner(folder: Path) -> int:
    """Return the pid of the `up` that holds a data directory, or held it last; 0 for none."""
    try:
        return int((folder / "lock").read_text() or 0)
    except (OSError, ValueError):
        return 0


def _take(descriptor: int, folder: Path, report: Callable[[str], None]) -> None:
    deadline = time.monotonic() + PATIENCE
    reported = False
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = int(os.pread(descriptor, 20, 0) or 0)
            if (pid and Path(f"/proc/{pid}").exists()) or time.monotonic() > deadline:
                raise Failure(
                    f"servicemap already runs in {folder} (pid {pid}): stop it, or give another directory with --data"
                ) from None
            if not reported:
                report("waiting for the parts of a killed run to end")
                reported = True
            time.sleep(0.2)
