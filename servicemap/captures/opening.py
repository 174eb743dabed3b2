"""Open a capture: fold it into a store of its own, with nothing collected beside it, and show that.

All of it stays as it is, however old: the log and the store of a capture have no limits.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import click
import msgspec
from msgspec import structs

from log.capture import Manifest
from log.capture_reader import CaptureReader
from log.settings import LogSettings
from schemas.text import shown
from schemas.times import DAY_MS, iso
from schemas.topics import HEARTBEATS
from servicemap.captures.importing import import_into
from servicemap.captures.opened import Opened, note, opened
from servicemap.config import Config
from servicemap.connect import connect_log
from servicemap.directory import held
from servicemap.options import Failure
from servicemap.own_place import own_place
from servicemap.parts import locate
from servicemap.process import tune_memory
from servicemap.progress import Show, shown_progress
from servicemap.replay.span import REPLAYED, Span, inside
from servicemap.replay.whole import Progress, fold_all, sum_up
from servicemap.store_alone import store_alone
from sinks.reconcile import reconcile
from sinks.store import Store, StoreError, create_database
from sinks.table import Table
from sinks.tables import TABLES
from streams.naming import NamingRule

OVER_MS = 3 * DAY_MS  # after the newest record: all days that it is in have ended
NO_LIMIT_HOURS, NO_LIMIT_BYTES = 10_000 * 366 * 24, 1 << 60
_LIMITED = "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine_full LIKE '% TTL %'"


@contextmanager
def opened_capture(config: Config, file: Path, *, keep: bool) -> Iterator[Config]:
    """Fold a capture, and give where it is: in the data directory if it is to be kept there."""
    tune_memory()
    with own_place(config, keep=keep) as own:
        with shown_progress() as show, closing(CaptureReader(file, _reported(show))) as capture:
            manifest = capture.manifest
            if HEARTBEATS.name not in {part.topic for part in manifest.parts}:
                raise Failure(
                    f"{shown(str(file))} has no {HEARTBEATS.name}, so no map comes of it: `servicemap log import`"
                    " takes it, and `servicemap log export` without --topic copies all that a map needs"
                )
            own = structs.replace(
                own,
                log=LogSettings(
                    partitions=manifest.partitions[HEARTBEATS.name],
                    keep_hours=NO_LIMIT_HOURS,
                    keep_bytes=NO_LIMIT_BYTES,
                ),
            )
            with held(own.directory, lambda sentence: show(sentence, "")):
                _fill(own, file, capture, show)
        click.echo(f"servicemap: {_sentence(file, manifest)}", err=True)
        yield own


def _reported(show: Show) -> Callable[[int, int], None]:
    return lambda done, of: show("checking", _far(done, of))


def _fill(own: Config, file: Path, capture: CaptureReader, show: Show) -> None:
    """Fill log and store, unless they are."""
    what, there = Opened(file=str(file.resolve()), sha256=capture.sum), opened(own.directory)
    if there is not None and there.sha256 != what.sha256:
        raise Failure(
            f"{shown(str(own.directory))} holds another capture, {shown(there.file)}: give another directory with"
            " --data"
        )
    if there is not None and there.folded:
        return
    if there is None and own.log_settings.path.exists():
        raise Failure(
            f"{shown(str(own.directory))} holds a log already: give a directory of its own with --data, or none"
        )
    note(own.directory, what)
    import_into(own.log_settings, capture, lambda step, done, of: show(step, _far(done, of)))
    with store_alone(own):
        try:
            _fold(own, capture.manifest, lambda progress: show(progress.step, progress.far))
        except StoreError as error:
            raise Failure(f"the capture cannot be folded: {error}") from None
    note(own.directory, structs.replace(what, folded=True))


def _fold(own: Config, manifest: Manifest, report: Callable[[Progress], None]) -> None:
    create_database(locate(own))
    with closing(Store(locate(own))) as store, closing(connect_log(own)) as log:
        reconcile(store)
        for (name,) in store.query(_LIMITED):
            store.query(f"ALTER TABLE {name} REMOVE TTL")
        done = fold_all(log, store, own.services.rules or _rules(manifest), _tables(manifest), report)
        report(structs.replace(done, step="summing up"))
        end = max(time.time_ns() // 1_000_000, *(part.last for part in manifest.parts)) + OVER_MS
        sum_up(store, lambda: end)  # nothing comes any more


def _tables(manifest: Manifest) -> list[Table]:
    """Return the tables, of which those of windows take only the range: more was copied, to know its beginning well."""
    span = Span(
        0 if manifest.start is None else manifest.start,
        max(part.last for part in manifest.parts) + DAY_MS if manifest.end is None else manifest.end,
    )
    return [inside(table, table.name, span) if table in REPLAYED else table for table in TABLES]


def _rules(manifest: Manifest) -> Sequence[NamingRule]:
    """Return the naming rules of where the capture was made."""
    try:
        return msgspec.convert(manifest.about.get("rules", ()), tuple[NamingRule, ...])
    except msgspec.ValidationError:
        return ()


def _sentence(file: Path, manifest: Manifest) -> str:
    beats = [part for part in manifest.parts if part.topic == HEARTBEATS.name]
    start = min(part.first for part in beats) if manifest.start is None else manifest.start
    end = max(part.last for part in beats) if manifest.end is None else manifest.end
    return f"{shown(str(file))} is a capture of {iso(start)} to {iso(end)} ({manifest.records:,} records)"


def _far(done: int, of: int) -> str:
    return f"{done:,} of {of:,} records"
