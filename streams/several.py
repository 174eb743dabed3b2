"""What is known of a flow of which one end has been reported from several network stacks, and when it is contested."""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any, NamedTuple, Self

from msgspec import Struct, field

from schemas.graph import Identities
from streams.frame import CLOSED, OPENED, Frame, Key

HOST = Identities.__struct_fields__.index("host")
Row = dict[str, Any]  # a side, its columns by name, and `whose`, the identity


class Report(NamedTuple):
    """Who reported an end of a flow, and on which cable."""

    end: int
    host: str
    stack: str
    link: str

    @classmethod
    def of(cls, side: Row) -> Self:
        """Return who reported a side."""
        return cls(side["end"], side["whose"][HOST], side["stack"], side["link"])

    def contests(self, other: "Report") -> bool:
        """Return whether the two cannot be one: both know their cable, and the cables differ.

        Two stacks alone prove nothing. An agent in a system container has a boot id of its own, and sees the sockets
        that the agent on the node sees too.
        """
        apart = self.host != other.host and self.stack != other.stack and self.link != other.link
        return apart and self.end == other.end and "" not in (self.stack, other.stack, self.link, other.link)


class Half(NamedTuple):
    """A side of which no cable is known: its window, the key that is its own, and its end."""

    window: int
    key: Key
    end: int


class Several(Struct):
    """What is known of a flow of which one end has been reported from several stacks."""

    reports: dict[int, set[Report]] = field(default_factory=dict)  # by window
    sides: dict[int, list[Row]] = field(default_factory=dict)  # by window, while they are not paired again
    events: set[int] = field(default_factory=set)  # windows in which an end saw it open or close
    contested: set[int] = field(default_factory=set)  # windows
    apart: set[int] = field(default_factory=set)  # windows whose sides are paired again
    numbered: dict[int, dict[tuple[str, int, str], set[int]]] = field(default_factory=dict)  # by window
    halves: dict[int, set[Half]] = field(default_factory=dict)  # by window: the other end has not been reported so far

    def contest(self, frame: Frame, sides: Iterable[Row]) -> set[int]:
        """Take the sides of a window; return the windows whose sides are to be paired again from now on."""
        window, reports, added = frame.window, {Report.of(side) for side in sides}, set[int]()
        self.reports.setdefault(window, set()).update(reports)
        happened = any(side[OPENED] or side[CLOSED] for side in sides)
        if happened:
            self.events.add(window)
        around = _around(frame, 2)
        for at in around:
            if at not in self.reports or (at in self.contested and window in self.contested):
                continue
            if any(one.contests(other) for other in self.reports[at] for one in reports):
                added |= self._contested(frame, {at, window})
        if window not in self.apart and not self.contested.isdisjoint(around):
            added.add(window)
        self.apart |= added
        for events in (sorted(self.events), sorted(self.events, reverse=True)) if happened or added else ():
            for at, following in pairwise(events):  # what may be one event is not taken apart
                if at in self.apart and following not in self.apart and abs(following - at) <= frame.apart:
                    self.apart.add(following)
                    added.add(following)
        return added

    def numbers(self, window: int, side: Row) -> set[int]:
        """Return the numbers that a host has given to its connections under one of the other flows."""
        return self.numbered.setdefault(window, {}).setdefault((side["flow"], *Report.of(side)[:2]), set())

    def _contested(self, frame: Frame, windows: set[int]) -> set[int]:
        """Take contested windows; return those around them that were not apart before."""
        new = windows - self.contested
        self.contested |= new
        return {at for window in new for at in _around(frame, 2, window) if at in self.reports} - self.apart

    def met(self, frame: Frame, windows: set[int]) -> Iterator[Half]:
        """Take out the halves of these windows, and of those near a frame, of which the other end has been reported."""
        for at in sorted(windows.union(_around(frame)) & self.halves.keys()):
            ends = {report.end for near in _around(frame, 1, at) for report in self.reports.get(near, ())}
            met = [half for half in self.halves[at] if 1 - half.end in ends]
            self.halves[at].difference_update(met)
            if not self.halves[at]:
                del self.halves[at]
            yield from met


def _around(frame: Frame, times: int = 1, window: int | None = None) -> range:
    """Return the windows in which the same may be seen as in that of a frame, or in another; twice as far, all that
    may be named after it.
    """
    at, reach = frame.window if window is None else window, times * frame.apart
    return range(at - reach, at + reach + 1, frame.width)


def key_of(side: Row) -> Key:
    """Return the key of a side in its frame."""
    return (side["flow"], side["nth"]) if side["nth"] else side["flow"]
