"""What may follow in a filter: fields, values of those that have few, and values that are on a map."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from graph.filters.fields import FIELDS, Field, Number, Text
from graph.filters.seen import Seen

MOST = 200  # values of a field
NEW_AGES = ("1h", "today", "7d")


class Completion(NamedTuple):
    """A text that completes the last word of a filter, and what it means."""

    text: str
    about: str


def completed(word: str) -> list[Completion]:
    """Return what completes the last word of a filter."""
    sign = "-" if word.startswith("-") else ""
    return [one._replace(text=sign + one.text) for one in _all() if one.text.startswith(word.removeprefix("-"))]


def on_map(field: str, seen: Seen) -> list[str]:
    """Return the values of a field that are on a map, the most frequent first; nothing of what has no texts."""
    texts = Counter(text for text in texts_of(FIELDS.get(field), seen) if text)
    return [text for text, _ in texts.most_common(MOST)]


def texts_of(field: Field | None, seen: Seen) -> Iterator[str]:
    """Yield the texts that the nodes and edges of a map have in a field."""
    if isinstance(field, Text) and field.node:
        for node in seen.map.nodes:
            yield from field.node(node, seen)
    if isinstance(field, Text) and field.edge:
        for edge in seen.map.edges:
            yield from field.edge(edge, seen)


def stem(field: Field) -> str:
    """Return how a condition of a field begins: service: or rps>."""
    return f"{field.name}>" if isinstance(field, Number) else f"{field.name}:"


def values(field: Field) -> tuple[str, ...]:
    """Return the values that a field may have, where these are few."""
    if isinstance(field, Text):
        return NEW_AGES if field.name == "new" else field.choices
    return ()


def _all() -> Iterator[Completion]:
    for field in FIELDS.values():
        if isinstance(field, Text) and field.flag:
            yield Completion(field.name, field.about)
        else:
            yield Completion(stem(field), field.about)
        for value in values(field):
            yield Completion(f"{field.name}:{value}", field.about)
