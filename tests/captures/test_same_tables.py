"""A capture that is opened has the rows of the original: with overlays, aliases and roll-ups, and however old."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest

from log.open import open_log
from schemas.codec import encode
from schemas.overlays import Annotation, OverlaySchema
from schemas.times import DAY_MS
from servicemap.captures.exporting import Wanted, export
from servicemap.captures.opening import OVER_MS, opened_capture
from servicemap.config import Config, load
from servicemap.options import Failure
from servicemap.parts import store_address
from servicemap.replay.whole import sum_up
from servicemap.store_alone import store_alone
from sinks.reconcile import ROLLED_UP
from sinks.store import Store
from sinks.tables import TABLES
from tests.captures.conftest import silent
from tests.e2e.simulate import WIDTH, Record, recorded
from tests.replay.aliases import aliased
from tests.replay.conftest import RENAMED, Past, changed, data, opened

__all__ = ["data"]

pytestmark = pytest.mark.slow

BEGIN, END = 200, 440  # windows of the recorded hour that are logged
START, STOP = 380, 420  # those of the range
OF_WINDOWS = {
    "edges": "window",
    "requests": "window",
    "process_usage": "window",
    "host_usage": "window",
    "events": "time",
}
SAID = (
    OverlaySchema(overlay="owner", schema={"type": "string"}, written=1),
    Annotation(overlay="owner", target="service=api", value="blue", written=2),
)


def logged(base: int) -> list[Record]:
    """Return twenty minutes of the recorded hour, with aliases, and overlays that were written before."""
    ends = [base + window * WIDTH for window in (BEGIN, END)]
    said = [
        Record("overlay-schemas" if isinstance(one, OverlaySchema) else "overlays", one.key, encode(one), ends[0])
        for one in SAID
    ]
    return [*said, *aliased(record for record in recorded(base, Random(1)) if ends[0] <= record.timestamp < ends[1])]


@pytest.fixture(scope="module")
def base() -> int:
    return (int(time.time() * 1000) - 90 * 60_000) // 60_000 * 60_000


@pytest.fixture(scope="module")
def original(data: Path, base: int) -> Iterator[Past]:
    """A log, and the store after all of it was folded live."""
    config = load(environment={}, flags={"data": str(data), "services.rules": RENAMED})
    with closing(opened(config, logged(base))) as live:
        live.go_on()
        sum_up(live.store, lambda: base + OVER_MS)
        yield Past(base, config, live.log, live.store)


@contextmanager
def shown(file: Path, data: Path, config: Config | None = None) -> Iterator[Store]:
    """Open a capture in a directory, and give its store."""
    config = config or load(environment={}, flags={"data": str(data)})
    with (
        opened_capture(config, file, keep=True) as own,
        store_alone(own),
        closing(Store(store_address(own, write=True))) as store,
    ):
        yield store


def rows(store: Store, table: str, columns: str = "*", where: str = "1") -> list[tuple[Any, ...]]:
    return store.query(f"SELECT {columns} FROM {table} FINAL WHERE {where} ORDER BY ALL")


def test_all_of_a_log_gives_the_same_rows_in_every_table(original: Past, tmp_path: Path) -> None:
    file = tmp_path / "capture"
    export(original.config, file, Wanted(), silent)

    with shown(file, tmp_path / "opened") as store:
        for table in TABLES:
            found = rows(store, table.name)
            assert found == rows(original.store, table.name), table.name
            assert found or table.name in {"links", "node_facts", "address_names"}
        for table in ROLLED_UP:
            columns = "* EXCEPT (version, gone)"
            found = rows(store, table.name, columns)
            assert found
            assert found == rows(original.store, table.name, columns), table.name
        assert store.query("SELECT DISTINCT alias FROM process_edges WHERE alias != ''") == [("10.96.0.1:5432",)]
        assert store.query("SELECT overlay, target, text FROM overlays") == [("owner", "service=api", "blue")]
        assert store.query("SELECT count() > 0 FROM service_edges WHERE server = 'service:shop'") == [(True,)]


def test_a_range_of_a_log_gives_the_same_rows_of_that_range(original: Past, tmp_path: Path) -> None:
    file, span = tmp_path / "capture", [original.at(START), original.at(STOP)]
    manifest = export(original.config, file, Wanted(start=span[0], end=span[1]), silent)
    assert manifest.records < sum(info.records for info in original.log.topics())

    with shown(file, tmp_path / "opened") as store:
        for table, column in OF_WINDOWS.items():
            where = f"toUnixTimestamp64Milli({column}) BETWEEN {span[0]} AND {span[1] - 1}"
            found = rows(store, table)
            assert found
            assert found == rows(original.store, table, where=where), table
        ((first, last),) = store.query("SELECT min(window), max(window) FROM edges")
        assert (first.timestamp() * 1000, last.timestamp() * 1000) == (span[0], span[1] - WIDTH)


def test_what_is_older_than_anything_is_kept_stays_for_as_long_as_it_is_looked_at(tmp_path: Path) -> None:
    base = (int(time.time() * 1000) - 500 * DAY_MS) // 60_000 * 60_000
    config = load(environment={}, flags={"data": str(tmp_path / "old"), "log.keep_hours": 24 * 600})
    (tmp_path / "old").mkdir(mode=0o700)
    with closing(open_log(config.log_url)) as log:
        log.create(config.log_settings.topics())
        for record in logged(base):
            log.append(record.topic, record.key, record.value, timestamp=record.timestamp)
        log.flush()
    export(config, tmp_path / "capture", Wanted(), silent)

    for _ in range(2):  # folded, and as it was left
        with shown(tmp_path / "capture", tmp_path / "opened") as store:
            for table in ("edges", "edges_1m", "edges_1h"):
                store.query(f"OPTIMIZE TABLE {table} FINAL")
                assert store.query(f"SELECT count() > 0 FROM {table}") == [(True,)]


def test_a_directory_with_anything_else_is_refused(original: Past, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    export(original.config, first, Wanted(start=original.at(STOP)), silent)
    export(original.config, second, Wanted(end=original.at(START)), silent)
    with shown(first, tmp_path / "opened"):
        pass

    with pytest.raises(Failure, match="holds another capture"), shown(second, tmp_path / "opened"):
        pass
    with pytest.raises(Failure, match="holds a log already"), shown(second, tmp_path, original.config):
        pass


def test_rules_of_ones_own_name_what_is_in_a_capture(original: Past, tmp_path: Path) -> None:
    export(original.config, tmp_path / "capture", Wanted(start=original.at(START)), silent)
    mine = changed(
        load(environment={}, flags={"data": str(tmp_path / "opened")}),
        {"services.rules": [{"service": "mine", "program": "api"}]},
    )

    with shown(tmp_path / "capture", tmp_path / "opened", mine) as store:
        services = {name for (name,) in store.query("SELECT DISTINCT server FROM service_edges")}
    assert "service:mine" in services
    assert "service:shop" not in services
