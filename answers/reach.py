"""`impact` and `deps`: who depends on a node, and what it depends on."""

from collections.abc import Callable
from typing import Annotated

from msgspec import Meta, Struct

from answers.asked import Drawing, Named
from answers.drawn import ArrowFields, Drawn, drawn
from answers.question import Answered, Question
from graph.asking import Store
from graph.questions.reach import Reached, dependencies, dependents


class ReachAsked(Drawing, frozen=True, kw_only=True):
    """A node, and how far from it."""

    node: Named
    depth: Annotated[int, Meta(ge=1, le=1_000, description="Only nodes within so many arrows.")] | None = None


class ReachedFields(Struct, kw_only=True):
    """A node that is reached after `depth` arrows. `arrows` connect it with nodes that are one nearer."""

    node: str
    title: str
    label: str
    depth: int
    arrows: list[ArrowFields]


class ReachAnswer(Answered, kw_only=True):
    """What is reached from a node, the nearest first."""

    node: str
    label: str
    nodes: list[ReachedFields]


def _answer(store: Store, asked: ReachAsked, now: int, find: Callable[..., list[Reached]], nothing: str) -> ReachAnswer:
    on = drawn(store, asked, now)
    node = on.node(asked.node)
    found = [_fields(on, one) for one in find(on.wiring, node, asked.depth)]
    label = on.labels[node]
    note = f"{len(found)} nodes" if found else nothing.format(label)
    return ReachAnswer(**on.about(f"{note}, in the {on.of.title}"), node=node, label=label, nodes=found)


def _fields(on: Drawn, one: Reached) -> ReachedFields:
    return ReachedFields(
        node=one.node,
        title=on.nodes[one.node].title,
        label=on.labels[one.node],
        depth=one.depth,
        arrows=[on.arrow(arrow) for arrow in one.arrows],
    )


IMPACT = Question(
    "impact",
    "Who would notice if a node were gone: its clients, their clients, and so on, with what they sent.",
    ReachAsked,
    ReachAnswer,
    lambda store, asked, now: _answer(store, asked, now, dependents, "nothing depends on {}"),
    rows="nodes",
)
DEPS = Question(
    "deps",
    "What a node depends on: its servers, their servers, and so on, with what it sent.",
    ReachAsked,
    ReachAnswer,
    lambda store, asked, now: _answer(store, asked, now, dependencies, "{} depends on nothing"),
    rows="nodes",
)
