"""Readers that write whatever SQL there is get nothing that is not the store's, and change nothing."""

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlencode

import pytest
from clickhouse_driver import Client
from clickhouse_driver.errors import Error

from tests.store.bait import MARK, Bait
from tests.store.conftest import Store
from tests.store.grammar import Grammar, Names

pytestmark = pytest.mark.slow

STATEMENTS, EACH = 500, 2_000  # of the short form; of the long one, times its factor
_BY_HTTP = 0.2  # of all
_SESSION = 30  # statements on a connection
_LIMITS = {  # of one, so that what never ends by itself is not waited for
    "max_execution_time": "1",
    "max_result_rows": "2000",
    "result_overflow_mode": "break",
    "max_rows_to_read": "100000",
    "read_overflow_mode": "break",
}
# Not confined by the kernel: what is tried here is the wall above that one.
_START = """
import signal, sys
from pathlib import Path
from sinks.embedded.server import Options, serve
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
options = Options(Path(sys.argv[1]), native_port=0, http_port=0)
serve(options, lambda: signal.sigwait({signal.SIGTERM}), lambda store: print("ready", flush=True))
"""


@pytest.fixture
def unconfined(tmp_path: Path) -> Iterator[Store]:
    data = tmp_path / "data"
    with subprocess.Popen([sys.executable, "-c", _START, str(data)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        facts = json.loads((data / "store.json").read_text())
        yield Store(data, process, facts["native_port"], facts["http_port"])
        process.terminate()
        process.wait(60)


class Reader:
    """Asks on both ports, and gives all that comes back as one text."""

    def __init__(self, store: Store, random: Random) -> None:
        self._store = store
        self._random = random
        self._client = self._connect()

    def ask(self, statement: str, parameters: dict[str, str]) -> str:
        if self._random.random() < _BY_HTTP:
            return self._ask_http(statement, parameters)
        try:
            return repr(self._client.execute(statement, parameters, settings=_LIMITS))
        except Error as error:
            return str(error)
        except (ValueError, KeyError, TypeError, AttributeError, NotImplementedError) as error:
            self.renew()  # a type, a value or a text that the driver cannot read or write
            return str(error)

    def _ask_http(self, statement: str, parameters: dict[str, str]) -> str:
        values = {**_LIMITS, **{f"param_{name}": value for name, value in parameters.items()}}
        connection = http.client.HTTPConnection("127.0.0.1", self._store.http_port, timeout=30)
        try:
            connection.request("POST", f"/?{urlencode(values)}", statement.encode("utf-8", "surrogateescape"))
            with connection.getresponse() as answer:
                return str(answer.getheaders()) + answer.read().decode("utf-8", "replace")
        except http.client.IncompleteRead as error:
            return error.partial.decode("utf-8", "replace")
        finally:
            connection.close()

    def _connect(self) -> Client:
        return self._store.reader(settings={"server_side_params": True})

    def renew(self) -> None:
        self.close()
        self._client = self._connect()

    def close(self) -> None:
        self._client.disconnect()


def _state(writer: Any) -> Any:
    """Return what the store holds."""
    return (
        writer.execute("SELECT database, name, create_table_query FROM system.tables ORDER BY ALL"),
        writer.execute("SELECT name FROM system.databases ORDER BY ALL"),
        writer.execute("SELECT name FROM system.functions WHERE origin != 'System' ORDER BY ALL"),
        writer.execute("SELECT * FROM kept ORDER BY ALL"),
    )


@pytest.mark.fuzz
def test_no_statement_of_a_reader_leaks_connects_or_changes_anything(
    unconfined: Store, tmp_path: Path, fuzz_factor: int
) -> None:
    random = Random(7)
    token = unconfined.token
    writer = unconfined.writer()
    writer.execute("CREATE TABLE kept (a String) ENGINE = MergeTree ORDER BY a")
    writer.execute("INSERT INTO kept VALUES", [("a",)])
    (tmp_path / "bait").mkdir()
    with Bait(tmp_path / "bait") as bait:
        token_file = next(tmp_path.rglob("store.token"))
        for watched in (bait.folder, token_file):
            bait.watch(watched)
        grammar = Grammar(random, _names(writer), [*bait.targets(), str(token_file)])
        before = _state(writer)
        reader = Reader(unconfined, random)
        answered = 0
        total = STATEMENTS if fuzz_factor == 1 else EACH * fuzz_factor
        for number in range(total):
            if number % _SESSION == 0:  # what was SET goes on to stand in the way
                reader.renew()
            statement = grammar.statement()
            answer = reader.ask(statement, grammar.parameters)
            answered += "Exception" not in answer
            assert MARK not in answer, statement
            assert token not in answer, statement
            assert not bait.touched(), statement
            assert not bait.visits, statement
        reader.close()
        assert _state(writer) == before
        assert not bait.touched()
    writer.disconnect()
    print(f"{total} statements, {answered} of them answered without an error")
    assert answered > total / 30  # what is never answered tries little


def _names(writer: Any) -> Names:
    def listed(query: str) -> list[str]:
        return [name for (name,) in writer.execute(query)]

    return Names(
        functions=listed("SELECT name FROM system.functions WHERE name NOT ILIKE 'sleep%' ORDER BY name"),
        table_functions=listed("SELECT name FROM system.table_functions ORDER BY name"),
        tables=listed(
            "SELECT name FROM system.tables WHERE database = 'system' AND name NOT IN ('primes') ORDER BY name"
        ),
        settings=listed("SELECT name FROM system.settings ORDER BY name"),
    )
