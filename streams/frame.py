"""The sides of one window in growing columns. Each end of a flow is a row; two rows are gathered into an edge."""

from collections.abc import Collection, Sequence
from itertools import compress, repeat
from operator import itemgetter, not_
from typing import Any

from schemas.columns import blanks
from schemas.graph import Edges, Ends, Identities, SideBatch
from schemas.merge import joined, merge, merges

Key = str | tuple[str, int]  # the flow, with a number if the window has several connections of it
OPENED, CLOSED = "opened", "closed"
SKEW_MS = 30_000  # the most that the clocks of two hosts may be apart
MERGES = merges(Ends)
COUNTS = tuple(name for name in MERGES if name != "who")
NOBODY: tuple[Any, ...] = tuple(blanks(Identities).values())
BLANK = blanks(Ends)
BACKDATE_MS = 10_000  # an end is emitted for earlier windows during this time after it was first seen
SIGHTS = 8  # the most sights of an end that are kept: an agent is not restarted more often within a window
Sight = tuple[int, bool, int]  # of an end: since, fresh, number of the identity


class Frame:
    """The ends that were seen in one window. Row 0 of every column is blank, for an end that was not seen."""

    def __init__(self, window: int, width: int) -> None:
        self.window = window
        self.width = width
        self.at: tuple[dict[Key, int], dict[Key, int]] = ({}, {})  # end a, end b: flow -> row
        self.columns: dict[str, list[Any]] = {name: [value] for name, value in BLANK.items()}
        self.filled = {"who"}  # the columns that hold anything but blanks: many counters stay 0
        self.verdicts: list[int] = [0]
        self.stacks: list[str] = [""]
        self.links: list[str] = [""]
        self.identities: list[tuple[Any, ...]] = [NOBODY]
        self._numbers: dict[tuple[Any, ...], int] = {NOBODY: 0}
        self.begun: set[Key] = set()  # flows with an end that was already open when its agent started
        self.elsewhere: dict[Key, int] = {}  # bits: what the other end saw in another window
        self.saw: dict[tuple[int, str], set[str]] = {(end, what): set() for end in (0, 1) for what in (OPENED, CLOSED)}
        self.news: dict[tuple[int, str], set[str]] = {}  # the same as `saw`, of the last batch alone
        self.continued: list[tuple[Key, int]] = []  # of the last batch: key and end of what opened recently
        self._joined: dict[int, list[Sight]] = {}  # row -> how the end was seen before it was merged

    def __len__(self) -> int:
        return len(self.verdicts)

    @property
    def apart(self) -> int:
        """The most ms by which two windows of the same event may differ: the skew of clocks and a window."""
        return SKEW_MS + self.width

    def add(self, batch: SideBatch, rows: Sequence[int]) -> dict[Key, None]:
        """Take a batch's sides (those in `rows`); return the flows they belong to."""
        sides = batch.sides
        flow, nth, end, decided = (picked(c, rows) for c in (sides.flow, sides.nth, sides.end, sides.verdict))
        keys: list[Key] = [(f, n) if n else f for f, n in zip(flow, nth, strict=True)] if any(nth) else list(flow)
        base = len(self.verdicts)
        self.verdicts += decided
        self.stacks += picked(sides.stack, rows)
        self.links += picked(sides.link, rows)
        self._extend(batch, rows)
        self._note(keys, end, base)
        rows_of = range(base, base + len(keys))
        for held, mine in zip(self.at, (list(map(not_, end)), end), strict=True):
            new = dict(zip(compress(keys, mine), compress(rows_of, mine), strict=True))
            for key in held.keys() & new.keys():
                self._join(held[key], new[key])
            held.update(new)
        return dict.fromkeys(keys)

    def name(self, key: Key, end: int, identity: tuple[Any, ...]) -> None:
        """Add an end of which only the identity is known."""
        row = len(self.verdicts)
        self.verdicts.append(0)
        self.stacks.append("")
        self.links.append("")
        for name, value in {**BLANK, "who": self.number(identity)}.items():
            self.columns[name].append(value)
        if key in self.at[end]:
            self._join(self.at[end][key], row)
        self.at[end][key] = row

    def keys(self) -> set[Key]:
        """Return the connections of which anything is known."""
        return self.at[0].keys() | self.at[1].keys() | self.elsewhere.keys()

    def edges(self, keys: Collection[Key]) -> "EdgeColumns":
        """Gather both ends of the flows."""
        a, b = self.at
        return EdgeColumns(self, list(keys), list(map(a.get, keys, repeat(0))), list(map(b.get, keys, repeat(0))))

    def _note(self, keys: list[Key], ends: Sequence[int], base: int) -> None:
        since, opened, fresh = (self.columns[name][base:] for name in ("since", "opened", "fresh"))
        earliest, recent = self.window - BACKDATE_MS, self.window - self.apart
        latest = max(since, default=0)  # in most windows nearly all connections are older
        rows = range(len(keys))
        if latest >= earliest:
            self.begun.update([keys[row] for row in rows if since[row] >= earliest and not fresh[row]])
        for what in (OPENED, CLOSED):
            happened = list(compress(rows, self.columns[what][base:]))
            for end in (0, 1):
                flows = {flow_of(keys[row]) for row in happened if ends[row] == end}
                self.news[end, what] = flows
                self.saw[end, what] |= flows
        young = rows if latest >= recent else ()
        self.continued = [(keys[row], ends[row]) for row in young if since[row] >= recent and not opened[row]]

    def sights(self, row: int) -> list[Sight]:
        """Return how an end was seen, once for each time that it was reported."""
        return self._joined.get(row) or [self._sight(row)]

    def _sight(self, row: int) -> Sight:
        return self.columns["since"][row], self.columns["fresh"][row], self.columns["who"][row]

    def _extend(self, batch: SideBatch, rows: Sequence[int]) -> None:
        numbers = [self.number(identity) for identity in (NOBODY, *batch.identities.rows())]
        who = batch.ends.who
        if who and not 0 <= min(who) <= max(who) < len(numbers):
            who = [n if 0 <= n < len(numbers) else 0 for n in who]
        self.columns["who"] += [numbers[n] for n in picked(who, rows)]
        for name in COUNTS:
            values = picked(getattr(batch.ends, name), rows)
            self.columns[name] += values
            if name not in self.filled and any(values):
                self.filled.add(name)

    def identity(self, row: int) -> tuple[Any, ...]:
        """Return who is at an end."""
        number: int = self.columns["who"][row]
        return self.identities[number]

    def number(self, identity: tuple[Any, ...]) -> int:
        """Return the number of an identity in this frame."""
        number = self._numbers.setdefault(identity, len(self.identities))
        if number == len(self.identities):
            self.identities.append(identity)
        return number

    def _join(self, old: int, new: int) -> None:
        """Merge the earlier row of an end into its new row, by the merges that its columns declare."""
        self._joined[new] = sorted({*self.sights(old), self._sight(new)})[:SIGHTS]
        merged = merge(Identities, self.identity(old), self.identity(new))
        for name in COUNTS:
            column = self.columns[name]
            column[new] = joined(MERGES[name], column[old], column[new])
        self.columns["who"][new] = self.number(merged)
        self.verdicts[new] = max(self.verdicts[old], self.verdicts[new])
        self.stacks[new] = max(self.stacks[old], self.stacks[new])
        self.links[new] = max(self.links[old], self.links[new])


def flow_of(key: Key) -> str:
    """Return the flow of a key."""
    return key if isinstance(key, str) else key[0]


def flows_of(keys: list[Key]) -> list[Any]:
    """Return the flows of keys: the very list if all are flows, as nearly always."""
    return keys if {*map(type, keys)} <= {str} else list(map(flow_of, keys))


class EdgeColumns:
    """The rows of an edge batch, gathered from a frame."""

    def __init__(self, frame: Frame, keys: list[Key], a: list[int], b: list[int]) -> None:
        verdicts = frame.verdicts
        flows = flows_of(keys)
        self.edges: dict[str, list[Any]] = {
            "window": [frame.window] * len(flows),
            "flow": flows,
            "nth": [0] * len(flows) if flows is keys else [0 if isinstance(key, str) else key[1] for key in keys],
            "verdict": [verdicts[i] if verdicts[i] > verdicts[j] else verdicts[j] for i, j in zip(a, b, strict=True)],
            "width": [frame.width] * len(flows),
            "elsewhere": list(map(frame.elsewhere.get, keys, repeat(0))),
        }
        self.a = _gathered(frame, a)
        self.b = _gathered(frame, b)

    def columns(self) -> dict[str, Any]:
        """Return the columns of an EdgeBatch, without its identities."""
        return {"edges": Edges(**self.edges), "a": Ends(**self.a), "b": Ends(**self.b)}


def _gathered(frame: Frame, rows: list[int]) -> dict[str, list[Any]]:
    """Take rows out of a frame. This is most of the work of the fold; itemgetter takes all rows at once."""
    if len(rows) < 2 or not any(rows):
        return {name: [column[row] for row in rows[:1]] * len(rows) for name, column in frame.columns.items()}
    gather, filled = itemgetter(*rows), frame.filled
    return {
        name: list(gather(column)) if name in filled else column[:1] * len(rows)
        for name, column in frame.columns.items()
    }


def picked(column: list[Any], rows: Sequence[int]) -> list[Any]:
    """Return the values of some rows: the very column if these are all."""
    return column if len(rows) == len(column) else [column[row] for row in rows]
