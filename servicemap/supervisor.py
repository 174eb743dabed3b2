"""Runs the parts as child processes: starts them, starts again what dies, stops them in the order of the data."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from msgspec import Struct

from servicemap.process import SUPERVISED

FIRST_WAIT, LONGEST_WAIT = 0.5, 15.0  # before a part that died is started again, seconds
STEADY = 30.0  # a part that ran so long begins with the first wait again, seconds
REFUSALS = 3
GRACE = 30.0  # a part gets so long to finish, seconds


class Part(NamedTuple):
    """A child: its name, its module or script with arguments, and what has to be there before it can start."""

    name: str
    arguments: tuple[str, ...]
    ready: Callable[[], bool] = lambda: True
    module: bool = True


class Child(Struct):
    """A part as it runs."""

    part: Part
    process: "subprocess.Popen[bytes] | None" = None
    started: float = 0.0
    wait: float = FIRST_WAIT
    due: float = 0.0
    refusals: int = 0  # exits with an error, in a row, without ever having run steadily


class Supervisor:
    """The parts, in the order of the data: the first is stopped first."""

    def __init__(self, parts: Sequence[Part], tell: Callable[[str], None], first_wait: float = FIRST_WAIT) -> None:
        self.children = [Child(part, wait=first_wait) for part in parts]
        self._tell = tell
        self._first_wait = first_wait
        self._environment = {**os.environ, SUPERVISED: str(os.getpid())}

    def tend(self) -> None:
        """Start what should run and does not."""
        now = time.monotonic()
        for child in self.children:
            if child.process is not None:
                code = child.process.poll()
                if code is None:
                    if now - child.started > STEADY:
                        child.wait, child.refusals = self._first_wait, 0
                    continue
                self._buried(child, code, now)
            if now >= child.due and child.part.ready():
                self._start(child, now)

    def running(self, name: str) -> bool:
        """Say whether a part runs."""
        return any(c.part.name == name and c.process is not None and c.process.poll() is None for c in self.children)

    def hopeless(self) -> str | None:
        """Return the name of a part that refuses to start again and again, or none."""
        return next((child.part.name for child in self.children if child.refusals >= REFUSALS), None)

    def stop(self) -> None:
        """Stop one part after the other, so that each can take in what the one before it left."""
        for child in self.children:
            if child.process is None or child.process.poll() is not None:
                continue
            child.process.terminate()
            child.process.send_signal(signal.SIGCONT)  # one that somebody paused hears it too
            try:
                child.process.wait(GRACE)
            except subprocess.TimeoutExpired:
                self._tell(f"{child.part.name} did not stop within {GRACE:.0f} s and was killed")
                child.process.kill()
                child.process.wait()

    def _start(self, child: Child, now: float) -> None:
        # -P: the folder of a script is no place to import from
        command = (sys.executable, "-m" if child.part.module else "-P", *child.part.arguments)
        child.process = subprocess.Popen(
            command, env=self._environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        child.started = now

    def _buried(self, child: Child, code: int, now: float) -> None:
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"exited with {code}"
        child.process = None
        child.refusals += code > 0
        child.due = now + child.wait
        self._tell(
            f"{child.part.name} {how}; starting it again" if code < 0 else f"{child.part.name} {how}; trying again"
        )
        child.wait = min(LONGEST_WAIT, child.wait * 2)
