"""Join what the two ends of a connection saw in different windows. Then it counts once, and both its ends are named.

The two ends see a connection at different times, because of the network and of clocks that differ. A short connection
may have no window in which both ends are seen. It would count twice, once for each end, and each time one end would be
unknown. So what the ends of one flow saw within SKEW_MS and a window is taken for the same.

The result does not depend on the order of the records: of two windows, the one that comes later finds the other. If a
port is used again within that time, several connections are possible. Then the missing end is what they have in common.
An identity that is seen in the window itself wins over one that is found here (streams/connection.py, HERE).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from operator import attrgetter
from typing import Any, NamedTuple

from schemas.graph import Identities, bit
from streams.connection import HERE
from streams.frame import CLOSED, OPENED, Frame, Key, flow_of

SEVERAL = -1
CHAIN = 3  # windows of a chain are looked for in this many times the most that two windows of one event may differ
MANY = 8  # openings in a chain beyond which an end that is found in it is its host alone
_BLANKS: dict[str, Any] = dict(zip(Identities.__struct_fields__, next(iter(Identities.blank(1).rows())), strict=True))
_IN_COMMON = ("host", "service", "name", "container", "namespace", "pod", "container_name")

Who = tuple[Any, ...]  # a row of Identities
Frames = Mapping[int, Frame]


class Opening(NamedTuple):
    """A window in which a flow opened, and who was at each end of the connections that this end saw open."""

    window: int
    who: tuple[list[Who], list[Who]]


_WINDOW = attrgetter("window")


class Meetings:
    """Finds what happened in several windows. Most flows are in one window, which is quickly seen."""

    def __init__(self) -> None:
        self._at: dict[str, dict[str, int]] = {OPENED: {}, CLOSED: {}}  # of a flow: its window, or SEVERAL

    def apart(self, frames: Frames, frame: Frame) -> list[Frame]:
        """Return what the last batch of a frame adds to the windows in which the other end saw the same, in order."""
        adding: dict[int, Frame] = {}
        opened: dict[str, None] = {}
        for (end, what), flows in frame.news.items():
            several = self._in_several(flows, frame.window, what)
            for other in _near(frames, frame) if several else ():
                for flow in sorted(several & other.saw[1 - end, what]):
                    _mark(adding, frame, flow, end, what)
                    _mark(adding, other, flow, 1 - end, what)
            if what == OPENED:
                opened |= dict.fromkeys(sorted(several))
        for flow in opened:
            _name_around(adding, frames, frame, flow)
        for key, end in frame.continued:
            if self._at[OPENED].get(flow_of(key)) == SEVERAL:
                _name_one(adding, frames, frame, key, end)
        return [added for _, added in sorted(adding.items())]

    def closed_elsewhere(self, flows: set[str], window: int) -> set[str]:
        """Return those flows that have a connection which closed in another window."""
        at = self._at[CLOSED]
        return {flow for flow in at.keys() & flows if at[flow] != window}

    def forget(self, frames: Frames, frame: Frame) -> None:
        """Forget a window that is no longer among the frames."""
        for (_, what), flows in frame.saw.items():
            at = self._at[what]
            for flow in flows:
                held = at.get(flow)
                if held == frame.window or (held == SEVERAL and not _anywhere(frames, flow, what)):
                    del at[flow]

    def _in_several(self, flows: set[str], window: int, what: str) -> set[str]:
        at = self._at[what]
        several = {flow for flow in flows if at.setdefault(flow, window) != window}
        at.update(dict.fromkeys(several, SEVERAL))
        return several


def _anywhere(frames: Frames, flow: str, what: str) -> bool:
    return any(flow in other.saw[end, what] for other in frames.values() for end in (0, 1))


def _near(frames: Frames, frame: Frame) -> Iterator[Frame]:
    """Yield the other windows in which the other end may have seen the same."""
    for ahead in range(frame.width, frame.apart + 1, frame.width):
        for window in (frame.window - ahead, frame.window + ahead):
            if window in frames:
                yield frames[window]


def _mark(adding: dict[int, Frame], frame: Frame, flow: str, end: int, what: str) -> None:
    added = adding.setdefault(frame.window, Frame(frame.window, frame.width))
    for key, _ in connections(frame, flow, end, what):
        added.elsewhere[key] = added.elsewhere.get(key, 0) | bit(end, what)


def _name_around(adding: dict[int, Frame], frames: Frames, frame: Frame, flow: str) -> None:
    """Name the ends of what opened in the windows for which a window counts."""
    openings = _openings(frames, frame, flow, 2 * CHAIN)  # the chains of all windows that are in the chain of this one
    for opening in _chain(openings, frame):
        for end in (0, 1):
            if opening.who[end]:
                _name_all(adding, frames, frames[opening.window], flow, end, openings)


def _name_all(
    adding: dict[int, Frame], frames: Frames, frame: Frame, flow: str, end: int, openings: Sequence[Opening]
) -> None:
    """Name the other end of the connections that opened at an end, in the windows that only this end may have seen."""
    who = _who(openings, frame, 1 - end)
    if who is None:
        return
    for at in range(frame.window, frame.window + frame.apart + 1, frame.width):
        then = frames.get(at)
        for key, row in connections(then, flow, end) if then else ():
            if then and any(since == frame.window for since, _, _ in then.sights(row)):
                if at not in adding:
                    adding[at] = Frame(at, frame.width)
                adding[at].name(key, 1 - end, who)


def _name_one(adding: dict[int, Frame], frames: Frames, frame: Frame, key: Key, end: int) -> None:
    """Name the other end of a connection that opened some windows ago, or whose own end is better known now."""
    flow, row = flow_of(key), frame.at[end][key]
    for since, _, _ in frame.sights(row) if frame.columns["seen"][row] else ():
        first = frames.get(since) if 0 <= frame.window - since <= frame.apart else None
        if first is not None and flow in first.saw[end, OPENED]:
            who = _who(_openings(frames, first, flow, CHAIN), first, 1 - end)
            if who is not None:
                adding.setdefault(frame.window, Frame(frame.window, frame.width)).name(key, 1 - end, who)
    if flow in frame.saw[end, OPENED]:
        _name_around(adding, frames, frame, flow)


def _who(openings: Sequence[Opening], frame: Frame, end: int) -> Who | None:
    """Return who may have been at an end, by the connections that opened in nearby windows.

    If the other end saw more of them than this end, nobody reported one of them, and that may be the one. They are
    counted in the whole chain, because the other end of what is nearby may be near to that only. A chain that is longer
    may hide one too. Of many openings only the host is named.
    """
    chain = _chain(openings, frame)
    if len(chain) < 2:
        return None
    mine = others = 0
    whos: list[Who] = []
    for one in chain:
        mine += len(one.who[end])
        others += len(one.who[1 - end])
        if -frame.apart <= one.window - frame.window <= frame.apart:
            whos += one.who[end]
    if not whos:
        return None
    ahead = max(chain[-1].window - frame.window, frame.window - chain[0].window)
    missing = others > mine or mine + others > MANY or ahead > (CHAIN - 1) * frame.apart
    return common(whos, missing=missing, of=mine + others)


def _openings(frames: Frames, frame: Frame, flow: str, times: int) -> list[Opening]:
    """Return in order the windows in which a flow opened that are near to a window, to one of those, and so on.

    They are so many times as far away as two windows of one event.
    """
    openings, reach = [_opening(frame, flow)], times * frame.apart
    for step in (-frame.width, frame.width):
        last = at = frame.window
        while abs(at + step - last) <= frame.apart and abs(at + step - frame.window) <= reach:
            at += step
            other = frames.get(at)
            if other is not None and (flow in other.saw[0, OPENED] or flow in other.saw[1, OPENED]):
                openings.append(_opening(other, flow))
                last = at
    return sorted(openings)


def _opening(frame: Frame, flow: str) -> Opening:
    a, b = ([frame.identity(row) for _, row in connections(frame, flow, end, OPENED)] for end in (0, 1))
    return Opening(frame.window, (a, b))


def _chain(openings: Sequence[Opening], frame: Frame) -> Sequence[Opening]:
    """Return those openings that count for a window. Each of them is near to the next."""
    reach = CHAIN * frame.apart
    first = bisect_left(openings, frame.window - reach, key=_WINDOW)
    return openings[first : bisect_right(openings, frame.window + reach, key=_WINDOW)]


def connections(frame: Frame, flow: str, end: int, what: str = "seen") -> Iterator[tuple[Key, int]]:
    """Yield the connections of a flow, with their rows, that an end saw, opened or closed in a window."""
    key: Key = flow
    for following in count(1):
        row = frame.at[end].get(key)
        if row is None:
            return
        if frame.columns[what][row]:
            yield key, row
        key = flow, following


def common(whos: Iterable[Who], *, missing: bool = False, of: int = 0) -> Who | None:
    """Return what all identities have in common, any of which may be at an end; None if they have nothing in common.

    If one is `missing` or not known yet, that is the host; later rows add to it. `started` grows with the number of
    connections that were looked at (`of`, or the identities), so that the row that is made of all of them wins when
    rows merge.
    """
    whos = list(whos)
    among = [dict(zip(_BLANKS, who, strict=True)) for who in dict.fromkeys(whos)]
    if len({one["host"] for one in among}) != 1 or not among[0]["host"]:
        return None
    first, started = among[0], min((of or len(whos)) - 1, HERE - 1)
    if not missing and all({**one, "started": 0} == {**first, "started": 0} for one in among):
        return tuple({**first, "started": started}.values())
    shared = _IN_COMMON if not missing and _alike(among, "service") else ("host",)
    same = {name: first[name] for name in shared if _alike(among, name)}
    return tuple({**_BLANKS, **same, "tied": True, "started": started}.values())


def _alike(among: Sequence[dict[str, Any]], name: str) -> bool:
    return all(one[name] == among[0][name] != "" for one in among)
