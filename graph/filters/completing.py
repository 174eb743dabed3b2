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
    return [one._replace(text=sign + one.text) for one in completions() if one.text.startswith(word.removeprefix("-"))]


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


def of_the_map() -> list[str]:
    """Return the fields that have the values that are on a map."""
    return [one.name for one in FIELDS.values() if isinstance(one, Text) and not one.choices and not one.flag]


def completions() -> Iterator[Completion]:
    """Yield all that may begin a term, and values of fields that have few."""
    for field in FIELDS.values():
        if isinstance(field, Text) and field.flag:
            yield Completion(field.name, field.about)
        else:
            yield Completion(f"{field.name}>" if isinstance(field, Number) else f"{field.name}:", field.about)
        for value in _values(field):
            yield Completion(f"{field.name}:{value}", field.about)


def _values(field: Field) -> tuple[str, ...]:
    if isinstance(field, Text):
        return NEW_AGES if field.name == "new" else field.choices
    return ()
