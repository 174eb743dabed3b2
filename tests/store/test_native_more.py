"""What clients of the native protocol send and expect beside rows: totals, ids, tables of their own, other servers."""

import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote
from urllib.request import urlopen

import pytest
from clickhouse_driver import Client
from clickhouse_driver.errors import ServerException

from tests.store.test_native import _ignore_errors, _wait_for

TOTALS = "SELECT number % 3 AS k, count() AS n, toString(k) AS s FROM numbers(8) GROUP BY k WITH TOTALS ORDER BY k"
ROWS = [(0, 3, "0"), (1, 3, "1"), (2, 2, "2")]


def packets(client: Client, query: str, **settings: Any) -> dict[str, list[Any]]:
    """Return all blocks of a result, by the packets they came in."""
    connection = client.get_connection()
    client.make_query_settings(settings)
    connection.send_query(query)
    connection.send_external_tables([])
    names = {1: "rows", 7: "totals", 8: "extremes"}
    found: dict[str, list[Any]] = {"rows": [], "totals": [], "extremes": []}
    while (packet := connection.receive_packet()).type != 5:
        if packet.type == 2:
            raise packet.exception
        if packet.type in names:
            found[names[packet.type]] += packet.block.get_rows()
        if packet.type == 6:
            found["profile"] = [packet.profile_info]
    return found


@pytest.mark.parametrize("compression", [False, "lz4"])
def test_totals_and_extremes_come_in_packets_of_their_own(store: Any, compression: Any) -> None:
    client = store.reader(compression=compression)

    found = packets(client, TOTALS)
    both = packets(client, TOTALS, extremes=1)
    inline = packets(client, "SELECT number FROM numbers(4) SETTINGS extremes = 1")
    client.execute("SET extremes = 1")
    chosen = packets(client, "SELECT number FROM numbers(4)")
    nothing = packets(client, "SELECT 1 AS a WHERE a = 2", extremes=0)

    client.disconnect()
    assert (found["rows"], found["totals"], found["extremes"]) == (ROWS, [(0, 8, "0")], [])
    assert (both["rows"], both["totals"]) == (ROWS, [(0, 8, "0")])
    assert both["extremes"] == [(0, 2, "0"), (2, 3, "2")]
    assert inline["extremes"] == chosen["extremes"] == [(0,), (3,)]
    assert (nothing["rows"], nothing["extremes"]) == ([], [])


@pytest.mark.parametrize(
    "column",
    [
        *(
            "toInt8(-5)",
            "toUInt64(18446744073709551615)",
            "toInt256('-57896044618658097711785492504343953926634992332')",
        ),
        *(
            "toFloat32(0.1)",
            "0.1",
            "nan",
            "-inf",
            "'it''s\\t\\n\\\\ \u2028 ü'",
            "unhex('ff00fe')",
            "toFixedString('ab', 3)",
        ),
        *("toDate('2026-03-29')", "toDateTime('2026-03-29 03:30:00', 'Europe/Berlin')", "toDateTime(1790000000)"),
        *(
            "toDateTime64('2026-03-29 03:30:00.123456', 6, 'Asia/Tokyo')",
            "toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0')",
        ),
        *(
            "toIPv4('1.2.3.4')",
            "toIPv6('::1')",
            "CAST('b', 'Enum8(\\'a\\' = 1, \\'b\\' = 2)')",
            "toDecimal128('1.20', 3)",
        ),
        *("toNullable(1)", "NULL", "toLowCardinality(toNullable('x'))", "[[1, 2], []]", "map('a', [1.5])", "true"),
        *("(1, 'x')", "CAST((1, 'x'), 'Tuple(a Int8, `b c` String)')", "toDate32('1925-01-01')", "CAST(1, 'Int128')"),
    ],
)
def test_rows_above_totals_are_what_they_would_be_without(reader: Client, column: str) -> None:
    query = f"SELECT {column} AS v, count() FROM numbers(3) GROUP BY v"

    plain = packets(reader, query, session_timezone="America/New_York")
    more = packets(reader, f"{query} WITH TOTALS", session_timezone="America/New_York")

    assert repr(more["rows"]) == repr(plain["rows"])
    assert more["totals"][0][1] == 3


def test_the_profile_has_what_was_counted(reader: Client) -> None:
    for query in ("SELECT number FROM numbers(70000)", TOTALS, "SELECT 1 WHERE 0"):
        found = packets(reader, query)
        assert found["profile"][0].rows == len(found["rows"])
        assert found["profile"][0].calculated_rows_before_limit


def test_progress_is_sent_while_a_query_runs_and_adds_up(reader: Client) -> None:
    connection = reader.get_connection()
    reader.make_query_settings({"max_block_size": 1})
    connection.send_query("SELECT sum(sleepEachRow(0.05)) FROM numbers(10)")
    connection.send_external_tables([])

    sent, seen = [], []
    while (packet := connection.receive_packet()).type != 5:
        seen.append(packet.type)
        if packet.type == 3:
            sent.append((packet.progress.rows, packet.progress.total_rows))

    assert seen.index(3) < seen.index(1)  # before the result
    assert sum(rows for rows, _ in sent) == 10
    assert sum(total for _, total in sent) == 10


@pytest.fixture
def long_query(store: Any) -> Iterator[Callable[[str], threading.Thread]]:
    """Begin a query that takes a minute, under some id."""
    begun: list[tuple[Client, threading.Thread]] = []

    def begin(query_id: str) -> threading.Thread:
        client = store.reader()
        query = "SELECT sum(sleepEachRow(0.1)) FROM numbers(600) SETTINGS max_block_size = 1"
        thread = threading.Thread(target=_ignore_errors, args=(_Named(client, query_id), query))
        begun.append((client, thread))
        thread.start()
        return thread

    yield begin
    for client, thread in begun:
        client.disconnect()
        thread.join()


class _Named:
    def __init__(self, client: Client, query_id: str) -> None:
        self._client, self._id = client, query_id

    def execute(self, query: str) -> Any:
        return self._client.execute(query, query_id=self._id)


PROCESSES = (
    "SELECT query_id FROM system.processes WHERE query_id LIKE 'mine%'",
    "SELECT p.initial_query_id FROM `system`.processes AS p WHERE p.query_id LIKE 'mine%'",
    "SELECT processes.query_id FROM numbers(1) AS n JOIN system.processes ON n.number < 9 "
    "WHERE processes.query_id LIKE 'mine%'",
)


def test_the_id_of_a_query_is_the_one_its_client_gave(
    store: Any, reader: Client, writer: Client, long_query: Callable[[str], threading.Thread]
) -> None:
    thread = long_query("mine's \\ 1")
    for query in PROCESSES:
        while reader.execute(query) != [("mine's \\ 1",)]:
            assert thread.is_alive()
        assert writer.execute(query) == [("mine's \\ 1",)]
    with urlopen(f"{store.url}?query={quote(PROCESSES[0])}", timeout=20) as answer:
        assert answer.read() == b"mine\\'s \\\\ 1\n"

    writer.execute("KILL QUERY WHERE query_id LIKE 'mine%'")

    thread.join(15)
    assert not thread.is_alive()


@pytest.mark.parametrize("how", ["", " SYNC", " ASYNC"])
def test_a_user_who_may_ask_may_stop_what_was_asked_by_its_id(
    reader: Client, long_query: Callable[[str], threading.Thread], how: str
) -> None:
    thread = long_query("stop-me")
    _wait_for(lambda: reader.execute("SELECT count() FROM system.processes WHERE query_id = 'stop-me'") == [(1,)])

    assert reader.execute("KILL QUERY WHERE query_id = 'another'") == []
    sent = reader.execute(f"KILL QUERY WHERE query_id = 'stop-me'{how}")

    assert [row[1:] for row in sent] == [("stop-me", "default")]
    thread.join(15)
    assert not thread.is_alive()


def test_a_reader_stops_nothing_of_the_writers_and_nothing_without_an_id(
    store: Any, reader: Client, writer: Client
) -> None:
    client = store.writer()
    thread = threading.Thread(
        target=_ignore_errors, args=(_Named(client, "the-writers"), "SELECT sum(sleepEachRow(0.1)) FROM numbers(30)")
    )
    thread.start()
    running = "SELECT count() FROM system.processes WHERE query_id = 'the-writers'"
    _wait_for(lambda: writer.execute(running) == [(1,)])
    assert reader.execute(running) == [(0,)]

    assert reader.execute("KILL QUERY WHERE query_id = 'the-writers'") == []
    for text in ("KILL QUERY WHERE 1", "KILL QUERY WHERE query_id != ''", "KILL QUERY WHERE query_id = '' OR 1 = '1'"):
        with pytest.raises(ServerException) as caught:
            reader.execute(text)
        assert caught.value.code == 164
    assert thread.is_alive()
    writer.execute("KILL QUERY WHERE query_id = 'the-writers'")
    thread.join(15)
    client.disconnect()
    assert not thread.is_alive()


def test_an_id_is_one_querys_at_a_time(
    store: Any, reader: Client, long_query: Callable[[str], threading.Thread]
) -> None:
    first = long_query("taken")
    _wait_for(lambda: reader.execute("SELECT count() FROM system.processes WHERE query_id = 'taken'") == [(1,)])

    with pytest.raises(ServerException) as caught:
        reader.execute("SELECT 1", query_id="taken")
    assert caught.value.code == 216

    assert reader.execute("SELECT 7", query_id="taken", settings={"replace_running_query": 1}) == [(7,)]
    first.join(15)
    assert not first.is_alive()
    assert reader.execute("SELECT 8", query_id="taken") == [(8,)]


@pytest.mark.parametrize("login", [False, True])
@pytest.mark.parametrize("compression", [False, "lz4"])
def test_a_query_brings_tables_of_its_own(store: Any, login: bool, compression: Any) -> None:
    client = (store.writer if login else store.reader)(compression=compression)
    tables = [
        {"name": "own", "structure": [("a", "Int32"), ("b", "Array(String)")], "data": [{"a": 1, "b": ["x"]}] * 3},
        {"name": "other", "structure": [("a", "Int32")], "data": [{"a": 1}]},
    ]

    for _ in range(2):
        found = client.execute("SELECT sum(a), any(b) FROM own JOIN other USING (a)", external_tables=tables)
        assert found == [(3, ["x"])]
    with pytest.raises(ServerException) as caught:
        client.execute("SELECT * FROM own")
    assert caught.value.code == 60
    assert client.execute("SELECT 1") == [(1,)]
    client.disconnect()


REMOTE = """
import sys
from chdb import session
asked = session.Session()
for query in sys.stdin.read().split(";"):
    try:
        print(str(asked.query(query, "TSV")).strip().replace("\\n", ","), flush=True)
    except Exception as error:
        print("ERROR", str(error).replace("\\n", " "), flush=True)
"""


def test_another_clickhouse_reads_from_this_one(store: Any, writer: Client) -> None:
    writer.execute("CREATE TABLE far (k UInt8, v String) ENGINE = MergeTree ORDER BY k")
    writer.execute("INSERT INTO far VALUES", [(n, f"v{n}") for n in range(10)])
    here = f"127.0.0.1:{store.native_port}"
    expected = {
        f"SELECT count(), sum(k) FROM remote('{here}', default.far)": "10\t45",
        f"SELECT k % 2 AS odd, uniq(v) FROM remote('{here}', default.far) GROUP BY odd ORDER BY odd": "0\t5,1\t5",
        f"SELECT v FROM remote('{here}', default.far) WHERE k IN (SELECT 3) OR v = 'v5' ORDER BY k": "v3,v5",
        f"SELECT v FROM remote('{here}', default.far) WHERE k GLOBAL IN (SELECT 3)": "v3",
        f"SELECT * FROM remote('{here}', numbers(2))": "0,1",
        f"SELECT throwIf(k = 5) FROM remote('{here}', default.far)": "ERROR.* 395",
        f"SELECT * FROM remote('{here}', default.nowhere)": "ERROR",
        f"SELECT uniq(v) FROM remote('{here},{here}', default.far)": "ERROR.*no part in distributed queries",
        f"INSERT INTO FUNCTION remote('{here}', default.far) VALUES (1, 'x')": "ERROR.* 164",
        f"SELECT * FROM remote('{here}', default.far, 'default', 'guess')": "ERROR.* 516",
        f"INSERT INTO FUNCTION remote('{here}', default.far, 'servicemap', '{store.token}') VALUES (99, 'x')": "",
        f"SELECT v FROM remote('{here}', default.far, 'servicemap', '{store.token}') WHERE k = 99": "x",
    }

    asked = subprocess.run(
        [sys.executable, "-c", REMOTE], input=";".join(expected), capture_output=True, text=True, timeout=60, check=True
    )

    sent = asked.stdout.split("\n")
    for (query, answer), line in zip(expected.items(), sent, strict=False):
        assert re.fullmatch(f"{answer}.*" if "ERROR" in answer else answer, line), (query, line)
