"""`policy`: the firewall rules that what was seen of some nodes implies."""

from collections.abc import Collection
from typing import Annotated, Any, Literal, NamedTuple

from msgspec import Meta, structs

from answers.asked import Drawing, OfMap, Text
from answers.drawn import Drawn, drawn
from answers.faults import BadRequest, NotThere
from answers.question import Answered, Question
from graph.asking import Store
from graph.model import ms_of
from graph.overlays import parse_wish
from graph.peers import PeersRow, peers
from graph.questions.policy import DIRECTIONS, Rule, by_edge, connected, implied
from schemas.matching import some
from schemas.text import shown


class PolicyAsked(OfMap, frozen=True, kw_only=True):
    """A node, or all nodes with an annotation; and which rules."""

    node: Annotated[Text, Meta(description="A node: its name on the map, or its id.")] = ""
    overlay: Annotated[Text, Meta(description="Instead of a node, all with this annotation: criticality=high.")] = ""
    only: Annotated[
        Literal["in", "out", ""], Meta(description="Only rules about what comes in, or what goes out.")
    ] = ""  # fmt: skip

    def check(self) -> None:
        """Refuse what names no nodes, or names them twice."""
        super().check()
        if bool(self.node) == bool(self.overlay):
            raise BadRequest("say which nodes: a node, or an overlay")


class NamedRule(Rule, frozen=True, kw_only=True):
    """A rule, with what people are shown of its nodes."""

    node_label: str
    peer_label: str


class PolicyAnswer(Answered, kw_only=True):
    """The rules, by node and direction. Nothing is applied anywhere."""

    rules: list[NamedRule]


class Policy(NamedTuple):
    """The rules of some nodes of a map, and sentences about them."""

    on: Drawn
    rules: list[NamedRule]
    notes: list[str]


def policy(store: Store, asked: PolicyAsked, now: int) -> Policy:
    """Return the rules that would allow what was seen."""
    asked.check()
    on = drawn(store, Drawing(since=asked.since, at=asked.at, level=asked.level), now)
    nodes = _annotated(on, asked.overlay) if asked.overlay else {on.node(asked.node)}
    times = {"from": ms_of(on.of.found.start), "to": ms_of(on.of.found.end)}
    seen = by_edge(store.rows(PeersRow, peers(asked.level), times))
    rules = implied(on.of.found, nodes, seen, [asked.only] if asked.only else DIRECTIONS)
    notes = [f"{len(rules)} rules, from the {on.of.title}", *_failed(on, nodes)]
    return Policy(on, [_named(on, rule) for rule in rules], notes)


def _answer(store: Store, asked: PolicyAsked, now: int) -> PolicyAnswer:
    found = policy(store, asked, now)
    return PolicyAnswer(**found.on.about(*found.notes), rules=found.rules)


def _annotated(on: Drawn, overlay: str) -> set[str]:
    wish = parse_wish(overlay)
    found = {node.id for node in on.of.found.nodes if wish.granted(node.annotations)}
    if not found:
        raise NotThere(
            f"no node of the {on.of.title} has the annotation {shown(overlay)}: see `servicemap overlay show`"
        )
    return found


def _failed(on: Drawn, nodes: Collection[str]) -> list[str]:
    """Say what is not allowed though it was tried."""
    ends = [
        f"{on.labels[edge.client]} → {on.labels[edge.server]} ({edge.port})"
        for edge in on.of.found.edges
        if not connected(edge) and (edge.client in nodes or edge.server in nodes)
    ]
    return [f"not allowed, for it never became a connection: {some(ends)}"] if ends else []


def _named(on: Drawn, rule: Rule) -> NamedRule:
    labels: dict[str, Any] = {"node_label": on.labels[rule.node], "peer_label": on.labels.get(rule.peer, "")}
    return NamedRule(**structs.asdict(rule), **labels)


POLICY = Question(
    "policy",
    "The firewall rules that would allow what was seen of a node: who connects to it, and where it connects to.",
    PolicyAsked,
    PolicyAnswer,
    _answer,
    rows="rules",
)
