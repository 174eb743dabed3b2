"""`overlay register`, `set`, `unset` and `apply`: write into the log what somebody says of nodes and edges."""

import getpass
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import click
import msgspec

from graph.overlays import as_text
from schemas.messages import lines
from schemas.overlays import Annotation
from schemas.private import Unsafe, private_folder
from schemas.text import shown
from servicemap.browsing import existing_log
from servicemap.config import Config
from servicemap.connect import connect_log
from servicemap.options import Failure, NothingMatches
from servicemap.overlays.checking import Refused
from servicemap.overlays.folder import apply as apply_files
from servicemap.overlays.folder import read_folder
from servicemap.overlays.showing import fields
from servicemap.overlays.writing import NotFound, Writing
from servicemap.printing import print_json

LONGEST_AUTHOR = 200


def register(config: Config, name: str, file: Path, author: str | None) -> None:
    """Register the schema in a file."""
    try:
        schema = msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
    except OSError as error:
        raise Failure(f"cannot read {shown(str(file))}: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Failure(f"{shown(str(file))} is no JSON Schema: {shown(str(error))}") from None
    with _writing(config) as writing:
        writing.register(name, schema, author or _user())


def annotate(
    config: Config, name: str, selector: str, value: str, start: int | None, end: int, author: str | None
) -> None:
    """Say something of what a selector selects."""
    with _writing(config) as writing:
        writing.annotate(name, selector, _value(value), author or _user(), _now() if start is None else start, end)


def unset(config: Config, name: str, selector: str, at: int | None, *, ever: bool) -> None:
    """End what is said of a target."""
    with _writing(config) as writing:
        writing.end(name, selector, _now() if at is None else at, ever=ever)


def apply(config: Config, folder: Path, author: str | None, *, dry: bool, as_json: bool) -> None:
    """Bring what the files of a folder say into the log, and print each change."""
    author = author or f"files of {folder.absolute().name}"[:LONGEST_AUTHOR]
    try:
        with _writing(config) as writing:
            changes = apply_files(writing, read_folder(folder), author, _now(), dry=dry)
    except OSError as error:
        raise Failure(f"cannot read {shown(str(folder))}: {error.strerror}") from None
    for what, record in changes:
        said = fields(record) if isinstance(record, Annotation) else {"overlay": record.overlay}
        if as_json:
            print_json({"change": what, **said, "dry_run": dry})
        else:
            value = f"{said['target']}  {as_text(said['value'])}" if isinstance(record, Annotation) else ""
            click.echo(lines(f"{what:<10}  {record.overlay}  {value}".rstrip()))
    counts = Counter(change.what for change in changes)
    done = ", ".join(f"{count} {what}" for what, count in counts.items()) or "nothing to change"
    click.echo(f"servicemap: {'would be ' if dry and changes else ''}{done}", err=True)


@contextmanager
def opened(config: Config) -> Iterator[Writing]:
    """Open the log that is there, to write; Failure where there is none."""
    existing_log(config).close()  # nobody reads one that is made here
    try:
        private_folder(config.directory)
    except Unsafe as error:
        raise Failure(str(error)) from None
    with closing(connect_log(config)) as log:
        yield Writing(log, config.directory, _now)


@contextmanager
def _writing(config: Config) -> Iterator[Writing]:
    """Open the log; what is refused is a failure with the sentence."""
    with opened(config) as writing:
        try:
            yield writing
        except NotFound as error:
            raise NothingMatches(str(error)) from None
        except Refused as error:
            raise Failure(str(error)) from None


def _value(text: str) -> Any:
    """Return a value as it is typed: JSON, or a text."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return text


def _user() -> str:
    try:
        return getpass.getuser()[:LONGEST_AUTHOR]
    except (OSError, KeyError):  # a user id without a name
        return ""


def _now() -> int:
    return time.time_ns() // 1_000_000
