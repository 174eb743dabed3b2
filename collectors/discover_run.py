"""One run of a program of the operator's: bounded in time and output, followed without ever waiting for it."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from schemas.text import cut, to_text

MOST_BYTES = 256 << 10  # of output and errors
TOO_MUCH = f"it prints more than {MOST_BYTES >> 10} KiB"
MOST_OF_ERROR = 200  # characters
GRACE_S = 5.0  # for what was killed to end
CHUNK = 1 << 16
BEFORE_IT_STARTED = -signal.SIGTERM  # afterwards it handles that signal, and only others end it
START = Path(__file__).with_name("discover_start.py")
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}


class Account(NamedTuple):
    """The user that programs run as; a negative `uid`: the agent's own."""

    uid: int = -1
    gid: int = -1
    groups: Sequence[int] = ()


class Ended(NamedTuple):
    """How a run ended: its output, or why it failed. `left` is whether something of it may run on."""

    output: bytes = b""
    why: str = ""
    left: bool = False


class Run:
    """A program that runs. `look` is asked until it has ended; times are of a monotonic clock, s."""

    def __init__(self, path: Path, account: Account, now: float, seconds: int) -> None:
        self._seconds = seconds
        self._deadline = now + seconds
        self._ending_since: float | None = None
        self._why = ""
        self._exited = False
        self._output, self._errors = bytearray(), bytearray()
        words = (os.getpid(), seconds, account.uid, account.gid, ",".join(map(str, account.groups)))
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-B", START, *map(str, words), path],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=ENVIRONMENT,
            cwd="/",
            start_new_session=True,
            bufsize=0,
        )
        assert self._process.stdout
        assert self._process.stderr
        self._open = {self._process.stdout: self._output, self._process.stderr: self._errors}
        for pipe in self._open:
            os.set_blocking(pipe.fileno(), False)

    def look(self, now: float) -> Ended | None:
        """Read what there is; return how the run ended, or None while it has not."""
        self._read()
        if not self._exited and self._has_exited():
            self._exited = True
            self._kill(now)  # what it has left in its group if it was killed, while its number is still its own
            self._process.wait()
            self._read()
        elif not self._exited and self._ending_since is None:
            if self._too_much():
                self._fail(now, TOO_MUCH)
            elif now >= self._deadline:
                self._fail(now, f"it takes longer than {self._seconds} s")
        if self._exited and not self._open:
            return self._ended(left=self._process.returncode < 0 and self._process.returncode != BEFORE_IT_STARTED)
        if self._ending_since is not None and now >= self._ending_since + GRACE_S:
            if not self._exited:
                self._kill(now)
            return self._ended(left=True)
        return None

    def close(self) -> None:
        """Kill it, and wait for a moment for its end."""
        if not self._exited:
            self._terminate()
            try:
                self._process.wait(GRACE_S)
            except subprocess.TimeoutExpired:
                self._kill(0)
        self._shut()

    def _read(self) -> None:
        """Read what the pipes hold; of one that has printed too much, without keeping it, until the pipe ends."""
        for pipe, into in list(self._open.items()):
            with suppress(BlockingIOError):
                for _ in range(MOST_BYTES // CHUNK + 1):
                    if not (piece := os.read(pipe.fileno(), CHUNK)):
                        del self._open[pipe]
                        pipe.close()
                        break
                    if not self._too_much():
                        into += piece

    def _too_much(self) -> bool:
        return len(self._output) + len(self._errors) > MOST_BYTES

    def _has_exited(self) -> bool:
        """Return whether it has ended; its number stays its own until `wait`."""
        return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def _fail(self, now: float, why: str) -> None:
        self._why = why
        self._ending_since = now
        self._terminate()

    def _terminate(self) -> None:
        """Have the process between us and the program kill all that the program has started, and end."""
        os.kill(self._process.pid, signal.SIGTERM)

    def _kill(self, now: float) -> None:
        self._ending_since = now
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _ended(self, *, left: bool) -> Ended:
        self._shut()
        if left:
            why = self._why or "it ended and has left a process"
            return Ended(why=f"{why}; some of its processes may still run", left=True)
        if not self._why and self._too_much():
            self._why = TOO_MUCH
        code = self._process.returncode
        if not self._why and code:
            said = cut(to_text(bytes(self._errors).strip().rpartition(b"\n")[2]), MOST_OF_ERROR)
            self._why = f"exit code {code}" + (f": {said}" if said else "")
        return Ended(why=self._why) if self._why else Ended(bytes(self._output))

    def _shut(self) -> None:
        for pipe in self._open:
            pipe.close()
        self._open = {}
