"""Work in another network namespace (setns(2)).

A socket stays in the namespace in which it was made, whoever uses it. So only what makes sockets is done there.
"""

import ctypes
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any, Protocol, TypeVar

CLONE_NEWNET = 0x4000_0000  # include/uapi/linux/sched.h
Result = TypeVar("Result")


class Enter(Protocol):
    """Does work in one namespace."""

    def __call__(self, work: Callable[[], Result]) -> Result:
        """Return what the work returns."""

    def lend(self) -> AbstractContextManager[int]:
        """Lend a descriptor of the namespace."""

    def close(self) -> None:
        """Let go of the namespace."""


class Staying:
    """Does work in our own namespace."""

    def __call__(self, work: Callable[[], Result]) -> Result:
        """Return what the work returns."""
        return work()

    @contextmanager
    def lend(self) -> Iterator[int]:
        """Lend a descriptor of the namespace."""
        descriptor = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def close(self) -> None:
        """Nothing is held."""


class Entrance:
    """Does work in the namespace with an inode; `path` is /proc/PID/ns/net of a process in it.

    While it is open, the namespace lives on. OSError when that is gone, or not ours to look at.
    """

    def __init__(self, path: str, inode: int) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        if os.fstat(self._descriptor).st_ino != inode:
            self.close()
            raise ProcessLookupError(f"{path} is another namespace by now")

    def __enter__(self) -> "Entrance":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __call__(self, work: Callable[[], Result]) -> Result:
        """Return what the work returns. OSError when the namespace is not ours to enter."""
        return _elsewhere(partial(_move, self._descriptor), work)

    def lend(self) -> AbstractContextManager[int]:
        """Lend a descriptor of the namespace."""
        return nullcontext(self._descriptor)

    def close(self) -> None:
        """Let go of the namespace."""
        os.close(self._descriptor)


STAY = Staying()


def _elsewhere(move: Callable[[], None], work: Callable[[], Result]) -> Result:
    """Do work in a thread of its own, which moves away first and ends there."""
    done: list[Result] = []
    failed: list[BaseException] = []

    def go() -> None:
        try:
            move()
            done.append(work())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=go, name="netns", daemon=True)
    thread.start()
    thread.join()
    if failed:
        raise failed.pop()
    return done.pop()


def _move(descriptor: int) -> None:
    libc: Any = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, CLONE_NEWNET):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
