"""`order`: in which order nodes can be started or stopped, each step with its reason."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from answers.asked import Drawing
from answers.drawn import ArrowFields, Drawn, drawn
from answers.question import Answered, Question
from graph.asking import Store
from graph.questions.order import Step, start_order, stop_order
from schemas.matching import some
from schemas.text import shown

What = Literal["start", "stop"]


class OrderAsked(Drawing, frozen=True, kw_only=True):
    """Whether nodes are to be started or stopped."""

    what: Annotated[What, Meta(description="start: servers before their clients; stop: clients before their servers.")]


class StepNode(Struct, kw_only=True):
    """A node of a step."""

    id: str
    title: str
    label: str


class StepFields(Struct, kw_only=True):
    """Nodes of one step: one, or several that need each other.

    All steps of a wave can go at once, when the wave before is done. `because` are the arrows to or from nodes of
    earlier waves, and `breaks` those without which nodes that need each other had an order.
    """

    wave: int
    nodes: list[StepNode]
    reason: str
    because: list[ArrowFields]
    breaks: list[ArrowFields]


class OrderAnswer(Answered, kw_only=True):
    """The steps, wave by wave."""

    waves: int
    steps: list[StepFields]


def _answer(store: Store, asked: OrderAsked, now: int) -> OrderAnswer:
    on = drawn(store, asked, now)
    waves = (start_order if asked.what == "start" else stop_order)(on.wiring)
    steps = [_fields(on, number, step, asked.what) for number, wave in enumerate(waves, 1) for step in wave]
    title = f"{asked.what} {len(steps)} steps in {len(waves)} waves, by the {on.of.title}"
    return OrderAnswer(**on.about(title), waves=len(waves), steps=steps)


def _fields(on: Drawn, wave: int, step: Step, what: What) -> StepFields:
    return StepFields(
        wave=wave,
        nodes=[StepNode(id=node, title=on.nodes[node].title, label=on.labels[node]) for node in step.nodes],
        reason=_reason(on, step, what),
        because=[on.arrow(one) for one in step.because],
        breaks=[on.arrow(one) for one in step.breaks],
    )


def _reason(on: Drawn, step: Step, what: What) -> str:
    """Return why a step stands where it does, as a sentence."""
    others = dict.fromkeys(on.labels[arrow.server if what == "start" else arrow.client] for arrow in step.because)
    parts = []
    if others:
        parts.append(f"needs {some(list(others))}" if what == "start" else f"is needed by {some(list(others))}")
    elif len(step.nodes) == 1:
        parts.append("needs nothing" if what == "start" else "nobody needs it")
    if len(step.nodes) > 1:
        ends = [
            f"{on.labels[one.client]} → {on.labels[one.server]} ({', '.join(map(shown, one.ports))})"
            for one in step.breaks
        ]
        parts.append(f"they need each other; they had an order without {some(ends)}")
    return "; ".join(parts)


ORDER = Question(
    "order",
    "In which waves nodes can be started or stopped, each step with its reason.",
    OrderAsked,
    OrderAnswer,
    _answer,
    rows="steps",
)
