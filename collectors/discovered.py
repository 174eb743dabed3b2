"""Facts of the operator's own: what programs in a folder print becomes facts of nodes.

The programs run one at a time beside the agent, which reads their output between windows and never waits for them. When
a run fails, the facts of the last good one stay, until MOST_FAILURES runs in a row have failed.
"""

import logging
import os
import pwd
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from msgspec import Struct

from collectors.capabilities import lacking
from collectors.discover_folder import Found, Program, look
from collectors.discover_run import Account, Ended, Run
from collectors.process_table import parse_stat
from collectors.procfs import read_file
from collectors.registry import Sources, register
from collectors.settings import Settings
from collectors.window import Inert, Window
from schemas.discovered import MOST as MOST_ITEMS
from schemas.discovered import Output, Printed, parse_output
from schemas.raw import Discovered, DiscoveredBatch
from schemas.text import shown
from schemas.topics import DISCOVERED

WHAT = "facts of your own programs"
GOOD_RUN, FACTS_ONLY = "a run that succeeds", "output of facts only"  # what a program needs that has run
LOOK_S = 10.0  # how often the folder is looked at
MOST = 2_000  # facts of all programs
MOST_NAMED = 10  # programs that do not run
MOST_FAILURES = 3  # in a row, until the facts of the last good run are dropped
TICKS = os.sysconf("SC_CLK_TCK")  # a second
_log = logging.getLogger(__name__)

Row = tuple[str, str, int, int, int, str, str]  # in the order of schemas.raw.Discovered


class _State(Struct):
    """What is known of a program."""

    program: Program
    due: float
    rows: list[Row] = []
    failures: int = 0
    why: str = ""


class DiscoveredCollector(Inert):
    """Runs the programs of a folder, and reports the facts that they print."""

    topic = DISCOVERED

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._folder = Path(settings.discover)
        self._account = Account()
        self._found = Found([], {})
        self._looked = float("-inf")
        self._states: dict[str, _State] = {}
        self._run: tuple[Program, Run] | None = None
        self._began = 0  # the run, in clock ticks since boot
        self._fault = ""
        self._rows: list[Row] = []
        self._beyond = 0  # facts that are left out
        self._changed = False
        self._count: Counter[str] = Counter()

    def open(self, window: Window) -> None:
        """Find the user that programs run as, and the programs."""
        self._account, self._fault = account(self._settings.discover_user)
        self._find(self._clock())
        if self._found.programs and self._account.uid < 0 and not self._fault:
            _log.info("programs in %s run as the agent's own user, for it is not root", self._folder)

    def drain(self) -> None:
        """Read what the running program has printed; start the next one that is due."""
        now = self._clock()
        if self._run is not None:
            program, run = self._run
            ended = run.look(now)
            if ended is None:
                return
            self._run = None
            self._take(program, ended, now)
        if now >= self._looked + LOOK_S:
            self._find(now)
        due = [state for state in self._states.values() if state.due <= now]
        if due and not self._fault and not self._found.fault:
            self._start(min(due, key=lambda state: state.due), now)

    def collect(self, window: Window) -> DiscoveredBatch:
        """Return all facts on a keyframe and when one has changed, as a keyframe of this topic; else none."""
        changed, self._changed = self._changed, False
        if not (changed or window.keyframe):
            return window.batch(DiscoveredBatch)
        return replace(window, keyframe=True).batch(DiscoveredBatch, facts=Discovered.of(self._rows))

    def missing(self) -> dict[str, str]:
        """Return what does not run, and what it needs."""
        if self._found.fault:
            return {WHAT: self._found.fault}
        missing = {WHAT: self._fault} if self._fault and self._found.programs else {}
        if self._beyond:
            missing[f"some {WHAT}"] = f"no more than {MOST}: {self._beyond} are left out"
        wrong = self._found.refused | {name: state.why for name, state in self._states.items() if state.why}
        if len(wrong) > MOST_NAMED:
            missing[f"other {WHAT}"] = f"what each of them needs: {len(wrong) - MOST_NAMED} more are not named here"
        return missing | {f"{WHAT}: {name}": needs for name, needs in islice(wrong.items(), MOST_NAMED)}

    def counters(self) -> dict[str, int]:
        """Return the runs that failed, the items that are no facts, and the facts beyond the bounds."""
        return {
            "discoveries_failed": self._count["failed"],
            "discoveries_refused": self._count["refused"],
            "discoveries_dropped": self._count["dropped"],
        }

    def close(self) -> None:
        """End the program that runs."""
        if self._run is not None:
            self._run[1].close()
            self._run = None

    def _find(self, now: float) -> None:
        """Look at the folder. New and changed programs are due. The facts of those that are gone are dropped."""
        self._looked = now
        self._found = look(self._folder)
        if self._found.unread:  # what could not be looked at is not gone
            return
        before, self._states = self._states, {}
        for program in self._found.programs:
            state = before.get(program.name) or _State(program, now)
            if state.program != program:
                state.program, state.due = program, now
            self._states[program.name] = state
        if before.keys() - self._states.keys():
            self._gather()

    def _start(self, state: _State, now: float) -> None:
        settings = self._settings
        state.due = now + settings.discover_seconds
        self._began = int(time.clock_gettime(time.CLOCK_BOOTTIME) * TICKS)
        try:
            self._run = state.program, Run(state.program.path, self._account, now, settings.discover_timeout_seconds)
        except OSError as error:
            self._failed(state, f"it could not be started: {error.strerror}")

    def _take(self, program: Program, ended: Ended, now: float) -> None:
        state = self._states.get(program.name)
        if state is None or state.program != program:  # it was taken away, or is another one now
            return
        if ended.left:
            state.due = float("inf")  # until the file changes: what runs on would only become more
        if ended.why:
            self._failed(state, ended.why)
            return
        output = parse_output(ended.output)
        self._count["refused"] += len(output.refused)
        self._count["dropped"] += output.more
        state.rows, state.failures = self._rows_of(program.name, output.facts), 0
        state.why = _complaint(output)
        self._gather()

    def _failed(self, state: _State, why: str) -> None:
        self._count["failed"] += 1
        state.failures += 1
        if not state.why.endswith(shown(why)):
            _log.warning("%s: %s", state.program.path, why)
        state.why = f"{GOOD_RUN}: {shown(why)}"
        if state.failures >= MOST_FAILURES:
            state.rows = []
            self._gather()

    def _gather(self) -> None:
        """Note whether the facts of all programs have changed."""
        every = [row for state in self._states.values() for row in state.rows]
        self._beyond = len(every[MOST:])
        if every[:MOST] != self._rows:
            self._count["dropped"] += self._beyond
            self._rows, self._changed = every[:MOST], True

    def _rows_of(self, program: str, facts: Sequence[Printed]) -> list[Row]:
        """Return facts as rows, the last one of a name and node, without those of processes that have ended.

        A process that is younger than the run may have the number of one that the program saw.
        """
        rows: dict[tuple[object, ...], Row] = {}
        for one in facts:
            start = started(self._settings.proc, one.node.pid) if one.node.pid else 0
            if start is not None and start <= self._began:
                subject = program, one.name, one.node.port, one.node.pid, start, shown(one.node.service)
                rows[subject] = (*subject, one.text)
        return sorted(rows.values())


def started(proc: str, pid: int) -> int | None:
    """Return when a process started, in clock ticks since boot; None if there is none."""
    try:
        return parse_stat(read_file(f"{proc}/{pid}/stat") or b"").start
    except (ValueError, IndexError):
        return None


def _complaint(output: Output) -> str:
    """Return what a program should print instead of what it did."""
    if output.refused:
        return f"{FACTS_ONLY}: {len(output.refused)} items are not facts ({output.refused[0]})"
    return f"no more than {MOST_ITEMS} facts" if output.more else ""


def account(user: str) -> tuple[Account, str]:
    """Return the user that programs run as, and what it would need to run them so; "" for nothing."""
    if os.geteuid():
        return Account(), ""
    try:
        known = pwd.getpwnam(user)
    except KeyError:
        return Account(), f"the user {shown(user)}, which this host does not have (collectors.discover_user)"
    if not known.pw_uid:
        return Account(), "another user than root (collectors.discover_user)"
    without = lacking("CAP_SETGID", "CAP_SETUID")
    groups = os.getgrouplist(user, known.pw_gid)
    return Account(known.pw_uid, known.pw_gid, groups), " and ".join(without)


@register()
def collector(sources: Sources) -> DiscoveredCollector | None:
    """Return the collector of the operator's own facts."""
    return DiscoveredCollector(sources.settings) if sources.settings.discover else None
