"""`diff`: what appeared, vanished or changed between two times."""

from typing import Annotated

from msgspec import Meta, Struct, structs

from answers.asked import WRITTEN, Moment, OfMap
from answers.faults import BadRequest, NotThere
from answers.question import Answered, Question
from answers.times import end_of_records, outside
from graph.asking import Store
from graph.culprit.measures import MEASURES
from graph.differing.reading import Differs, read_difference
from graph.differing.stretches import Range
from graph.differing.words import carried, changed, label
from graph.model import iso_ms
from graph.questions.difference import EdgeDifference, Kind, NodeDifference
from graph.questions.variation import Change
from graph.reading import stored
from graph.recorded import windows_since
from graph.statement import map_statement
from schemas.times import MINUTE_MS, iso

LENGTH_MS = 10 * MINUTE_MS  # of a time of which only the end is given
DAYS = 400


class DiffAsked(OfMap, frozen=True, kw_only=True):
    """Two times: a range, up to the present unless it has an end, and an earlier one."""

    then_at: Annotated[Moment, Meta(description=f"End of the earlier range: {WRITTEN}.")]
    then_since: Annotated[Moment | None, Meta(description="Its start; without one both are equally long.")] = None
    seconds: Annotated[
        int, Meta(ge=1, le=DAYS * 86_400, description="How long a range without a start is; 600 without this.")
    ] | None = None  # fmt: skip


class Happened(Struct, kw_only=True):
    """What happened to a node, that may explain a difference."""

    time: str
    node: str
    text: str


class Measure(Struct, kw_only=True):
    """A measure then and now. `usual` is its median before, and `out` how far it went, in its usual spread."""

    measure: str
    unit: str
    before: float
    after: float
    usual: float | None
    out: float
    text: str


class NodeDiffers(Struct, kw_only=True):
    """A node that differs."""

    id: str
    title: str
    change: Kind
    because: list[Happened]


class EdgeDiffers(Struct, kw_only=True):
    """An edge that differs, its `label`, and in words what it `carried` where it was not there at both times.

    One that `comes_and_goes` was away, or there, at other times before too. What is unseen had no agent at one of both
    times, on the hosts that are its `agents`; it may stand `instead` of an edge that is known by its name then.
    """

    client: str
    server: str
    client_title: str
    server_title: str
    label: str
    transport: str
    server_port: int
    change: Kind
    comes_and_goes: bool
    measures: list[Measure]
    carried: str
    agents: list[str]
    instead: str
    because: list[Happened]


class DiffAnswer(Answered, kw_only=True):
    """All nodes and edges that differ. The earlier range is that from `then_from` to `then_to`.

    Further edges, `left_out`, were too many to be looked at closer.
    """

    then_from: str
    then_to: str
    nodes: list[NodeDiffers]
    edges: list[EdgeDiffers]
    left_out: int


def _answer(store: Store, asked: DiffAsked, now: int) -> DiffAnswer:
    asked.check()
    present = end_of_records(store)
    if asked.at is None and asked.then_at >= present:
        raise NotThere(outside(asked.then_at, asked.then_at, stored(store, present - 1, present).begin, present))
    notes: list[str] = []
    before, after = (_stored(store, one, present, notes) for one in _ranges(asked, min(present, now)))
    found = read_difference(store, asked.level, before, after)
    return DiffAnswer(
        start=iso_ms(after.start),
        end=iso_ms(after.end),
        level=asked.level,
        notes=notes,
        sql=map_statement(asked.level, after.start, after.end),
        then_from=iso_ms(before.start),
        then_to=iso_ms(before.end),
        nodes=[
            NodeDiffers(id=one.node, title=found.titles[one.node], change=one.kind, because=_because(one))
            for one in found.difference.nodes
        ],
        edges=[_edge(one, found) for one in found.difference.edges],
        left_out=found.left_out,
    )


def _ranges(asked: DiffAsked, present: int) -> tuple[Range, Range]:
    """Return the ranges then and now; BadRequest where they are not one after the other."""
    end = asked.at if asked.at is not None else present
    given = asked.then_at - asked.then_since if asked.then_since is not None else 0
    seconds = asked.seconds or 0
    length = seconds * 1000 or min(given or LENGTH_MS, max(end - asked.then_at, MINUTE_MS))
    after = Range(asked.since if asked.since is not None else end - length, end)
    length = seconds * 1000 or (after.length if asked.since is not None else length)
    before = Range(asked.then_since if asked.then_since is not None else asked.then_at - length, asked.then_at)
    if before.length <= 0:
        raise BadRequest("then_since: the earlier time ends before it begins")
    if before.start >= after.start:
        raise BadRequest("the first time is not before the second: give the earlier one first")
    if before.end >= after.start + MINUTE_MS:
        raise BadRequest("the two times overlap: give shorter ones, or one after the other")
    return Range(before.start, min(before.end, after.start)), after  # long ranges are read from whole minutes on


def _stored(store: Store, one: Range, present: int, notes: list[str]) -> Range:
    """Return the part of a range of which anything may be stored; NotThere without any."""
    span = stored(store, *one)
    if one.start >= present or one.end <= span.begin:
        raise NotThere(outside(*one, span.begin, present))
    if not span.covers:
        raise NotThere(f"nothing was recorded from {iso(one.start)} to {iso(one.end)}: no agent ran")
    if one.start < span.begin:
        notes.append(f"the stored data begin at {iso(span.begin)}")
    return Range(max(one.start, span.begin), one.end).readable(present, windows_since(store))


def _edge(one: EdgeDifference, of: Differs) -> EdgeDiffers:
    transport, _, port = one.edge.port.partition("/")
    return EdgeDiffers(
        client=one.edge.client,
        server=one.edge.server,
        client_title=of.titles[one.edge.client],
        server_title=of.titles[one.edge.server],
        label=label(one.edge, of.titles),
        transport=transport,
        server_port=int(port),
        change=one.kind,
        comes_and_goes=one.comes_and_goes,
        measures=list(map(_measure, one.measures)),
        carried=carried(one) if one.kind != "changed" else "",
        agents=[of.titles.get(f"host:{host}", host) for host in one.agents],
        instead=one.instead,
        because=_because(one),
    )


def _measure(one: Change) -> Measure:
    return Measure(
        measure=one.measure,
        unit=MEASURES[one.measure].unit,
        before=one.before,
        after=one.after,
        usual=one.usual,
        out=one.out,
        text=changed(one),
    )


def _because(one: EdgeDifference | NodeDifference) -> list[Happened]:
    return [Happened(time=iso_ms(each.time), node=each.node, text=each.text) for each in one.because]


def _fit(page: DiffAnswer) -> DiffAnswer:
    """Keep the nodes that are ends of edges of the page."""
    ends = {end for edge in page.edges for end in (edge.client, edge.server)}
    return structs.replace(page, nodes=[node for node in page.nodes if node.id in ends])


DIFF = Question(
    "diff",
    "What appeared, vanished or changed beyond the usual between two times, and what may explain it.",
    DiffAsked,
    DiffAnswer,
    _answer,
    rows="edges",
    fit=_fit,
)
