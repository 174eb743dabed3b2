"""`nodes`: what there is, found by a part of its name."""

from typing import Annotated

from msgspec import Meta

from answers.asked import Text
from answers.map import OfPart
from answers.mapped import mapped
from answers.question import Answered, Question
from graph.asking import Store
from graph.labels import labels
from graph.model import Node
from graph.questions.finding import called


class NodesAsked(OfPart, frozen=True, kw_only=True, rename={"everything": "all"}):
    """Nodes of a map."""

    name: Annotated[Text, Meta(description="Only nodes that have this in a name or in their id.")] = ""
    everything: Annotated[bool, Meta(description="Add processes without connections.")] = False


class NodesAnswer(Answered, kw_only=True):
    """Nodes, by id."""

    nodes: list[Node]


def _answer(store: Store, asked: NodesAsked, now: int) -> NodesAnswer:
    of = mapped(store, asked, asked.wanted(everything=asked.everything), now)
    part = asked.name.casefold()
    names = called(of.found, labels(of.found))
    matching = {node for name, nodes in names.items() if part in name.casefold() for node in nodes}
    return NodesAnswer(**of.about(), nodes=[node for node in of.found.nodes if node.id in matching])


NODES = Question(
    "nodes",
    "What there is: services, hosts, processes and all other nodes, found by a part of their name.",
    NodesAsked,
    NodesAnswer,
    _answer,
    rows="nodes",
)
