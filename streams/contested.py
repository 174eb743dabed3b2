"""Keep connections of one flow apart that are of two private networks with equal addresses.

Such a flow is contested: two hosts report the same end of it, from two network stacks and on two known cables, in
windows that may meet. Its rows are mixtures. They are marked, so that readers leave them out, and its sides are paired
again under other flows:

* that of their cable, if they name one. Both ends of a connection know the hardware addresses of its cable.
* else one of their own. The other end stays an address, and the connection counts at its client alone.

Marks only add to rows, and what is contested depends on the sides that were reported, not on their order. A flow that
is not contested is paired as it is, whatever its sides know of cables.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import compress, count
from operator import not_
from typing import Any

from msgspec import Struct, field

from schemas.graph import CONTESTED, Ends, Identities, SideBatch, Sides, bit
from schemas.ids import format_endpoint, parse_flow
from streams.frame import CLOSED, OPENED, Frame, Key, flow_of, picked
from streams.several import HOST, Half, Report, Row, Several, key_of

SEVERAL = "several"  # in place of a stack
_SIGHT = ("since", "fresh", "who")
Frames = Mapping[int, Frame]


class Taken(Struct):
    """What a batch contests: the keys of each window, their sides under other flows, and marks of those."""

    keys: dict[int, set[Key]] = field(default_factory=dict)
    sides: dict[int, list[Row]] = field(default_factory=dict)
    marks: dict[int, Frame] = field(default_factory=dict)

    def batches(self, width: int) -> Iterator[SideBatch]:
        """Yield the sides under other flows, a batch for each window."""
        return (_batch(width, sides) for _, sides in sorted(self.sides.items()))


class Contests:
    """Finds the contested flows. Of any other it knows which stack each end is of."""

    def __init__(self) -> None:
        self._stacks: tuple[dict[str, str], dict[str, str]] = ({}, {})  # of each end, by flow
        self._newest: dict[str, int] = {}  # the newest window of each flow
        self._latest = 0  # the newest of all
        self._several: dict[str, Several] = {}

    def take(self, frames: Frames, frame: Frame, batch: SideBatch, rows: Sequence[int]) -> Taken:
        """Take sides of a window before its frame does. What they contest is marked in the frames."""
        taken = Taken()
        self._suspect(frames, batch, rows)
        self._keep(frame.window, batch.sides.flow, rows)
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
                self._pair_again(taken, frames[at], several.sides.pop(at, []))
            if frame.window in several.apart:
                self._pair_again(taken, frame, some)
            else:
                several.sides.setdefault(frame.window, []).extend(some)
            for half in several.met(frame, added):
                marks = taken.marks.setdefault(half.window, Frame(half.window, frame.width))
                marks.elsewhere[half.key] = bit(half.end, OPENED) | bit(half.end, CLOSED)
        return taken

    def forget(self, forgotten: Frame) -> None:
        """Forget the oldest window, which is no longer among the frames."""
        window = forgotten.window
        flows = set(map(flow_of, forgotten.at[0].keys() | forgotten.at[1].keys()))
        for flow in flows & self._several.keys():
            several = self._several[flow]
            for held in (several.reports, several.sides, several.numbered, several.halves):
                held.pop(window, None)
            for windows in (several.events, several.contested, several.apart):
                windows.discard(window)
            if not several.reports:
                del self._several[flow]
        for flow in flows:
            if self._newest.get(flow, window) <= window:
                self._newest.pop(flow, None)
                for stacks in self._stacks:
                    stacks.pop(flow, None)

    def _suspect(self, frames: Frames, batch: SideBatch, rows: Sequence[int]) -> None:
        """Look closer at flows of which an end has been reported from another stack."""
        sides = batch.sides
        flows, ends, stacks = (picked(column, rows) for column in (sides.flow, sides.end, sides.stack))
        for known, mine in zip(self._stacks, (list(map(not_, ends)), ends), strict=True):
            flows_here, stacks_here = list(compress(flows, mine)), list(compress(stacks, mine))
            if list(map(known.get, flows_here)) == stacks_here:  # as nearly always
                continue
            seen = zip(flows_here, stacks_here, strict=True)
            for flow in [flow for flow, stack in seen if known.setdefault(flow, stack) != stack]:
                known[flow] = SEVERAL
                if flow not in self._several:
                    self._several[flow] = _reported(frames, flow)

    def _keep(self, window: int, flows: list[str], rows: Sequence[int]) -> None:
        """Keep the stacks of flows until a window is forgotten."""
        mine, newest = picked(flows, rows), self._newest
        if window < self._latest:
            mine = [flow for flow in mine if newest.get(flow, window) <= window]
        newest.update(dict.fromkeys(mine, window))
        self._latest = max(self._latest, window)

    def _pair_again(self, taken: Taken, frame: Frame, sides: list[Row]) -> None:
        if not sides:
            return
        several = self._several[sides[0]["flow"]]
        for side in sides:
            key = key_of(side)
            taken.keys.setdefault(frame.window, set()).add(key)
            frame.elsewhere[key] = frame.elsewhere.get(key, 0) | CONTESTED
            side["flow"] = _flow(side)
            several.numbers(frame.window, side).add(side["nth"])
        for side in sides:
            side["nth"] = sorted(several.numbers(frame.window, side)).index(side["nth"])
            if not side["link"]:
                several.halves.setdefault(frame.window, set()).add(Half(frame.window, key_of(side), side["end"]))
        taken.sides.setdefault(frame.window, []).extend(sides)


def _flow(side: Row) -> str:
    """Return the flow under which a contested side is paired: that of its cable, else its own."""
    transport, *ends = parse_flow(side["flow"])
    scope = f"/{side['link']}" if side["link"] else f"{side['whose'][HOST]}/~{side['end']}"
    return " ".join((transport, *(format_endpoint(end._replace(scope=scope)) for end in ends)))


def _reported(frames: Frames, flow: str) -> Several:
    several = Several()
    for window, frame in frames.items():
        sides = list(_of_frame(frame, flow))
        if sides:
            several.sides[window] = sides
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
    """Yield the sides of a flow, one for each sight. One stack reported each end, or none that is known."""
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
