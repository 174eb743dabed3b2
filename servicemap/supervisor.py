"""Runs the parts as child processes: starts them, starts again what dies or does not answer, stops them in the order of
the data.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from msgspec import Struct

from servicemap.process import SUPERVISED
from servicemap.pulse import PULSE, Pulse

FIRST_WAIT, LONGEST_WAIT = 0.5, 15.0  # before a part that died is started again, seconds
STEADY = 30.0  # a part that ran so long begins with the first wait again, seconds
PROMPT = 2.0  # one that is to be back at once may be killed after so long without waiting for longer each time, seconds
REFUSALS = 3
_REFUSING = {1, 2}  # exit codes of what cannot be, and of words that are not understood
GRACE = 30.0  # a part gets so long to finish, seconds


class Part(NamedTuple):
    """A child: its name, its module or script with arguments, and what has to be there before it can start."""

    name: str
    arguments: tuple[str, ...]
    ready: Callable[[], bool] = lambda: True
    module: bool = True
    vital: bool = True  # without it there is nothing to run for, if it refuses from the beginning
    answers: bool = False  # can be asked whether it is alive
    prompt: bool = False  # what it does not see while it is away is lost: killed, it is started again at once


class Child(Struct):
    """A part as it runs."""

    part: Part
    process: "subprocess.Popen[bytes] | None" = None
    pulse: Pulse | None = None
    given_up: bool = False  # killed, and not gone yet
    steady: bool = False  # has run so once
    code: int | None = None  # how it ended, until it has run steadily again
    exits: int = 0  # in a row, without running steadily
    started: float = 0.0
    wait: float = FIRST_WAIT
    due: float = 0.0
    ended: int = 0  # by itself, since the supervisor started
    refusals: int = 0  # of these exits, those with an error


@contextmanager
def _deaf() -> Iterator[None]:
    """Start processes that Ctrl-C never reaches, not even before they have begun: the supervisor decides."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Supervisor:
    """The parts, in the order of the data: the first is stopped first."""

    def __init__(
        self,
        parts: Sequence[Part],
        report: Callable[[str], None],
        first_wait: float = FIRST_WAIT,
        inherited: Sequence[int] = (),
    ) -> None:
        self.children = [Child(part, wait=first_wait) for part in parts]
        self._report = report
        self._first_wait = first_wait
        self._inherited = tuple(inherited)
        self._environment = {**os.environ, SUPERVISED: str(os.getpid())}

    def tend(self) -> None:
        """Start what should run and does not."""
        now = time.monotonic()
        for child in self.children:
            if child.process is not None:
                code = child.process.poll()
                if code is None:
                    if now - child.started > STEADY:
                        child.wait, child.refusals, child.exits, child.code = self._first_wait, 0, 0, None
                        child.steady = True
                    self._feel(child, now)
                    continue
                self._buried(child, code, now)
            if now >= child.due and child.part.ready():
                self._start(child, now)

    def running(self, name: str) -> bool:
        """Return whether a part runs."""
        return any(c.part.name == name and c.process is not None and c.process.poll() is None for c in self.children)

    def hopeless(self) -> str | None:
        """Return the name of a part that refuses to start again and again, or none."""
        return next(
            (c.part.name for c in self.children if c.part.vital and not c.steady and c.refusals >= REFUSALS), None
        )

    def stop(self) -> None:
        """Stop one part after the other, so that each can take in what the one before it left."""
        for child in self.children:
            if child.pulse is not None:
                child.pulse.close()
            if child.process is None or child.process.poll() is not None:
                continue
            child.process.terminate()
            child.process.send_signal(signal.SIGCONT)  # a paused process gets the signal too
            try:
                child.process.wait(GRACE)
            except subprocess.TimeoutExpired:
                self._report(f"{child.part.name} did not stop within {GRACE:.0f} s and was killed")
                child.process.kill()
                child.process.wait()

    def _start(self, child: Child, now: float) -> None:
        # -P: the folder of a script is no place to import from
        command = (sys.executable, "-m" if child.part.module else "-P", *child.part.arguments)
        environment, inherited = self._environment, self._inherited
        if child.part.answers:
            child.pulse = Pulse(now)
            number = child.pulse.theirs.fileno()
            environment, inherited = {**environment, PULSE: str(number)}, (*inherited, number)
        with _deaf():
            child.process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, pass_fds=inherited
            )
        if child.pulse is not None:
            child.pulse.handed_over()
        child.started, child.given_up = now, False

    def _feel(self, child: Child, now: float) -> None:
        """Kill a part that runs and does not answer."""
        if child.pulse is None or child.process is None or child.given_up:
            return
        silent = child.pulse.look(now)
        if child.pulse.ever:
            child.code, child.exits = None, 0
        if silent > child.pulse.patience(child.process.pid):
            child.given_up = True
            self._report(f"{child.part.name} has not answered for {silent:.0f} s, and is killed")
            child.process.kill()

    def _buried(self, child: Child, code: int, now: float) -> None:
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"exited with {code}"
        child.process = None
        if child.part.prompt and code < 0 and now - child.started > PROMPT:
            child.wait = self._first_wait
        if child.pulse is not None:
            child.pulse.close()
            child.pulse = None
        child.refusals += code in _REFUSING
        child.exits += 1
        child.ended += 1
        child.code = code
        child.due = now + child.wait
        self._report(
            f"{child.part.name} {how}; starting it again" if code < 0 else f"{child.part.name} {how}; trying again"
        )
        child.wait = min(LONGEST_WAIT, child.wait * 2)
