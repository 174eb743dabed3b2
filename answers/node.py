"""`node`: a node, and all its edges."""

from typing import Annotated

from msgspec import Meta

from answers.asked import Drawing, Named, Text
from answers.drawn import drawn
from answers.fields import EdgeFields
from answers.question import Answered, Question
from graph.asking import Store
from graph.model import Node


class NodeAsked(Drawing, frozen=True, kw_only=True):
    """A node, and perhaps one at the other end of its edges."""

    node: Named
    peer: Annotated[Text, Meta(description="Only edges from or to this node.")] = ""


class NodeAnswer(Answered, kw_only=True):
    """A node, and its edges with all that was counted."""

    node: Node
    edges: list[EdgeFields]


def _answer(store: Store, asked: NodeAsked, now: int) -> NodeAnswer:
    on = drawn(store, asked, now)
    node = on.node(asked.node)
    both = {node, on.node(asked.peer)} if asked.peer else set()
    edges = [one for one in on.of.found.edges if node in (one.client, one.server)]
    between = [one.as_fields() for one in edges if not both or {one.client, one.server} == both]
    return NodeAnswer(**on.about(), node=on.nodes[node], edges=between)


NODE = Question(
    "node",
    "What is known of a node, and its edges with all that was counted; with `peer` those between two nodes.",
    NodeAsked,
    NodeAnswer,
    _answer,
    rows="edges",
)
