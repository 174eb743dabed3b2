"""Write annotations and schemas into the log: checked as a whole first, so that what is refused changes nothing.

Writers of one machine take turns, by a lock in the data directory. What is written is later than all that its writer
has read about the same annotation, whatever its clock says. So it stands, in the store as in the compacted log.
"""

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from msgspec import structs

from graph.selectors import BadSelector, parse_selector
from log.protocol import Log
from schemas.codec import encode
from schemas.matching import unknown
from schemas.overlays import Annotation, OverlaySchema, Says, Written
from schemas.text import shown
from schemas.topics import OVERLAY_SCHEMAS, OVERLAYS
from servicemap.overlays.book import Book
from servicemap.overlays.checking import Refused, check_schema, check_value

LOCK = "overlays.lock"  # in the data directory


class NotFound(Refused):
    """What is to be taken back is not there."""


class Writing:
    """Writes into a log, in turns with others of this machine; `now` returns ms since the epoch."""

    def __init__(self, log: Log, folder: Path, now: Callable[[], int]) -> None:
        self._log = log
        self._lock = folder / LOCK
        self._now = now
        self._book = Book(log)

    @contextmanager
    def turn(self) -> Iterator[Book]:
        """Wait for the turn to write; what others have written is in the book."""
        descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            self._book.refresh()
            yield self._book
        finally:
            os.close(descriptor)

    def register(self, overlay: str, schema: dict[str, Any], author: str) -> OverlaySchema:
        """Register the schema of an overlay, or another one; Refused where what stands breaks it."""
        wanted: OverlaySchema = made(OverlaySchema, overlay=overlay, schema=schema, author=author, written=self._now())
        with self.turn() as book:
            check_registration(book.annotations(overlay), wanted, self._now())
            return self.write(book, [wanted])[0]

    def annotate(
        self, overlay: str, target: str, value: Any, author: str, valid_from: int, valid_to: int = 0
    ) -> Annotation:
        """Say something of nodes or edges, from a time on, ms, and up to another one, 0 for until further notice."""
        wanted: Annotation = made(
            Annotation, overlay=overlay, target=canonical(target), value=value, author=author,
            valid_from=valid_from, valid_to=valid_to, written=self._now(),
        )  # fmt: skip
        with self.turn() as book:
            check_annotation(wanted, book.schemas())
            return self.write(book, [wanted])[0]

    def end(self, overlay: str, target: str, at: int, *, ever: bool = False) -> list[Annotation]:
        """Let what is said of a target end at a time, ms, or have `ever` been wrong; NotFound where nothing is said."""
        target = canonical(target)
        with self.turn() as book:
            found = [one for one in book.annotations(overlay) if one.target == target]
            ended = [ending(one, at, ever=ever) for one in found if ever or one.valid_to == 0 or one.valid_to > at]
            if not ended:
                raise NotFound(f"{shown(overlay)} says nothing of {shown(target)}: see `servicemap overlay show`")
            return self.write(book, ended)

    def write(self, book: Book, records: Sequence[Says]) -> list[Says]:
        """Write records that are checked, each later than what stands of it, and return them."""
        written = []
        for record in records:
            before = book.found(record)
            later = max(self._now(), before.written + 1) if before else self._now()
            record = structs.replace(record, written=later)
            topic = OVERLAYS if isinstance(record, Annotation) else OVERLAY_SCHEMAS
            self._log.append(topic.name, record.key, encode(record))
            written.append(record)
        self._log.flush()
        for record in written:
            book.take(record)
        return written


def made(kind: type[Any], **fields: Any) -> Any:
    """Return a record of what somebody gave; Refused where a field is not as it has to be."""
    try:
        return msgspec.convert(as_json(fields), kind)
    except msgspec.ValidationError as error:
        raise Refused(f"this cannot be written: {shown(str(error))}") from None


def as_json(value: Any) -> Any:
    """Return a value as it comes back from JSON; Refused where it is none."""
    try:
        return msgspec.json.decode(msgspec.json.encode(value))
    except (TypeError, ValueError, RecursionError) as error:
        raise Refused(f"this is no JSON: {shown(str(error))}") from None


def canonical(target: str) -> str:
    """Return a target as it is written in one way only; Refused where it selects nothing."""
    try:
        return str(parse_selector(target))
    except BadSelector as error:
        raise Refused(str(error)) from None


def ending(one: Annotation, at: int, *, ever: bool = False) -> Annotation:
    """Return an annotation that ends at a time, ms; it never was where it begins no earlier."""
    gone = ever or one.valid_from >= at
    return structs.replace(one, retracted=True) if gone else structs.replace(one, valid_to=at)


def check_annotation(wanted: Annotation, schemas: dict[str, OverlaySchema]) -> None:
    """Refuse an annotation of an overlay that is not registered, that breaks its schema, or that never holds."""
    registered = schemas.get(wanted.overlay)
    if registered is None:
        remedy = f"`servicemap overlay register {wanted.overlay} --schema FILE` makes it one"
        raise Refused(f"{unknown('overlay', wanted.overlay, schemas)}; {remedy}")
    if wanted.valid_to and wanted.valid_to <= wanted.valid_from:
        raise Refused(f"{wanted.overlay} of {shown(wanted.target)} ends before it begins: give a later end")
    check_value(wanted.overlay, registered.schema, wanted.value, wanted.target)


def check_registration(standing: Iterable[Annotation], wanted: OverlaySchema, now: int) -> None:
    """Refuse what is no schema, and one that is broken by what stands and holds now or later."""
    check_schema(wanted.overlay, wanted.schema)
    for one in standing:
        if one.overlay == wanted.overlay and (one.valid_to == 0 or one.valid_to > now):
            check_value(wanted.overlay, wanted.schema, one.value, one.target)


def is_same(one: Written | None, other: Written) -> bool:
    """Return whether a record says what another one does, whenever it was written."""
    return one is not None and structs.replace(one, written=other.written) == other
