"""Records about overlays: an annotation of nodes or edges, and what the values of an overlay have to be.

An annotation is known by its overlay, its target and from when on it holds. Of several records about one, the one that
was written last stands, in whichever order they come.
"""

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from schemas.graph import Derived

_END = r"$(?!\n)"
DIGITS = 16  # of the time that a word begins with, so that words sort by it
_LAST = 10**13  # ms: the year 2286, which the store can hold

Name = Annotated[str, Meta(max_length=100, pattern=rf"^[a-z0-9][a-z0-9_.-]*{_END}", description="name of the overlay")]
Time = Annotated[int, Meta(ge=0, le=_LAST)]
Author = Annotated[str, Meta(max_length=200, description="who says so: a person, a program, a folder of files")]


class Written(Derived, frozen=True, kw_only=True, omit_defaults=True):
    """What both records have in common."""

    overlay: Name
    author: Author = ""
    written: Annotated[int, Meta(ge=0, le=_LAST, description="when it was written, ms since the epoch")]
    retracted: Annotated[bool, Meta(description="it is taken back, and was never so")] = False

    @property
    def key(self) -> bytes:
        """Return what it is known by, as the key of its record."""
        return self.overlay.encode()


Says = TypeVar("Says", bound=Written)


class Annotation(Written, frozen=True, kw_only=True, omit_defaults=True):
    """A note on nodes or edges. The topic is compacted: the last word about an annotation stands."""

    target: Annotated[
        str, Meta(min_length=1, max_length=1_000, description="selector of nodes (service=redis*) or edges (a > b)")
    ]
    value: Annotated[Any, Meta(description="what is said, any JSON")] = None
    valid_from: Annotated[Time, Meta(description="from when on it holds, ms; 0: always")] = 0
    valid_to: Annotated[Time, Meta(description="up to when it holds, ms; 0: until further notice")] = 0

    @property
    def key(self) -> bytes:
        """Return what it is known by, as the key of its record."""
        return f"{self.overlay}/{self.valid_from}/{self.target}".encode()

    def holds(self, at: int) -> bool:
        """Return whether it holds at a time, ms."""
        return self.valid_from <= at and (self.valid_to == 0 or at < self.valid_to)


class OverlaySchema(Written, frozen=True, kw_only=True, omit_defaults=True):
    """What the values of an overlay have to be, and what it is about. The topic is compacted."""

    schema: Annotated[dict[str, Any], Meta(description="JSON Schema of the values; its title says what they are")]


def word(record: Written) -> str:
    """Return what a record says, as one text that merges as a whole: the greatest was written last."""
    fields = {name: getattr(record, name) for name in (*_SAYS[type(record)], "author", "retracted")}
    return f"{record.written:0{DIGITS}}{msgspec.json.encode(fields, order='sorted').decode()}"


def said(kind: type[Says], word: str, known_by: Mapping[str, Any]) -> Says:
    """Return the record of a word, by what it is known by."""
    fields: dict[str, Any] = msgspec.json.decode(word[DIGITS:])
    return kind(written=int(word[:DIGITS]), **known_by, **fields)


_SAYS: dict[type[Written], tuple[str, ...]] = {Annotation: ("value", "valid_to"), OverlaySchema: ("schema",)}
