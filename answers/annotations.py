"""`annotations`: what people say of nodes and edges: owners, how critical they are, and any overlay of their own."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from answers.asked import Moment, Text
from answers.question import Answered, Question
from graph.annotations import read_annotations
from graph.asking import Store
from graph.model import iso_ms


class AnnotationsAsked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Annotations that hold at a time."""

    overlay: Annotated[Text, Meta(description="Only those of this overlay.")] = ""
    at: Annotated[Moment | None, Meta(description="When they hold; by default now.")] = None


class AnnotationFields(Struct, kw_only=True, rename={"start": "from", "end": "to"}):
    """What is said of the nodes or edges that `target` selects; `to` "" is until further notice."""

    overlay: str
    target: str
    value: Any
    start: str
    end: str
    author: str


class AnnotationsAnswer(Answered, kw_only=True):
    """Annotations, by overlay and target."""

    annotations: list[AnnotationFields]


def _answer(store: Store, asked: AnnotationsAsked, now: int) -> AnnotationsAnswer:
    at = now if asked.at is None else asked.at
    said = [
        AnnotationFields(
            overlay=one.overlay,
            target=one.target,
            value=one.value,
            start=iso_ms(one.valid_from),
            end=iso_ms(one.valid_to) if one.valid_to else "",
            author=one.author,
        )
        for one in read_annotations(store)
        if one.holds(at) and asked.overlay in {"", one.overlay}
    ]
    said.sort(key=lambda one: (one.overlay, one.target, one.start))
    time = iso_ms(at)
    sql = "SELECT * FROM overlays ORDER BY overlay, target, valid_from"
    return AnnotationsAnswer(start=time, end=time, level="", notes=[], sql=sql, annotations=said)


ANNOTATIONS = Question(
    "annotations",
    "What people say of nodes and edges, and since when: owners, how critical they are, what they need.",
    AnnotationsAsked,
    AnnotationsAnswer,
    _answer,
    rows="annotations",
)
