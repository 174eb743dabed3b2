"""A folder of files, TOML or JSON, that say what overlays are, brought into the log. A second time changes nothing.

overlay = "owner"                     without it the file's name
schema.type = "object"                the JSON Schema of the values; without one it was registered before
[[annotations]]
target = "service=redis*"
value = { team = "blue" }
from = 2026-05-01T00:00:00Z           without it from when it is first brought in; `to` likewise
"""

import tomllib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct, field

from schemas.overlays import Annotation, OverlaySchema
from schemas.text import shown
from servicemap.overlays.book import Book
from servicemap.overlays.checking import Refused
from servicemap.overlays.writing import (
    Writing,
    as_json,
    canonical,
    check_annotation,
    check_registration,
    ending,
    is_same,
    made,
)

KINDS = (".toml", ".json")
MOST_BYTES = 10 << 20  # of a file


class Entry(Struct, frozen=True, forbid_unknown_fields=True, rename={"valid_from": "from", "valid_to": "to"}):
    """An annotation of a file."""

    target: str
    value: Any
    valid_from: datetime | None = None
    valid_to: datetime | None = None


class File(Struct, frozen=True, forbid_unknown_fields=True):
    """What a file says of one overlay."""

    overlay: str = ""
    schema: dict[str, Any] | None = None
    annotations: list[Entry] = field(default_factory=list)


class Change(NamedTuple):
    """What is done: registered, added or ended; and the record that says so."""

    what: str
    record: Any


def read_folder(folder: Path) -> dict[str, File]:
    """Return what the files of a folder say, by their overlays; Refused with the name of the file."""
    paths = sorted(path for path in folder.iterdir() if path.suffix in KINDS)
    if not paths:
        raise Refused(f"there is no file in {shown(str(folder))}: give a folder with files of TOML or JSON")
    found: dict[str, File] = {}
    for path in paths:
        one = _read(path)
        name = one.overlay or path.stem
        if name in found:
            raise Refused(f"{shown(path.name)} is the second file about {shown(name)}: put both into one")
        found[name] = one
    return found


def apply(writing: Writing, files: dict[str, File], author: str, now: int, *, dry: bool) -> list[Change]:
    """Write what the files say and the log does not, and end what this author said and the files no longer do."""
    with writing.turn() as book:
        changes = list(_changes(book, files, author, now))
        if not dry:
            writing.write(book, [change.record for change in changes])
        return changes


def _changes(book: Book, files: dict[str, File], author: str, now: int) -> Iterator[Change]:
    """Yield all changes; Refused, before anything is written, where one of them cannot be."""
    schemas = book.schemas()
    said: list[Annotation] = []
    own = [one for one in book.annotations() if one.author == author]
    others = [one for one in book.annotations() if one.author != author]
    for name, one in files.items():
        if one.schema is not None:
            wanted = made(OverlaySchema, overlay=name, schema=one.schema, author=author, written=now)
            if not is_same(schemas.get(name), wanted):
                check_registration(others, wanted, now)
                yield Change("registered", wanted)
            schemas[name] = wanted
        for entry in one.annotations:
            annotation = _annotation(name, entry, author, own, now)
            check_annotation(annotation, schemas)
            said.append(annotation)
    _refuse_twice(said)
    for annotation in said:
        if not is_same(book.found(annotation), annotation):
            yield Change("added", annotation)
    keys = {annotation.key for annotation in said}
    for before in own:
        if before.key not in keys and (before.valid_to == 0 or before.valid_to > now):
            yield Change("ended", ending(before, now))


def _annotation(overlay: str, entry: Entry, author: str, own: Sequence[Annotation], now: int) -> Annotation:
    """Return an annotation of a file. One that holds already, and says the same, goes on since then."""
    target, value, until = canonical(entry.target), as_json(entry.value), _ms(entry.valid_to) or 0
    since = _ms(entry.valid_from)
    if since is None:
        before = [one for one in own if (one.overlay, one.target) == (overlay, target) and one.holds(now)]
        since = max((one.valid_from for one in before if one.value == value), default=now)
    annotation: Annotation = made(
        Annotation, overlay=overlay, target=target, value=value, author=author,
        valid_from=since, valid_to=until, written=now,
    )  # fmt: skip
    return annotation


def _refuse_twice(said: Sequence[Annotation]) -> None:
    seen = set()
    for one in said:
        if one.key in seen:
            raise Refused(f"{one.overlay} of {shown(one.target)} is said twice: leave one out, or give each a `from`")
        seen.add(one.key)


def _read(path: Path) -> File:
    try:
        raw = path.read_bytes()[: MOST_BYTES + 1]
        if len(raw) > MOST_BYTES:
            raise Refused(f"{shown(path.name)} has more than {MOST_BYTES >> 20} MiB: split it")
        if path.suffix == ".json":
            return msgspec.json.decode(raw, type=File)
        return msgspec.convert(tomllib.loads(raw.decode()), File)
    except OSError as error:
        raise Refused(f"cannot read {shown(str(path))}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        reason = shown(" ".join(str(error).split()))
        raise Refused(f"{shown(path.name)} says nothing that can be used: {reason}") from None


def _ms(when: datetime | None) -> int | None:
    """Return a time in ms since the epoch; a time without a zone is of UTC."""
    if when is None:
        return None
    return int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * 1000)
