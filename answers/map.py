"""`map`: who talks to whom."""

from typing import Annotated

from msgspec import Meta, structs

from answers.asked import Matching, OfMap, Text, check_filter
from answers.fields import EdgeFields
from answers.mapped import mapped
from answers.question import Answered, Question
from graph.asking import Store
from graph.model import Node, Wanted


class OfPart(OfMap, frozen=True, kw_only=True):
    """The map, or a part of it."""

    service: Annotated[Text, Meta(description="Only what has to do with this service.")] = ""
    host: Annotated[Text, Meta(description="Only what has to do with this host: its name or id.")] = ""
    overlay: Annotated[Text, Meta(description="Only what has this annotation: owner.team=payments.")] = ""
    filter: Matching = ""

    def wanted(self, *, everything: bool = False) -> Wanted:
        """Return which map to read; its times come with the range."""
        self.check()
        check_filter(self.filter)
        return Wanted(
            start=0,
            end=0,
            level=self.level,
            service=self.service,
            host=self.host,
            overlay=self.overlay,
            filter=self.filter,
            everything=everything,
        )


class MapAsked(OfPart, frozen=True, kw_only=True):
    """The edges of a map."""


class MapAnswer(Answered, kw_only=True):
    """Edges, and the nodes at their ends."""

    nodes: list[Node]
    edges: list[EdgeFields]


def _answer(store: Store, asked: MapAsked, now: int) -> MapAnswer:
    of = mapped(store, asked, asked.wanted(), now)
    return MapAnswer(**of.about(), nodes=of.found.nodes, edges=[edge.as_fields() for edge in of.found.edges])


def _fit(page: MapAnswer) -> MapAnswer:
    """Keep the nodes that are ends of edges of the page."""
    ends = {edge[end] for edge in page.edges for end in ("client", "server")}
    return structs.replace(page, nodes=[node for node in page.nodes if node.id in ends])


MAP = Question(
    "map",
    "Who talks to whom: edges with what they carried, whether they are healthy and why not, and their nodes.",
    MapAsked,
    MapAnswer,
    _answer,
    rows="edges",
    fit=_fit,
)
