"""The fold of sides into edges: both ends of a flow side by side, from whichever hosts saw them.

A row is emitted for every side that comes: with the other end as far as it is known by then, again when that comes.
Rows of one key merge, so neither order nor repetition nor what was forgotten meanwhile can make a stored row wrong.

An end that its agent first saw when it began to look (not `fresh`) has been there as long as the other end's agent saw
the connection: its identity is emitted for those earlier windows too, back to the start of its process. And the two
ends of a connection seldom close in one moment: an end that closed in one window is also emitted for the next, if the
other end lasts.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from itertools import product
from typing import Any

from schemas.graph import EdgeBatch, Identities, SideBatch
from schemas.topics import HOUR_MS
from streams.frame import BACKDATE_MS, CLOSED, Frame, Key, flow_of
from streams.meetings import Meetings, common, connections

BACK_MS = HOUR_MS  # how far back an end is emitted at most, and how long sides are kept to meet their other end;
SPARE_ROWS = 30_000  # more of them than these (16 MB) are kept
KEPT_MS = 300_000  # only for as long as a restart reads again (streams/rewind.py),
FRAME_ROWS = 100_000  # and never more than these
LASTS = 2  # windows in which the other end of a closed one is still looked for
BACK_ROWS = 500_000  # emitted for earlier windows for one batch at most, for the latest windows of each end

_STARTED, _NODE, _SERVICE = (Identities.__struct_fields__.index(name) for name in ("started", "node", "service"))


class Pairing:
    """The fold over one partition of sides. What it did is added to `counters`."""

    def __init__(self, counters: Counter[str], frame_rows: int = FRAME_ROWS) -> None:
        self.counters = counters
        self._frames: dict[int, Frame] = {}  # by window
        self._meetings = Meetings()
        self._frame_rows = frame_rows
        self._rows = 0

    def feed(self, batch: SideBatch) -> list[EdgeBatch]:
        """Take one batch of sides; return the edges that they make or add to, a batch for each window."""
        windows = batch.sides.window
        of: dict[int, list[int]] = {}
        for row, at in enumerate(windows):
            of.setdefault(at, []).append(row)
        emitted = []
        for window, rows in sorted(of.items()):
            frame = self._frame(window, batch.width)
            touched = frame.add(batch, None if len(rows) == len(windows) else rows)
            self._rows += len(rows)
            emitted.append(_batch(frame, touched))
            emitted += self._earlier(frame, touched)
            emitted += self._later(frame, touched)
            emitted += [_batch(added, added.keys()) for added in self._meetings.apart(self._frames, frame)]
        self._evict(max(windows, default=0))
        return emitted

    def _frame(self, window: int, width: int) -> Frame:
        if window not in self._frames:
            self._frames[window] = Frame(window, width)
        return self._frames[window]

    def _earlier(self, frame: Frame, touched: dict[Key, None]) -> list[EdgeBatch]:
        """Return rows that name an end in the windows in which only the other end was looked at."""
        spans = list(self._spans(frame, touched))
        back = BACK_MS
        if sum((since - first) // frame.width for *_, first, since in spans) > BACK_ROWS:
            self.counters["told_back_in_part"] += 1
            back = BACK_ROWS // len(spans) * frame.width
        earlier: dict[int, Frame] = {}
        for key, end, identity, first, since in spans:
            for window in range(max(first, since - back), since, frame.width):
                frame_then = earlier.get(window)
                if frame_then is None:
                    frame_then = earlier[window] = Frame(window, frame.width)
                frame_then.name(key, end, identity)
        self.counters["windows_told_back"] += len(earlier)
        return [_batch(named, named.keys()) for _, named in sorted(earlier.items())]

    def _spans(self, frame: Frame, touched: dict[Key, None]) -> Iterator[tuple[Key, int, tuple[Any, ...], int, int]]:
        """Yield who is at which end for which earlier windows, as [first, since)."""
        a, b = frame.at
        identities = list(frame.identities)
        for key in touched.keys() & frame.begun & a.keys() & b.keys():
            for end, late, other in ((0, a[key], b[key]), (1, b[key], a[key])):
                for (since, fresh, who), (looked, _, _) in product(frame.sights(late), frame.sights(other)):
                    identity = identities[who]
                    if fresh or not 0 < looked < since or not identity[_NODE] or frame.window - since > BACKDATE_MS:
                        continue
                    first = max(looked, identity[_STARTED] // frame.width * frame.width, since - BACK_MS)
                    if first < since:
                        yield key, end, identity, first, since

    def _later(self, frame: Frame, touched: dict[Key, None]) -> list[EdgeBatch]:
        """Return rows that name an end that closed, in the windows after it in which the other end was still there."""
        later: dict[int, Frame] = {}
        flows = {flow_of(key) for key in touched}
        before = self._meetings.closed_elsewhere(flows, frame.window)
        for ahead in range(frame.width, max(LASTS * frame.width, frame.apart) + 1, frame.width):
            # What opened where another closed may be the next on its port pair: one that is there for long is not.
            opened = frame.width if ahead > LASTS * frame.width else 0
            earlier, after = self._frames.get(frame.window - ahead), self._frames.get(frame.window + ahead)
            for then, now, among in ((earlier, frame, before), (frame, after, flows)):
                if then is None or now is None:
                    continue
                for end in (0, 1):
                    for flow in among & then.saw[end, CLOSED]:
                        _name_closed(later, then, now, flow, end, then.window - opened)
        return [_batch(named, named.keys()) for _, named in sorted(later.items())]

    def _evict(self, newest: int) -> None:
        """Forget the oldest windows beyond the bounds; their rows stand in the store and can still be added to.

        How old they are is by the newest window of the last batch, so that one of a wrong time does no lasting harm.
        """
        while self._frames:
            oldest = min(self._frames)
            kept_ms = BACK_MS if self._rows <= SPARE_ROWS else KEPT_MS
            if self._rows <= self._frame_rows and oldest >= newest - kept_ms:
                break
            forgotten = self._frames.pop(oldest)
            self._meetings.forget(self._frames, forgotten)
            self._rows -= len(forgotten) - 1


def _name_closed(later: dict[int, Frame], then: Frame, now: Frame, flow: str, end: int, opened: int) -> None:
    """Name the end that closed then, where the other end, `opened` by a window, is still there now."""
    sights = connections(now, flow, 1 - end)
    lasting = [key for key, row in sights if any(0 < since <= opened for since, _, _ in now.sights(row))]
    identity = common(then.identity(row) for _, row in connections(then, flow, end, CLOSED)) if lasting else None
    if identity and (identity[_NODE] or identity[_SERVICE]):
        for key in lasting:
            later.setdefault(now.window, Frame(now.window, now.width)).name(key, end, identity)


def _batch(frame: Frame, keys: Collection[Key]) -> EdgeBatch:
    gathered = frame.edges(keys)
    used = sorted({*gathered.a["who"], *gathered.b["who"]} - {0})
    numbers = {old: new for new, old in enumerate(used, start=1)} | {0: 0}
    for end in (gathered.a, gathered.b):
        end["who"] = [numbers[old] for old in end["who"]]
    named = list(frame.identities)
    return EdgeBatch(identities=Identities.of(named[old] for old in used), **gathered.columns())
