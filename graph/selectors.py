"""Selectors: which nodes or edges an annotation is about, as one text.

service:redis                              the node of this id
service=redis*,host=web1                   nodes that meet all conditions; * stands for any text
service=shop > service=db,port=5432        edges from such clients to such servers, at this port

A value in double quotes, as JSON writes it, is meant as it is: a star, a comma or an arrow in it means nothing.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from graph.levels import LEVELS
from graph.model import Edge, Node
from graph.node_texts import NODE_TEXTS, Labels, Texts, labelled
from schemas.matching import unknown
from schemas.text import shown

LONGEST = 1_000  # characters
LABEL = "label."
_ARROW = ">"
_TERM = re.compile(r'\s*([\w.:/-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^,">]*)\s*')
_ID = rf"(?:{'|'.join(LEVELS)}):[^\s>]+"
_WHOLE = re.compile(rf"(?:(?P<id>{_ID})|\*)\s*(?=>|\Z)")
_PORT = "port"


class BadSelector(ValueError):
    """A text that selects nothing, with the reason and the remedy as one sentence."""


class Condition(NamedTuple):
    """A field of a node and its value; with `stars`, a star in that stands for any text."""

    field: str
    value: str
    stars: bool

    def meets(self, texts: Sequence[str]) -> bool:
        """Return whether one of some texts is the value. Nothing is not a value: service=* asks for any service."""
        if not self.stars:
            return self.value in texts
        return any(text and like(self.value, text) for text in texts)

    def __str__(self) -> str:
        plain = re.fullmatch(r'[^,">\s]+', self.value) and ("*" not in self.value or self.stars)
        return f"{self.field}={self.value if plain else msgspec.json.encode(self.value).decode()}"


class Selector(NamedTuple):
    """The conditions of a node, or of the client and those of the server of an edge. None at all: any node."""

    node: tuple[Condition, ...]
    server: tuple[Condition, ...] | None = None

    @property
    def of_edges(self) -> bool:
        """Return whether it selects edges."""
        return self.server is not None

    @property
    def rank(self) -> tuple[int, int, int, int]:
        """Return how specific it is: by ids, then exact conditions, then those with a star; a level says least."""
        found = (*self.node, *(self.server or ()))
        levels = sum(one.field == "level" for one in found)
        ids = sum(one.field == "id" and not one.stars for one in found)
        stars = sum(one.stars and one.field != "level" for one in found)
        return ids, len(found) - ids - stars - levels, stars, levels

    def selects(self, node: Node, labels: Labels) -> bool:
        """Return whether it selects a node."""
        return not self.of_edges and _meets(self.node, node, labels)

    def connects(self, client: Node, server: Node, edge: Edge, labels: Labels) -> bool:
        """Return whether it selects an edge."""
        if self.server is None or not _meets(self.node, client, labels):
            return False
        ports = [one for one in self.server if one.field == _PORT]
        at = (str(edge.server_port), edge.port)
        return all(one.meets(at) for one in ports) and _meets(
            [one for one in self.server if one.field != _PORT], server, labels
        )

    def __str__(self) -> str:
        ends = [self.node] if self.server is None else [self.node, self.server]
        return f" {_ARROW} ".join(_written(end) for end in ends)


def parse_selector(text: str) -> Selector:
    """Read a selector; BadSelector with one sentence. Its text is written in one way only."""
    if len(text) > LONGEST:
        raise BadSelector(f"a selector has at most {LONGEST:,} characters, and this one has {len(text):,}")
    node, rest = _conditions(text)
    if not rest:
        _refuse_port(node, text)
        return Selector(node)
    server, rest = _conditions(rest[1:])
    if rest:
        raise BadSelector(f"{shown(text)} has more than one arrow: an edge has a client and a server")
    _refuse_port(node, text)
    return Selector(node, server)


def _conditions(text: str) -> tuple[tuple[Condition, ...], str]:
    """Read the conditions of one end; return them, and what follows: an arrow and the other end, or nothing."""
    text = text.strip()
    if whole := _WHOLE.match(text):
        id_ = whole["id"]
        return (Condition("id", id_, stars=False),) if id_ else (), text[whole.end() :]
    conditions, at = [], 0
    while term := _TERM.match(text, at):
        conditions.append(_condition(term[1], term[2].strip(), text))
        at = term.end()
        if text[at : at + 1] != ",":
            break
        at += 1
    rest = text[at:]
    if not conditions or text[at - 1] == "," or (rest and rest[0] != _ARROW):
        raise BadSelector(
            f"{shown(text) or 'an empty text'} is no selector: give the id of a node, service=redis*,"
            " or service=shop > service=redis for edges"
        )
    return tuple(sorted(set(conditions))), rest


def _condition(field: str, value: str, text: str) -> Condition:
    if field not in (*NODE_TEXTS, _PORT) and not (field.startswith(LABEL) and len(field) > len(LABEL)):
        raise BadSelector(unknown("field", field, (*NODE_TEXTS, _PORT, f"{LABEL}NAME")))
    if not value.startswith('"'):
        if not value:
            raise BadSelector(f"{field} has no value in {shown(text)}: {field}=* is for any")
        return Condition(field, value, "*" in value)
    try:
        return Condition(field, msgspec.json.decode(value, type=str), stars=False)
    except msgspec.DecodeError:
        raise BadSelector(f"{shown(value)} is not a text as JSON writes it") from None


def _refuse_port(conditions: Sequence[Condition], text: str) -> None:
    if any(one.field == _PORT for one in conditions):
        raise BadSelector(f"a port is one of the server of an edge: write * > {shown(text)}")


def _written(conditions: Sequence[Condition]) -> str:
    if len(conditions) == 1 and conditions[0].field == "id" and re.fullmatch(_ID, conditions[0].value):
        return conditions[0].value
    return ",".join(map(str, conditions)) or "*"


def _meets(conditions: Sequence[Condition], node: Node, labels: Labels) -> bool:
    return all(one.meets(_texts(node, one.field, labels)) for one in conditions)


def _texts(node: Node, field: str, labels: Labels) -> Texts:
    if field.startswith(LABEL):
        return labelled(node, labels, field.removeprefix(LABEL))
    return NODE_TEXTS[field](node)


def like(pattern: str, text: str) -> bool:
    """Return whether a text is as a pattern with stars says, in time that grows with both and no faster."""
    first, *between, last = pattern.split("*")
    if not (text.startswith(first) and text.endswith(last) and len(text) >= len(first) + len(last)):
        return False
    at, end = len(first), len(text) - len(last)
    for part in between:
        at = text.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return True
