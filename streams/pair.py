"""The fold of sides into edges: both ends of a flow side by side, from whichever hosts saw them.

Every side emits a row, with the other end as far as it is known by then. When the other end comes, the row is emitted
again. Rows of one key merge, so a stored row is right whatever the order, and whatever was repeated or forgotten.

An agent that starts finds connections that are already open (not `fresh`). The agent of the other end may have seen
them before. So the identity of such an end is also emitted for those earlier windows, back to the start of its process.

The two ends of a connection seldom close at the same moment. So an end that closed in one window is also emitted for
the next, if the other end is still open there.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import product
from typing import Any

from schemas.graph import EdgeBatch, Identities, SideBatch
from schemas.times import HOUR_MS
from streams.contested import Contests, Taken
from streams.frame import BACKDATE_MS, CLOSED, OPENED, Frame, Key, flow_of
from streams.meetings import Meetings, common, connections

BACK_MS = HOUR_MS  # how far back an end is emitted at most, and how long sides wait for their other end
SPARE_ROWS = 30_000  # sides beyond this number (16 MB) wait only for KEPT_MS
KEPT_MS = 300_000  # less than a restart reads again (streams/rewind.py)
FRAME_ROWS = 100_000  # the most sides that are kept
LASTS = 2  # after an end closed, the other end is looked for in this many windows
BACK_ROWS = 500_000  # the most rows that one batch emits for earlier windows; the latest windows of each end come first

_STARTED, _NODE, _SERVICE = (Identities.__struct_fields__.index(name) for name in ("started", "node", "service"))


class Pairing:
    """The fold over one partition of sides. It adds to `counters`."""

    def __init__(self, counters: Counter[str], frame_rows: int = FRAME_ROWS) -> None:
        self.counters = counters
        self._frames: dict[int, Frame] = {}  # by window
        self._meetings = Meetings()
        self._contests = Contests()
        self._apart: Pairing | None = None  # of the sides of contested flows
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
            taken = self._contests.take(self._frames, frame, batch, rows)
            touched = frame.add(batch, rows)
            self._rows += len(rows)
            emitted.append(_batch(frame, touched))
            emitted += self._again(taken, batch.width)
            emitted += self._earlier(frame, touched)
            emitted += self._later(frame, touched)
            emitted += [_batch(added, added.keys()) for added in self._meetings.apart(self._frames, frame)]
        self._evict(max(windows, default=0))
        return emitted

    def _frame(self, window: int, width: int) -> Frame:
        if window not in self._frames:
            self._frames[window] = Frame(window, width)
        return self._frames[window]

    def _again(self, taken: Taken, width: int) -> Iterator[EdgeBatch]:
        """Yield the marks of contested flows, and their sides paired under other flows."""
        for window, keys in sorted(taken.keys.items()):
            self.counters["contested"] += len(keys)
            yield _batch(self._frames[window], sorted(keys, key=str))
        for sides in taken.batches(width):
            self._apart = self._apart or Pairing(self.counters, self._frame_rows)
            yield from self._apart.feed(sides)
        for _, marks in sorted(taken.marks.items()):
            yield _batch(marks, marks.elsewhere)

    def _earlier(self, frame: Frame, touched: dict[Key, None]) -> list[EdgeBatch]:
        """Return rows that name an end in earlier windows, which only the agent of the other end reported."""
        spans = list(self._spans(frame, touched))
        back = BACK_MS
        if sum((since - first) // frame.width for *_, first, since in spans) > BACK_ROWS:
            self.counters["named_back_in_part"] += 1
            back = BACK_ROWS // len(spans) * frame.width
        earlier: dict[int, Frame] = {}
        for key, end, identity, first, since in spans:
            for window in range(max(first, since - back), since, frame.width):
                frame_then = earlier.get(window)
                if frame_then is None:
                    frame_then = earlier[window] = Frame(window, frame.width)
                frame_then.name(key, end, identity)
        self.counters["windows_named_back"] += len(earlier)
        return [_batch(named, named.keys()) for _, named in sorted(earlier.items())]

    def _spans(self, frame: Frame, touched: dict[Key, None]) -> Iterator[tuple[Key, int, tuple[Any, ...], int, int]]:
        """Yield key, end, identity, first and since: the end has the identity in the windows [first, since)."""
        a, b = frame.at
        for key in touched.keys() & frame.begun & a.keys() & b.keys():
            for end, late, other in ((0, a[key], b[key]), (1, b[key], a[key])):
                for (since, fresh, who), (looked, _, _) in product(frame.sights(late), frame.sights(other)):
                    identity = frame.identities[who]
                    if fresh or not 0 < looked < since or not identity[_NODE] or frame.window - since > BACKDATE_MS:
                        continue
                    first = max(looked, identity[_STARTED] // frame.width * frame.width, since - BACK_MS)
                    if first < since:
                        yield key, end, identity, first, since

    def _later(self, frame: Frame, touched: dict[Key, None]) -> list[EdgeBatch]:
        """Return rows that name a closed end in later windows, where the other end is still open."""
        later: dict[int, Frame] = {}
        flows = set(map(flow_of, touched))
        closed_elsewhere = self._meetings.closed_elsewhere(flows, frame.window)
        reach = max(LASTS * frame.width, frame.apart)
        around = range(frame.window - reach, frame.window + reach + 1, frame.width)
        near = [found for window in around if (found := self._frames.get(window)) is not None]
        for at, then in enumerate(near):
            among = flows if then is frame else closed_elsewhere
            if then.window > frame.window or near[-1] is then or not among:
                continue
            for end in (0, 1):
                for flow in among & then.saw[end, CLOSED]:
                    for until, now in enumerate(near[at + 1 :], start=at + 2):
                        if frame.window <= now.window <= then.window + reach:
                            _name_closed(later, near[at:until], flow, end)
        return [_batch(named, named.keys()) for _, named in sorted(later.items())]

    def _evict(self, newest: int) -> None:
        """Forget the oldest windows beyond the bounds. Their rows are stored, and later rows still merge into them.

        Their age is measured from the newest window of the last batch. So one wrong time does no lasting harm.
        """
        while self._frames:
            oldest = min(self._frames)
            kept_ms = BACK_MS if self._rows <= SPARE_ROWS else KEPT_MS
            if self._rows <= self._frame_rows and oldest >= newest - kept_ms:
                break
            forgotten = self._frames.pop(oldest)
            self._meetings.forget(self._frames, forgotten)
            self._contests.forget(forgotten)
            self._rows -= len(forgotten) - 1
        if self._apart is not None:
            self._apart._evict(newest)


def _name_closed(later: dict[int, Frame], between: Sequence[Frame], flow: str, end: int) -> None:
    """Name an end that closed in the first of some windows in the last one, if the other end is still open there.

    What was at the end in the first window, or has opened there since, may be the one: the name is common to them.
    """
    then, *since_then = between
    now = since_then[-1]
    # What has just opened may be the next connection on the same pair of ports. An older one is not.
    opened_by = then.window - (then.width if now.window - then.window > LASTS * then.width else 0)
    sights = connections(now, flow, 1 - end)
    lasting = [key for key, row in sights if any(0 < since <= opened_by for since, _, _ in now.sights(row))]
    if not lasting:
        return
    there = [then.identity(row) for _, row in connections(then, flow, end)]
    there += [frame.identity(row) for frame in since_then for _, row in connections(frame, flow, end, OPENED)]
    identity = common(there)
    if identity and (identity[_NODE] or identity[_SERVICE]):
        for key in lasting:
            later.setdefault(now.window, Frame(now.window, now.width)).name(key, end, identity)


def _batch(frame: Frame, keys: Collection[Key]) -> EdgeBatch:
    gathered = frame.edges(keys)
    used = sorted({*gathered.a["who"], *gathered.b["who"]} - {0})
    numbers = {old: new for new, old in enumerate(used, start=1)} | {0: 0}
    for end in (gathered.a, gathered.b):
        end["who"] = [numbers[old] for old in end["who"]]
    return EdgeBatch(identities=Identities.of(frame.identities[old] for old in used), **gathered.columns())
