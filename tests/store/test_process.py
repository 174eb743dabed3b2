import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import psutil
import pytest
from clickhouse_driver import Client
from clickhouse_driver.block import RowOrientedBlock
from clickhouse_driver.errors import Error

CREATE = "CREATE TABLE IF NOT EXISTS kept (n UInt64, s String) ENGINE = MergeTree ORDER BY n"


def _try(*arguments: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "sinks.embedded", "--http-port", "0", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    return ended.returncode, ended.stderr


@pytest.mark.slow
def test_a_killed_server_has_every_acknowledged_row(start: Any, tmp_path: Path) -> None:
    acknowledged = 0
    for round_ in range(4):
        store = start(tmp_path / "data")
        client = store.writer()
        client.execute(CREATE)
        killer = threading.Timer(0.2 + 0.1 * round_, store.process.kill)
        killer.start()
        try:
            while True:
                rows = [(n, "x" * 20) for n in range(acknowledged, acknowledged + 500)]
                client.execute("INSERT INTO kept VALUES", rows)
                acknowledged += 500
        except (Error, OSError, EOFError):
            killer.join()
            store.process.wait(10)
            client.disconnect()

        store = start(tmp_path / "data")
        client = store.writer()
        ((found, distinct),) = client.execute("SELECT count(), uniqExact(n) FROM kept")
        client.disconnect()
        store.end(signal.SIGTERM)
        assert found in (acknowledged, acknowledged + 500)
        assert distinct == found
        acknowledged = found
    assert acknowledged > 0


def test_sigterm_lets_a_running_insert_finish(start: Any, tmp_path: Path) -> None:
    store = start(tmp_path / "data")
    client = store.writer()
    client.execute(CREATE)
    begun = threading.Event()

    def rows() -> Any:
        for n in range(50):
            begun.set()
            yield (n, "x")

    def insert() -> None:
        client.execute("INSERT INTO kept VALUES", rows(), settings={"insert_block_size": 5})

    thread = threading.Thread(target=insert)
    thread.start()
    begun.wait()
    code = store.end(signal.SIGTERM)
    thread.join()
    client.disconnect()

    again = start(tmp_path / "data")
    client = again.writer()
    found = client.execute("SELECT count() FROM kept")
    client.disconnect()
    assert code == 0
    assert found == [(50,)]


def test_a_client_that_dies_in_an_insert_leaves_nothing(start: Any, tmp_path: Path) -> None:
    store = start(tmp_path / "data")
    client = store.writer()
    client.execute(CREATE)
    before = _open_for_clients(store.process.pid)

    for _ in range(10):
        dying = store.writer()
        dying.connection.force_connect()
        dying.connection.send_query("INSERT INTO kept VALUES")
        dying.connection.send_external_tables([])
        dying.receive_sample_block()
        columns = [("n", "UInt64"), ("s", "String")]
        dying.connection.send_data(RowOrientedBlock(columns, [(1, "x")]))
        dying.connection.socket.shutdown(socket.SHUT_RDWR)
        dying.disconnect()

    assert client.execute("SELECT count() FROM kept") == [(0,)]
    _wait_for(lambda: _open_for_clients(store.process.pid) <= before)
    client.disconnect()


def test_a_directory_in_use_is_refused_in_one_sentence(store: Any) -> None:
    code, message = _try("--data", str(store.data), "--native-port", "0")

    assert code == 1
    assert message.count("\n") == 1
    assert "is in use: stop the server that has it" in message


def test_a_busy_port_is_refused_in_one_sentence(store: Any, tmp_path: Path) -> None:
    code, message = _try("--data", str(tmp_path / "other"), "--native-port", str(store.native_port))

    assert code == 1
    assert message.count("\n") == 1
    assert "choose another one" in message


@pytest.mark.parametrize("data", ["/proc/nowhere", "/tmp/with:colon"])
def test_an_unusable_directory_is_refused_in_one_sentence(data: str) -> None:
    code, message = _try("--data", data, "--native-port", "0")

    assert code == 1
    assert message.count("\n") == 1


def test_an_idle_server_is_small(start: Any, tmp_path: Path) -> None:
    store = start(tmp_path / "data")
    client = store.writer()
    client.execute(CREATE)
    client.execute("INSERT INTO kept VALUES", [(n, "x") for n in range(1000)])
    client.disconnect()

    assert psutil.Process(store.process.pid).memory_info().rss < 280 << 20
    assert json.loads((store.data / "store.json").read_text())["host"] == "127.0.0.1"


def test_eight_clients_read_and_insert_at_once(store: Any) -> None:
    main = store.writer()
    main.execute("CREATE TABLE shared (who UInt8, n UInt32) ENGINE = MergeTree ORDER BY n")
    failed: list[Exception] = []

    def work(who: int) -> None:
        client: Client = store.writer(compression="lz4" if who % 2 else False)
        try:
            for turn in range(10):
                client.execute("INSERT INTO shared VALUES", [(who, turn * 100 + n) for n in range(100)])
                ((rows, numbers),) = client.execute(
                    "SELECT count(), uniqExact(n) FROM shared WHERE who = %(who)s", {"who": who}
                )
                assert rows == numbers == (turn + 1) * 100
        except Exception as error:
            failed.append(error)
        finally:
            client.disconnect()

    threads = [threading.Thread(target=work, args=(who,)) for who in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    total = main.execute("SELECT count() FROM shared")
    main.disconnect()
    assert failed == []
    assert total == [(8000,)]


def _open_for_clients(pid: int) -> int:
    """Sockets and gathered inserts; the engine's threads open and close files of their own."""
    count = 0
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            count += str(entry.readlink()).startswith(("socket:", "/memfd:"))
    return count


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_client_that_names_no_database_finds_the_maps_tables(start: Any, tmp_path: Path) -> None:
    store = start(tmp_path / "store")
    with store.writer() as writer:
        assert writer.execute("SELECT currentDatabase()") == [("default",)]
        writer.execute("CREATE DATABASE servicemap")
        writer.execute("CREATE TABLE servicemap.known ENGINE = Memory AS SELECT 7 AS seven")

    with store.reader() as reader:
        assert reader.execute("SELECT seven FROM known") == [(7,)]
    with urlopen(f"{store.url}?query=SELECT+seven+FROM+known", timeout=20) as answer:
        assert answer.read() == b"7\n"
    with store.reader(database="default") as reader:
        assert reader.execute("SELECT currentDatabase()") == [("default",)]


def test_what_large_answers_took_is_given_back(store: Any) -> None:
    columns = ", ".join(f"toString(rand({number}))" for number in range(40))

    def ask(rows: int) -> None:
        query = urlencode({"query": f"SELECT {columns} FROM numbers({rows}) ORDER BY rand()"})
        with urlopen(f"{store.url}?{query}", timeout=60) as answer:
            assert answer.read().count(b"\n") == rows

    ask(10)  # what runs a query at all stays
    before = _anonymous(store)
    for _ in range(4):
        ask(60_000)
    threads = [threading.Thread(target=ask, args=(60_000,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    end = time.monotonic() + 30
    while (after := _anonymous(store)) > before + (50 << 20):
        assert time.monotonic() < end, f"{before >> 20} MiB have become {after >> 20}"
        time.sleep(0.2)


def _anonymous(store: Any) -> int:
    """Return the memory that is no file's, in bytes."""
    memory = psutil.Process(store.process.pid).memory_full_info()
    return int(memory.rss - memory.shared)
