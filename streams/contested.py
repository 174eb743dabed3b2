"""Keep connections of one flow apart that are of two private networks with equal addresses.

Such a flow is contested: two hosts report the same end of it, from two network stacks, in windows that may meet. Its
rows are mixtures. They are marked, so that readers leave them out, and its sides are paired again under other flows:

* that of their cable, if they name one. Both ends of a connection know the hardware addresses of its cable.
* else one of their own. The other end stays an address, and the connection counts at its client alone.

Marks only add to rows, and what is contested depends on the sides that were reported, not on their order. A flow that
is not contested is paired as it is, whatever its sides know of cables.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, count, pairwise
from typing import Any, NamedTuple, Self

from msgspec import Struct, field

from schemas.graph import CONTESTED, Ends, Identities, SideBatch, Sides, bit
from schemas.ids import format_endpoint, parse_flow
from streams.frame import CLOSED, OPENED, Frame, Key, flow_of

SEVERAL = "several"  # in place of a stack
SPARE_FLOWS = 10_000  # that are remembered beyond those in frames
_HOST = Identities.__struct_fields__.index("host")
_SIGHT = ("since", "fresh", "who")
Frames = Mapping[int, Frame]
Row = dict[str, Any]  # a side, its columns by name, and `whose`, the identity


class Report(NamedTuple):
    """Who reported an end of a flow."""

    end: int
    host: str
    stack: str

    @classmethod
    def of(cls, side: Row) -> Self:
        """Return who reported a side."""
        return cls(side["end"], side["whose"][_HOST], side["stack"])

    def contests(self, other: "Report") -> bool:
        """Return whether the two cannot be one. Agents that share a host, or a renamed one, see one stack."""
        apart = self.host != other.host and self.stack != other.stack
        return apart and self.end == other.end and "" not in (self.stack, other.stack)


class Half(NamedTuple):
    """A side of which no cable is known: its window, the key that is its own, and its end."""

    window: int
    key: Key
    end: int


class Several(Struct):
    """What is known of a flow of which one end has been reported from several stacks."""

    reports: dict[int, set[Report]] = field(default_factory=dict)  # by window
    events: set[int] = field(default_factory=set)  # windows in which an end saw it open or close
    contested: set[int] = field(default_factory=set)  # windows
    apart: set[int] = field(default_factory=set)  # windows whose sides are paired again
    halves: set[Half] = field(default_factory=set)  # whose other end nobody has reported so far

    def contest(self, frame: Frame, sides: Iterable[Row]) -> set[int]:
        """Take the sides of a window; return the windows whose sides are to be paired again from now on."""
        reports = {Report.of(side) for side in sides}
        self.reports.setdefault(frame.window, set()).update(reports)
        if any(side[OPENED] or side[CLOSED] for side in sides):
            self.events.add(frame.window)
        before, around = self.apart.copy(), _around(frame, 2)
        for at in around:
            if any(one.contests(other) for other in self.reports.get(at, ()) for one in reports):
                self._contested(frame, {at, frame.window})
        if not self.contested.isdisjoint(around):
            self.apart.add(frame.window)
        for events in (sorted(self.events), sorted(self.events, reverse=True)):
            for at, following in pairwise(events):  # what may be one event is not taken apart
                if at in self.apart and abs(following - at) <= frame.apart:
                    self.apart.add(following)
        return self.apart - before

    def _contested(self, frame: Frame, windows: set[int]) -> None:
        for window in windows - self.contested:
            self.contested.add(window)
            self.apart |= self.reports.keys() & set(_around(frame, 2, window))

    def met(self, frame: Frame, windows: set[int]) -> Iterator[Half]:
        """Take out the halves of these windows, and of those near a frame, of which the other end has been reported."""
        windows = windows.union(_around(frame))
        for half in sorted((half for half in self.halves if half.window in windows), key=str):
            near = (self.reports.get(at, ()) for at in _around(frame, 1, half.window))
            if any(report.end != half.end for report in chain.from_iterable(near)):
                self.halves.discard(half)
                yield half


def _around(frame: Frame, times: int = 1, window: int | None = None) -> range:
    """Return the windows in which the same may be seen as in that of a frame, or in another; twice as far, all that
    may be named after it.
    """
    at, reach = frame.window if window is None else window, times * frame.apart
    return range(at - reach, at + reach + 1, frame.width)


class Taken(Struct):
    """What a batch contests: the keys of each window, their sides under other flows, and marks of those."""

    keys: dict[int, set[Key]] = field(default_factory=dict)
    sides: list[SideBatch] = field(default_factory=list)
    marks: dict[int, Frame] = field(default_factory=dict)


class Contests:
    """Finds the contested flows. Of any other it knows which stack each end is of."""

    def __init__(self) -> None:
        self._stacks: tuple[dict[str, str], dict[str, str]] = ({}, {})  # of each end, by flow
        self._several: dict[str, Several] = {}

    def take(self, frames: Frames, frame: Frame, batch: SideBatch, rows: Sequence[int]) -> Taken:
        """Take sides of a window before its frame does. What they contest is marked in the frames."""
        taken = Taken()
        self._suspect(frames, batch, rows)
        mine = [row for row in rows if batch.sides.flow[row] in self._several] if self._several else []
        if not mine:
            return taken
        sides = list(_of_batch(batch, mine))
        of_flow: dict[str, list[Row]] = {}
        for side in sides:
            of_flow.setdefault(side["flow"], []).append(side)
        for flow, some in of_flow.items():
            several = self._several[flow]
            added = several.contest(frame, some)
            for at in sorted(added & frames.keys()):
                self._pair_again(taken, frames[at], list(_of_frame(frames[at], flow)))
            if frame.window in several.apart:
                self._pair_again(taken, frame, some)
            for half in several.met(frame, added):
                marks = taken.marks.setdefault(half.window, Frame(half.window, frame.width))
                marks.elsewhere[half.key] = bit(half.end, OPENED) | bit(half.end, CLOSED)
        return taken

    def forget(self, frames: Frames, window: int) -> None:
        """Forget a window that is no longer among the frames."""
        for flow, several in list(self._several.items()):
            several.reports.pop(window, None)
            for windows in (several.events, several.contested, several.apart):
                windows.discard(window)
            several.halves = {half for half in several.halves if half.window != window}
            if not several.reports:
                del self._several[flow]
        for end, stacks in enumerate(self._stacks):
            if len(stacks) > SPARE_FLOWS + 2 * sum(len(frame.at[end]) for frame in frames.values()):
                here = {flow_of(key) for frame in frames.values() for key in frame.at[end]}
                for flow in stacks.keys() - here:
                    del stacks[flow]

    def _suspect(self, frames: Frames, batch: SideBatch, rows: Sequence[int]) -> None:
        """Look closer at flows of which an end has been reported from another stack."""
        flows, stacks, ends = batch.sides.flow, batch.sides.stack, batch.sides.end
        for row in rows:
            if self._stacks[ends[row]].setdefault(flows[row], stacks[row]) != stacks[row]:
                self._stacks[ends[row]][flows[row]] = SEVERAL
                if flows[row] not in self._several:
                    self._several[flows[row]] = _reported(frames, flows[row])

    def _pair_again(self, taken: Taken, frame: Frame, sides: list[Row]) -> None:
        if not sides:
            return
        for side in sides:
            key: Key = (side["flow"], side["nth"]) if side["nth"] else side["flow"]
            taken.keys.setdefault(frame.window, set()).add(key)
            frame.elsewhere[key] = frame.elsewhere.get(key, 0) | CONTESTED
            several, side["flow"] = self._several[side["flow"]], _flow(side)
            if not side["link"]:
                again: Key = (side["flow"], side["nth"]) if side["nth"] else side["flow"]
                several.halves.add(Half(frame.window, again, side["end"]))
        taken.sides.append(_batch(frame.width, sides))


def _flow(side: Row) -> str:
    """Return the flow under which a contested side is paired: that of its cable, else its own."""
    transport, *ends = parse_flow(side["flow"])
    host = side["whose"][_HOST]
    if ends[0].scope:  # contested even so: two cables have the same hardware addresses
        side["link"] = ""
    scope = f"/{side['link']}" if side["link"] else f"{host}/~{side['end']}"
    return " ".join((transport, *(format_endpoint(end._replace(scope=scope)) for end in ends)))


def _reported(frames: Frames, flow: str) -> Several:
    several = Several()
    for window, frame in frames.items():
        sides = list(_of_frame(frame, flow))
        if sides:
            several.reports[window] = {Report.of(side) for side in sides}
            several.events |= {window for side in sides if side[OPENED] or side[CLOSED]}
    return several


def _of_batch(batch: SideBatch, rows: Sequence[int]) -> Iterator[Row]:
    whose = [next(Identities.blank(1).rows()), *batch.identities.rows()]
    columns = {name: getattr(of, name) for of in (batch.sides, batch.ends) for name in of.__struct_fields__}
    for row in rows:
        side = {name: column[row] for name, column in columns.items()}
        side["whose"] = whose[side["who"]] if 0 <= side["who"] < len(whose) else whose[0]
        yield side


def _of_frame(frame: Frame, flow: str) -> Iterator[Row]:
    """Yield the sides of a flow that is not contested yet, one for each sight."""
    for end, rows in enumerate(frame.at):
        for nth in count():
            row = rows.get((flow, nth) if nth else flow)
            if row is None:
                break
            side = {name: column[row] for name, column in frame.columns.items()}
            side |= {"window": frame.window, "flow": flow, "nth": nth, "end": end}
            side |= {"verdict": frame.verdicts[row], "link": frame.links[row], "stack": frame.stacks[row]}
            for sight in frame.sights(row):
                yield side | dict(zip(_SIGHT, sight, strict=True)) | {"whose": frame.identities[sight[-1]]}


def _batch(width: int, sides: Sequence[Row]) -> SideBatch:
    numbers: dict[tuple[Any, ...], int] = {}
    for side in sides:
        side["who"] = numbers.setdefault(side["whose"], len(numbers) + 1)
    return SideBatch(
        width=width,
        sides=Sides(**{name: [side[name] for side in sides] for name in Sides.__struct_fields__}),
        identities=Identities.of(numbers),
        ends=Ends(**{name: [side[name] for side in sides] for name in Ends.__struct_fields__}),
    )
