"""The three streams of a command, whatever it was started with: closed ones, a full disk, a narrow encoding."""

import os
import sys
from typing import Any

_MODES = {0: os.O_RDONLY, 1: os.O_RDONLY, 2: os.O_WRONLY}  # a write to a closed stdout fails, and is reported


def settle() -> None:
    """Put something in the place of closed streams: the next file that is opened would take theirs."""
    for number, mode in _MODES.items():
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, mode)
    if sys.stdin is None:
        sys.stdin = open(0, closefd=False)  # noqa: SIM115
    if sys.stdout is None:
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        reconfigure: Any = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def flushed() -> OSError | None:
    """Write out what is left; return what went wrong, after which the interpreter does not try again."""
    wrong = None
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError as error:
            wrong = error
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return wrong
