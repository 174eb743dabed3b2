import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from log.open import open_log
from log.protocol import Record
from schemas import topics
from servicemap.config import Config
from servicemap.parts import store_address
from sinks.reconcile import reconcile
from sinks.sink import Sink
from sinks.store import Store, create_database
from sinks.tables import TABLES, TOPICS
from streams.stage import AttributeStage, Emission, PairStage
from tests.e2e.discover import discovering, put
from tests.e2e.running import Up, kill, until, up
from tests.e2e.talk import asked, asking, served

pytestmark = pytest.mark.slow

ROUNDS = 6
# Nobody looks up a name here, no switch announces itself, and HTTP is for root to see.
EMPTY = {"address_names", "annotations", "links", "overlay_schemas"} | ({"requests"} if os.geteuid() else set())


def test_nothing_is_lost_or_counted_twice_when_any_process_is_killed(tmp_path: Path) -> None:
    chance = random.Random(7)
    with discovering() as folder, served("127.0.0.1") as port, asking("127.0.0.1", port, pause=0.01):
        put(folder, "team", {"name": "team", "value": "blue"})
        with up(tmp_path, "--window", "1s") as running:
            running.until("SELECT 1 FROM edges LIMIT 1")
            for _ in range(ROUNDS):
                asked("127.0.0.1", port, times=chance.randrange(20), pause=0.02)
                _kill_one(running, chance)
            _recovered(running)
            assert running.stop() == 0

        assert _differences(tmp_path) == {}


def test_nothing_is_lost_or_counted_twice_when_all_processes_are_killed(tmp_path: Path) -> None:
    with discovering() as folder, served("127.0.0.1") as port, asking("127.0.0.1", port, pause=0.01):
        put(folder, "team", {"name": "team", "value": "blue"})
        for _ in range(2):
            with up(tmp_path, "--window", "1s") as running:
                running.until("SELECT count() FROM edges", lambda rows: bool(rows) and rows[0][0] > 2)
                asked("127.0.0.1", port, times=20, pause=0.02)
                kill(running)
        with up(tmp_path, "--window", "1s") as running:
            _recovered(running)
            assert running.stop() == 0

        assert _differences(tmp_path) == {}


def _kill_one(running: Up, chance: random.Random) -> None:
    parts = until(running.parts, lambda parts: len(parts) == 5, 45, "all parts to run")
    name = chance.choice(sorted(parts))
    os.kill(parts[name], signal.SIGKILL)
    until(lambda: running.parts().get(name), lambda pid: pid not in {None, parts[name]}, 45, f"{name} to start again")


def _recovered(running: Up) -> None:
    """Wait until windows from now on are stored."""
    running.until(f"SELECT max(window) > {int(time.time())} FROM edges", lambda rows: rows == [(1,)])


def _differences(data: Path) -> dict[str, tuple[int, int]]:
    """Fold the raw log from its beginning, with nothing killed, and compare the tables: rows missing, rows too many."""
    with _store(data) as live:
        expected = Store(live.address._replace(database="expected"))
        create_database(expected.address)
        reconcile(expected)
        _fold(data, expected)
        expected.close()
        found = {}
        for table in TABLES:
            kept, wanted = (f"SELECT * FROM {name}.{table.name} FINAL" for name in ("servicemap", "expected"))
            missing = live.query(f"SELECT count() FROM ({wanted} EXCEPT {kept})")[0][0]
            added = live.query(f"SELECT count() FROM ({kept} EXCEPT {wanted})")[0][0]
            if table.name not in EMPTY:
                assert live.query(f"SELECT count() FROM ({wanted})")[0][0] > 0, table.name
            if missing or added:
                found[table.name] = (missing, added)
        return found


@contextmanager
def _store(data: Path) -> Iterator[Store]:
    arguments = ["--data", str(data / "store"), "--native-port", "0", "--http-port", "0"]
    with subprocess.Popen([sys.executable, "-m", "sinks.embedded", *arguments], stdout=subprocess.DEVNULL) as process:
        until((data / "store" / "store.json").exists, bool, 30, "store to start")
        store = Store(store_address(Config(data=str(data)), write=True))
        try:
            yield store
        finally:
            store.close()
            process.terminate()


def _fold(data: Path, store: Store) -> None:
    """Read the raw topics once, in the order of the log, through both folds into a store."""
    log = open_log(data / "log.sqlite")
    raw = [r for t in (*topics.RAW, *topics.UNFOLDED) for r in log.read(t.name, 0, *log.bounds(t.name, 0))]
    log.close()
    sink = Sink(store, lambda record, reason: None)
    attribute, pair = AttributeStage(), PairStage()
    for record in sorted(raw, key=lambda record: record.timestamp):
        if record.topic in TOPICS:
            sink.add(record)
        for emission in attribute.feed(record) if record.topic != topics.HOSTS.name else ():
            derived = _logged(emission, record.timestamp)
            if emission.topic == topics.SIDES.name:
                for edges in pair.feed(derived):
                    sink.add(_logged(edges, record.timestamp))
            else:
                sink.add(derived)
    sink.flush()


def _logged(emission: Emission, timestamp: int) -> Record:
    return Record(emission.topic, emission.partition or 0, 0, timestamp, emission.key, emission.value)
