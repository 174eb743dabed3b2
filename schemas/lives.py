"""Which agents report under one host id, by their heartbeats in the order of the log.

A host id stands for one machine with one agent. It may stand for more: a cloned machine has the id of the one it was
copied from, and somebody may start a second agent by hand. Agents of one *place*, a boot and a network namespace, see
the same sockets: the eldest of those that live leads, and what the others report is set aside. Agents of different
places are different hosts: the one that booted first keeps the id, the others get one of their own (`distinct_id`).

An agent lives until it reports that it stops, until its successor reports that it is alone, or until another one has
reported SILENT windows since. An agent that begins may be a second one, or follow a first one that was killed or whose
machine was booted. Which of the two is not known until the first one reports again or has missed MISSED windows. Until
then the new one waits.

All of this depends on the order of the heartbeats alone, which one partition keeps, and not on when or how often they
are read. A reader that begins in the middle waits for UNSEEN heartbeats of an agent before it takes the others for
known. The first heartbeat of an agent may be read after another one has begun and be older than that. Then it may be a
copy of one sent long ago, and the agent is in doubt until its next heartbeat.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from enum import Enum, auto
from typing import NamedTuple

from msgspec import Struct

from schemas.ids import distinct_id
from schemas.raw import Heartbeat
from schemas.times import HOUR_MS

MISSED = 2  # windows of an agent that has begun: in between, another one that lives reports
SILENT = 3  # windows that others reported since the last one of an agent that is taken for dead
UNSEEN = 2  # heartbeats of an agent that a reader needs before it takes it for the eldest
MOST = 32  # agents kept in mind
Run = tuple[str, int]  # boot id, start of the agent
Spot = tuple[str, int]  # boot id, network namespace: what an agent looks at


class Verdict(Enum):
    """What becomes of a heartbeat and its window."""

    LEADS = auto()  # it counts
    WAITS = auto()  # another agent's may count instead
    REPEATED = auto()  # it was read before


class Life(Struct, eq=False):
    """An agent from its start to its end, as far as it is known."""

    host_id: str
    run: Run
    spot: Spot
    first: int  # number of the first window reported
    seq: int = -1  # of the last window reported
    window: int = 0  # start of the last window reported, ms
    width: int = 0
    beats: int = 0
    hostname: str = ""
    address: str = ""  # one that others may know it by
    alone: bool = False
    over: bool = False
    doubtful: bool = False  # what was read of it may be a copy
    certain: bool = False  # over by its own report or its successor's, and not by its silence
    stopped: int = 0
    since: dict[Run, int] = {}  # other agent -> ms it has reported since the last window of this one
    whole: bool = False  # a keyframe of it was read, which has its name and address
    waits: set[Run] = set()  # those that were there when it began and may live or not

    @property
    def end(self) -> int:
        """Return when it was last known to report, ms."""
        return self.stopped or self.window + self.width

    @property
    def known(self) -> bool:
        """Return whether all that live beside it have reported."""
        return self.first == 0 or self.beats >= UNSEEN

    def described(self) -> str:
        """Describe this agent for people."""
        at = datetime.fromtimestamp(self.run[1] / 1000, UTC)
        where = f"{self.address}, boot {self.run[0][:8]}" if self.address else f"boot {self.run[0][:8]}"
        return f"{self.hostname or 'a host'} ({where}, agent since {at:%Y-%m-%d %H:%M:%S} UTC)"


class Notice(NamedTuple):
    """Two agents live under one id (repeated once an hour), or no longer do; `elder` keeps the id or leads."""

    time: int
    shared: bool
    elder: Life
    younger: Life
    left: Life | None  # the one that no longer reports


class Seat(Struct, eq=False):
    """A spot: who leads there, and what its host is called."""

    leader: Life | None = None
    term: int = -1  # number of its lead among all of this host id
    name: str = ""


class Lives:
    """The agents under one host id. Takes their heartbeats in the order of the log."""

    def __init__(self) -> None:
        self._lives: dict[Run, Life] = {}
        self._seats: dict[Spot, Seat] = {}
        self._pairs: dict[frozenset[Run], tuple[Life, Life]] = {}
        self._noticed: dict[frozenset[Run], int] = {}  # hour of the last notice about a pair, ms
        self._terms = 0
        self._booted: dict[str, int] = {}  # boot id -> when, ms

    def take(self, beat: Heartbeat) -> tuple[Verdict, list[Notice]]:
        """Take a heartbeat; return what becomes of its window, and the notices that follow from it."""
        run = (beat.boot_id, beat.run)
        life = self._lives.get(run)
        if life is not None and beat.seq <= life.seq:
            return Verdict.REPEATED, []
        life = life or self._begin(run, beat)
        stale = self._stale(life, beat)
        late = life.over and stale
        life.doubtful = stale and (life.beats == 0 or (life.doubtful and self._answered(life)))
        if not late and not life.doubtful:
            self._meet(life, beat)
        alone = beat.alone and not life.alone and not life.doubtful
        _update(life, beat)
        life.over = late
        for other in self._lives.values():
            if other is not life:
                follows = life.first == 0 or other.run[1] < life.run[1]
                _grow_silent(other, life, ends=alone and follows and other.spot == life.spot)
        self._seat(life, beat)
        if life.stopped:
            life.over = life.certain = True
        notices = [*self._shared(life), *self._parted()]
        verdict = Verdict.LEADS if self._seats[life.spot].leader is life else Verdict.WAITS
        self._forget(life)
        return verdict, notices

    def spot(self, run: Run) -> Spot | None:
        """Return where an agent looks, once it has reported."""
        life = self._lives.get(run)
        return life.spot if life else None

    def seat(self, spot: Spot) -> Seat:
        """Return what is known of a spot."""
        return self._seats[spot]

    def seated(self, spot: Spot) -> bool:
        """Return whether any agent of a spot is kept in mind."""
        return spot in self._seats

    def reported(self, spot: Spot) -> Iterator[tuple[Run, int]]:
        """Yield the agents of a spot with the last window that each reported."""
        for life in self._lives.values():
            if life.spot == spot:
                yield life.run, life.seq

    def gone(self, run: Run) -> bool:
        """Return whether an agent has ended for certain."""
        life = self._lives.get(run)
        return life is not None and life.certain

    def living(self) -> set[Run]:
        """Return the agents that live."""
        return {life.run for life in self._lives.values() if not life.over}

    def others(self, run: Run) -> set[Spot]:
        """Return where agents live besides this one."""
        return {life.spot for life in self._lives.values() if life.run != run and not life.over}

    def shared(self) -> list[tuple[Life, Life]]:
        """Return the pairs of agents that live under the id now, the elder first."""
        return list(self._pairs.values())

    def _begin(self, run: Run, beat: Heartbeat) -> Life:
        spot = (beat.boot_id, beat.netns)
        self._booted.setdefault(beat.boot_id, beat.booted or beat.run)
        self._seats.setdefault(spot, Seat())
        life = Life(beat.host_id, run, spot, beat.seq, since={}, waits=set())
        for other in self._lives.values() if beat.seq == 0 else ():
            if beat.window - other.window > SILENT * max(beat.width, other.width):
                other.over = True  # it ended long before, by the clocks of both
            elif not other.over:
                life.waits.add(other.run)
        self._lives[run] = life
        return life

    def _meet(self, life: Life, beat: Heartbeat) -> None:
        """Find the agents that this one has outlived a window of: A, B, A in the log means that both live."""
        for other in self._lives.values():
            pair = frozenset((life.run, other.run))
            if other is life or other.over or other.doubtful or pair in self._pairs:
                continue
            same = other.spot == life.spot
            beside = same and beat.beside > 0
            if beside or (life.since.get(other.run) and (not same or beat.window > other.run[1])):
                elder, younger = sorted((life, other), key=self._age)
                self._pairs[pair] = (elder, younger)
        for other in self._lives.values():
            other.waits.discard(life.run)

    def _shared(self, life: Life) -> Iterator[Notice]:
        """Yield notices about the pairs of an agent: those new in this hour, and those that go on in it."""
        hour = life.window // HOUR_MS * HOUR_MS
        for pair, (elder, younger) in self._pairs.items():
            if life.run in pair and elder.whole and younger.whole and self._noticed.get(pair, -1) < hour:
                self._noticed[pair] = hour
                yield Notice(max(hour, elder.run[1], younger.run[1]), True, elder, younger, None)

    def _parted(self) -> Iterator[Notice]:
        for pair, (elder, younger) in list(self._pairs.items()):
            left = elder if elder.over else younger if younger.over else None
            if left is not None:
                del self._pairs[pair]
                if self._noticed.pop(pair, None) is not None:
                    yield Notice(left.end, False, elder, younger, left)

    def _seat(self, life: Life, beat: Heartbeat) -> None:
        """Let an agent take the lead of its spot: when nobody has it, or back on a keyframe."""
        seat = self._seats[life.spot]
        for other in [self._lives[run] for run in life.waits if run in self._lives]:
            if other.since.get(life.run, 0) >= MISSED * max(life.width, other.width):
                other.over = True
        life.waits = {run for run in life.waits if run in self._lives and not self._lives[run].over}
        here = [one for one in self._lives.values() if one.spot == life.spot]
        held = [one for one in here if one.known and not one.over and not one.doubtful]
        first = min(held, key=self._age, default=None)
        free = seat.leader is None or seat.leader.over
        if first is life and seat.leader is not life and (free or beat.keyframe) and not life.waits:
            seat.leader, seat.term = life, self._terms
            self._terms += 1
            seat.name = self._name(life.spot, beat.host_id)
        elif seat.leader is life and beat.keyframe:
            seat.name = self._name(life.spot, beat.host_id)

    def _name(self, spot: Spot, host_id: str) -> str:
        """Return what the host of a spot is called: by the id, if it booted first of those that live."""
        first = min((life for life in self._lives.values() if not life.over), key=self._age)
        return host_id if spot == first.spot else distinct_id(host_id, *spot)

    def _age(self, life: Life) -> tuple[int, Spot, int]:
        """Order agents: those of one spot by their start, others by their boot."""
        return self._booted[life.spot[0]], life.spot, life.run[1]

    def _stale(self, life: Life, beat: Heartbeat) -> bool:
        """Return whether this was sent before a successor began, and so is no sign of life."""
        return any(
            other.spot == life.spot and other.run[1] >= max(beat.window, life.run[1] + 1)
            for other in self._lives.values()
        )

    def _answered(self, life: Life) -> bool:
        """Return whether another agent of its spot has reported since it did."""
        return any(run in self._lives and self._lives[run].spot == life.spot for run in life.since)

    def _forget(self, life: Life) -> None:
        """Keep MOST agents: those that are over go first, then those silent for longest."""
        while len(self._lives) > MOST:
            leaders = {seat.leader.run for seat in self._seats.values() if seat.leader and not seat.leader.over}
            others = [one for one in self._lives.values() if one is not life]
            order = sorted(others, key=lambda one: (not one.over, one.run in leaders))
            gone = self._lives.pop(order[0].run)
            self._pairs = {pair: both for pair, both in self._pairs.items() if gone.run not in pair}
            self._noticed = {pair: hour for pair, hour in self._noticed.items() if gone.run not in pair}
            for other in self._lives.values():
                other.since.pop(gone.run, None)
            if not any(one.spot == gone.spot for one in self._lives.values()):
                del self._seats[gone.spot]
            if not any(one.spot[0] == gone.spot[0] for one in self._lives.values()):
                del self._booted[gone.spot[0]]


def _update(life: Life, beat: Heartbeat) -> None:
    life.seq, life.window, life.width = beat.seq, beat.window, beat.width
    life.beats += 1
    life.hostname = beat.hostname or life.hostname
    life.address = next((ip for ip, local in _addresses(beat) if not local), life.address)
    life.whole = life.whole or beat.keyframe
    life.alone, life.stopped = beat.alone and not life.doubtful, beat.stopped
    life.certain = False
    life.since = {}


def _addresses(beat: Heartbeat) -> Iterator[tuple[str, bool]]:
    return zip(beat.interfaces.address, beat.interfaces.local, strict=True)


def _grow_silent(other: Life, life: Life, *, ends: bool) -> None:
    other.since[life.run] = other.since.get(life.run, 0) + life.width
    if ends:
        other.over = other.certain = True
    elif other.since[life.run] >= SILENT * max(life.width, other.width):
        other.over = True
