"""What a replay leaves as it is: overlays, aliases and roll-ups of a recorded hour, and answers to an open page."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from graph.model import Wanted
from graph.reading import read_map
from schemas.codec import encode
from schemas.overlays import Annotation, OverlaySchema
from schemas.times import DAY_MS
from servicemap.replay.whole import sum_up
from servicemap.replaying import Progress
from sinks.reconcile import ALL, ROLLED_UP
from sinks.rollup import Rollup
from sinks.store import Store
from tests.e2e.simulate import Record
from tests.replay.aliases import VIRTUAL, aliased
from tests.replay.conftest import RENAMED, Past, base_time, changed, opened, quietly, stretch

pytestmark = pytest.mark.slow

START, END = 300, 348  # four whole minutes of the recorded stretch
SAID = (
    OverlaySchema(overlay="owner", schema={"type": "string"}, written=1),
    Annotation(overlay="owner", target="service=redis*", value="blue", written=2),
)
Rows = dict[str, list[tuple[Any, ...]]]


def everything(store: Store) -> Rows:
    """Return all that is stored of facts; roll-ups without their versions, which are times."""
    found = {}
    for table in ALL:
        if table.name not in {"pipeline", "retention", "dropped"}:
            columns = "* EXCEPT (version, gone)" if table in ROLLED_UP else "*"
            found[table.name] = store.query(f"SELECT {columns} FROM {table.name} FINAL ORDER BY ALL")
    return found


@pytest.fixture(scope="module")
def rich(data: Path, past: Past, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    """The recorded stretch with aliases and overlays, folded live and rolled up, in a log and a database of its own."""
    address, base = past.store.address, base_time()
    url = f"clickhouse://servicemap:{address.secret()}@{address.host}:{address.port}/rich"
    folder = tmp_path_factory.mktemp("rich")
    config = changed(past.config, {"data": str(folder), "store.url": url})
    said = [
        Record("overlay-schemas" if isinstance(one, OverlaySchema) else "overlays", one.key, encode(one), base)
        for one in SAID
    ]
    with closing(opened(config, [*said, *aliased(stretch(base))])) as live:
        live.go_on()
        sum_up(live.store, lambda: base + 3 * DAY_MS)
        yield Past(base, config, live.log, live.store)


@pytest.fixture
def there(rich: Past, request: pytest.FixtureRequest) -> Iterator[Past]:
    """A copy of it that a test may change."""
    copy = rich.copy(f"t{abs(hash(request.node.nodeid)):x}", [table.name for table in ALL])
    with closing(copy.store):
        yield copy
        copy.store.query(f"DROP DATABASE {copy.store.address.database} SYNC")


def test_the_same_code_changes_no_row_and_no_roll_up(there: Past) -> None:
    before = everything(there.store)
    assert all(before[table.name] for table in ROLLED_UP)
    assert before["annotations"]
    assert VIRTUAL in str(there.store.query("SELECT DISTINCT alias FROM process_edges"))

    outcome = there.replay(0, 720, promote=True)

    assert not outcome.differs
    assert not outcome.promoted
    assert everything(there.store) == before


def test_a_changed_rule_rewrites_the_range_and_only_the_range(there: Past) -> None:
    before, span = everything(there.store), (there.at(START), there.at(END))
    aliases = there.store.query("SELECT window, client_address, server, alias FROM process_edges ORDER BY ALL")

    outcome = there.replay(START, END, promote=True, config=changed(there.config, {"services.rules": RENAMED}))

    assert outcome.promoted
    after = everything(there.store)
    for name, rows in after.items():
        if name in {"nodes", *(table.name for table in ROLLED_UP if table.name[-2:] in {"1h", "1d"})}:
            continue  # rows of a whole hour or day
        assert outside(rows, span) == outside(before[name], span), name
    assert "zoo" in str(inside(after["edges"], span))
    assert "zoo" in str(inside(after["edges_1m"], span))
    for name in ("hosts", "links", "annotations", "overlay_schemas", "places", "host_usage", "process_usage"):
        assert after[name] == before[name], name
    assert len(after["edges"]) == len(before["edges"])
    assert there.store.query("SELECT window, client_address, server, alias FROM process_edges ORDER BY ALL") == aliases

    there.replay(START, END, promote=True)
    assert everything(there.store) == before, "and the old rule brings all of it back"


def at(row: tuple[Any, ...]) -> int:
    """Return the time of a row, which is its first column but for a few tables."""
    return next((int(value.timestamp() * 1000) for value in row if hasattr(value, "timestamp")), 0)


def outside(rows: list[tuple[Any, ...]], span: tuple[int, int]) -> list[tuple[Any, ...]]:
    return [row for row in rows if not span[0] <= at(row) < span[1]]


def inside(rows: list[tuple[Any, ...]], span: tuple[int, int]) -> list[tuple[Any, ...]]:
    return [row for row in rows if span[0] <= at(row) < span[1]]


STEPS = (
    "reading",
    "comparing",
    "building edges",
    "following the log",
    "rolling up",
)


def test_a_replay_that_is_stopped_again_and_again_ends_as_one_that_was_not(there: Past) -> None:
    renamed = changed(there.config, {"services.rules": RENAMED})
    there.replay(START, END, promote=True, config=renamed)
    expected = everything(there.store)
    there.replay(START, END, promote=True)

    for step in STEPS:
        with suppress(KeyboardInterrupt):
            there.replay(START, END, promote=True, config=renamed, report=stopping(step))
    there.replay(START, END, promote=True, config=renamed)

    assert everything(there.store) == expected
    assert there.store.query("SHOW TABLES LIKE '%replay%'") == []


def stopping(step: str) -> Callable[[Progress], None]:
    """Return what gets Ctrl-C at a step."""

    def report(progress: Progress) -> None:
        if progress.step == step:
            raise KeyboardInterrupt

    return report


def test_an_open_page_gets_every_answer_whole(there: Past) -> None:
    """While a range is swapped back and forth, a reader sees its rows and its map as they were or as they will be."""
    Rollup(there.store).roll_up_all(there.at(0), there.at(720))
    wanted = Wanted(start=there.at(START), end=there.at(END), level="service")
    where = f"toUnixTimestamp64Milli(window) BETWEEN {wanted.start} AND {wanted.end - 1}"
    names = f"SELECT count(), arraySort(groupUniqArray(server)) FROM service_edges WHERE {where}"
    renamed = changed(there.config, {"services.rules": RENAMED})
    before = there.store.query(names)
    there.replay(START, END, promote=True, config=renamed)
    after = there.store.query(names)
    assert before != after
    seen: list[tuple[list[tuple[Any, ...]], int]] = []
    over = threading.Event()
    page = threading.Thread(target=look, args=(there.store.address, names, wanted, seen, over))
    page.start()
    try:
        for config in (there.config, renamed, there.config):
            there.replay(START, END, promote=True, config=config, report=quietly)
    finally:
        over.set()
        page.join()

    assert len(seen) > 3
    assert [rows for rows, _ in seen if rows not in (before, after)] == []
    assert {edges for _, edges in seen} == {len(drawn(there.store, wanted))}
    assert {str(rows) for rows, _ in seen} == {str(before), str(after)}


def drawn(store: Store, wanted: Wanted) -> list[tuple[str, str, int]]:
    return [(edge.client, edge.server, edge.server_port) for edge in read_map(store, wanted).edges]


def look(address: Any, names: str, wanted: Wanted, seen: list[Any], over: threading.Event) -> None:
    """Ask as an open page does, until it is over."""
    with closing(Store(address)) as store:
        while not over.is_set():
            seen.append((store.query(names), len(drawn(store, wanted))))
