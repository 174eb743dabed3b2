"""Sort the batches of one host id by the agents that sent them, and decide which of them count.

Several agents may report under one id. The heartbeats alone decide which of them leads in each spot (schemas/lives.py).
Batches of other topics may come long before or after the heartbeat of their window. Early ones wait for it. The result
depends only on what was sent, and not on the order of reading.
"""

from collections import Counter
from typing import NamedTuple

from schemas.lives import MOST, Lives, Notice, Run, Spot, Verdict
from schemas.raw import Batch, Heartbeat
from schemas.topics import HEARTBEATS
from streams.assembly import Assembly, Window, put


class Led(NamedTuple):
    """A term of an agent: it leads in a spot from a window on."""

    term: int
    since: int  # number of the window
    spot: Spot


class Intake:
    """Makes windows of the batches of one host id. At most `limit` windows wait."""

    def __init__(self, limit: int = 20_000) -> None:
        self.counters: Counter[str] = Counter()
        self._limit = limit
        self._lives = Lives()
        self._spots: dict[Spot, Assembly] = {}
        self._led: dict[Run, list[Led]] = {}  # the newest last
        self._until: dict[Run, int] = {}  # the first window in which an agent no longer leads, though it lives
        self._aside: dict[Run, int] = {}  # windows up to this one are reported by another agent
        # Windows of agents that do not lead, or have sent no heartbeat yet.
        self._early: dict[Run, dict[int, Window]] = {}
        self._notices: list[Notice] = []

    def add(self, topic: str, batch: Batch) -> list[tuple[Spot, Window]]:
        """Take a batch; return the windows that it completes, the oldest first, each with its spot."""
        run = (batch.boot_id, batch.run)
        if isinstance(batch, Heartbeat):
            return self._beat(run, batch)
        led = self._leads(run, batch.seq)
        if led is not None:
            windows = self._spots[led.spot].add((led.term, batch.seq), topic, batch)
            return [(led.spot, window) for window in windows]
        if batch.seq <= self._aside.get(run, -1):
            self.counters["batches_set_aside"] += 1
            return []
        put(self._early.setdefault(run, {}), batch.seq, topic, batch)
        self._bound_early()
        return []

    def notices(self) -> list[Notice]:
        """Return the notices about agents of this id since the last call."""
        found, self._notices = self._notices, []
        return found

    def _beat(self, run: Run, beat: Heartbeat) -> list[tuple[Spot, Window]]:
        verdict, notices = self._lives.take(beat)
        self._notices += notices
        if verdict is Verdict.REPEATED:
            self.counters["repeated_batches"] += 1
            return []
        spot = self._lives.spot(run) or (beat.boot_id, beat.netns)
        windows = self._lead(run, spot, beat) if verdict is Verdict.LEADS else self._wait(run, spot, beat)
        self._forget()
        return [(spot, window) for window in windows]

    def _lead(self, run: Run, spot: Spot, beat: Heartbeat) -> list[Window]:
        seat = self._lives.seat(spot)
        assembly = self._spots.setdefault(spot, Assembly(self.counters, self._limit))
        terms = self._led.setdefault(run, [])
        begins = not terms or terms[-1].term != seat.term
        if begins:
            for other, seq in self._lives.reported(spot):
                if other != run and not self._lives.gone(other):
                    self._unseat(other, seq + 1)
            early = self._early.pop(run, {})
            terms.append(Led(seat.term, self._aside.get(run, -1) + 1, spot))
            self._until.pop(run, None)
            for seq, window in early.items():
                window.name = seat.name
                assembly.place((seat.term, seq), window)
        for other, seq in self._lives.reported(spot):
            if other != run:
                self._set_aside(other, seq)
        windows = assembly.add((seat.term, beat.seq), HEARTBEATS.name, beat, seat.name)
        return windows + assembly.release() if begins else windows

    def _wait(self, run: Run, spot: Spot, beat: Heartbeat) -> list[Window]:
        """Keep a window until another agent has reported it too, or until there is no other agent."""
        led = self._leads(run, beat.seq) is not None
        self._unseat(run, beat.seq)
        put(self._early.setdefault(run, {}), beat.seq, HEARTBEATS.name, beat)
        self._bound_early()
        return self._spots[spot].release() if led else []

    def _unseat(self, run: Run, seq: int) -> None:
        """Take back the windows of an agent from one on: another agent leads, and this one may still live."""
        led = self._leads(run, seq)
        if led is not None:
            self._until[run] = seq
            self._early.setdefault(run, {}).update(self._spots[led.spot].take((led.term, seq)))

    def _leads(self, run: Run, seq: int) -> Led | None:
        """Return the term that a window belongs to."""
        if seq >= self._until.get(run, seq + 1):
            return None
        return next((led for led in reversed(self._led.get(run, ())) if seq >= led.since), None)

    def _set_aside(self, run: Run, seq: int) -> None:
        early = self._early.get(run, {})
        aside = [number for number in early if number <= seq]
        self.counters["windows_set_aside"] += len(aside)
        for number in aside:
            del early[number]
        self._aside[run] = max(seq, self._aside.get(run, -1))

    def _bound_early(self) -> None:
        if sum(map(len, self._early.values())) > self._limit:
            self.counters["placeless_windows"] += len(self._early.pop(next(iter(self._early))))

    def _forget(self) -> None:
        """Forget agents that are no longer remembered as lives."""
        if len(self._led) + len(self._aside) <= 4 * MOST:
            return
        for kept in (self._led, self._until, self._aside):
            for run in [run for run in kept if self._lives.spot(run) is None]:
                del kept[run]
        self._spots = {spot: windows for spot, windows in self._spots.items() if self._lives.seated(spot)}
