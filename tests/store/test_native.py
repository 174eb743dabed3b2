import threading
import time
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from ipaddress import IPv6Address
from typing import Any
from uuid import UUID

import pytest
from clickhouse_driver import Client
from clickhouse_driver.errors import ServerException

ALL_TYPES = """
    a Int32, b String, c LowCardinality(String), d Array(LowCardinality(Nullable(String))),
    e Map(String, Float64), f Nullable(DateTime64(3)), g IPv6, h Tuple(x Int8, y String),
    i LowCardinality(Nullable(String)), j FixedString(3), k Enum8('on' = 1, 'off' = 2),
    l Array(Array(UInt16)), m Decimal(12, 2), n UUID, o Map(LowCardinality(String), Array(Int8))
"""


def _row(n: int) -> tuple[Any, ...]:
    return (
        *(n, "b" * n * 7, f"c{n % 3}", ["x", None, "y"][: n % 4], {f"k{n}": n / 2} if n % 2 else {}),
        datetime(2026, 1, 1, 0, 0, n % 60) if n % 3 else None,
        *(IPv6Address(n), (n % 100, "z" * (n % 5)), None if n % 5 else "i", "fix"),
        *("on" if n % 2 else "off", [[n]] * (n % 3), Decimal(n) / 4, UUID(int=n)),
        {"q": [1, 2][: n % 3]} if n % 4 else {},
    )


@pytest.mark.parametrize("compression", [False, "lz4"])
@pytest.mark.parametrize("revision", [54405, 54420, 54441, 54454, 54456, 54459, 54477])
def test_every_type_comes_back_as_it_went_in(
    store: Any, monkeypatch: pytest.MonkeyPatch, compression: Any, revision: int
) -> None:
    monkeypatch.setattr("clickhouse_driver.defines.CLIENT_REVISION", revision)
    client = store.writer(compression=compression)
    table = f"all_{revision}_{compression}"
    client.execute(f"CREATE TABLE {table} ({ALL_TYPES}) ENGINE = MergeTree ORDER BY a")
    rows = [_row(n) for n in range(200)]

    client.execute(f"INSERT INTO {table} VALUES", rows)
    found = client.execute(f"SELECT * FROM {table} ORDER BY a")

    client.disconnect()
    assert found == rows


def test_an_insert_of_many_blocks_names_its_columns_in_any_order(writer: Client) -> None:
    writer.execute("CREATE TABLE many (a UInt32, b String, c Int8 DEFAULT 7) ENGINE = Memory")

    writer.execute(
        "INSERT INTO many (b, a) VALUES",
        [(str(n), n) for n in range(1000)],
        settings={"insert_block_size": 10},
    )

    assert writer.execute("SELECT count(), sum(a), countIf(b = toString(a)), sum(c) FROM many") == [
        (1000, 499500, 1000, 7000)
    ]


def test_an_insert_takes_the_columns_a_table_has_by_now(store: Any, writer: Client) -> None:
    writer.execute("CREATE TABLE grows (a UInt8) ENGINE = Memory")
    writer.execute("INSERT INTO grows VALUES", [(1,)])

    other = store.writer()  # what one connection changes, another must see
    other.execute("DROP TABLE grows")
    other.execute("CREATE TABLE grows (a String, b UInt8 DEFAULT 5) ENGINE = Memory")
    other.disconnect()
    writer.execute("INSERT INTO grows VALUES", [("x", 2)])
    writer.execute("INSERT INTO grows (a) VALUES", [("y",)])

    assert writer.execute("SELECT * FROM grows ORDER BY a") == [("x", 2), ("y", 5)]


def test_an_empty_result_still_names_its_columns(writer: Client) -> None:
    for query in ("SELECT 1 AS one, 'x' AS two WHERE 0", "SHOW TABLES LIKE 'nothing'"):
        rows, columns = writer.execute(query, with_column_types=True)
        assert rows == []
        assert columns[0][1] in ("UInt8", "String")


EMPTY = {
    "SELECT 1 AS one, 'x' AS two WHERE 0": [("one", "UInt8"), ("two", "String")],
    "WITH 1 AS a SELECT a, map('k', toDateTime64(0, 3, 'UTC')) AS b, [1.5] AS c FROM numbers(3) WHERE number > 9": [
        ("a", "UInt8"),
        ("b", "Map(String, DateTime64(3, 'UTC'))"),
        ("c", "Array(Float64)"),
    ],
    "SELECT number AS n, toNullable(max(number)) AS m FROM numbers(0) GROUP BY n SETTINGS max_threads = 1": [
        ("n", "UInt64"),
        ("m", "Nullable(UInt64)"),
    ],
    "SELECT toLowCardinality('') AS `an odd name`, count() OVER () WHERE 0": [
        ("an odd name", "LowCardinality(String)"),
        ("count() OVER ()", "UInt64"),
    ],
    "SELECT 1 AS n WHERE 0 UNION ALL SELECT 300 WHERE 0": [("n", "UInt16")],
    "SELECT CAST('a)', 'Enum8(\\'a)\\' = 1)') AS e WHERE 0": [("e", "Enum8('a)' = 1)")],
}


@pytest.mark.parametrize("query", EMPTY)
def test_an_empty_result_has_the_columns_that_rows_would_have(writer: Client, query: str) -> None:
    assert writer.execute(query, with_column_types=True) == ([], EMPTY[query])


def test_errors_have_clickhouses_code_and_leave_the_connection_usable(writer: Client) -> None:
    for code, query in [
        (62, "SELEC 1"),
        (60, "SELECT * FROM nowhere"),
        (395, "SELECT throwIf(number = 150000) FROM numbers(200000)"),
        (60, "INSERT INTO nowhere VALUES"),
        (115, "SELECT 1 SETTINGS no_such_setting = 1"),
    ]:
        with pytest.raises(ServerException) as caught:
            writer.execute(query, [] if query.startswith("INSERT") else None)
        assert caught.value.code == code
        assert writer.execute("SELECT 1") == [(1,)]


def test_a_constraint_that_fails_stores_nothing_of_the_insert(writer: Client) -> None:
    writer.execute("CREATE TABLE strict (a Int32, CONSTRAINT c CHECK a < 50) ENGINE = Memory")

    with pytest.raises(ServerException) as caught:
        writer.execute("INSERT INTO strict VALUES", [(n,) for n in range(100)])

    assert caught.value.code == 469
    assert writer.execute("SELECT count() FROM strict") == [(0,)]


def test_parameters_are_bound_by_the_engine(store: Any) -> None:
    client = store.reader(settings={"server_side_params": True})
    text = "it's \\ a\n\ttest"

    found = client.execute("SELECT {text:String}, {n:Int32} + 1", {"text": text, "n": 4})

    client.disconnect()
    assert found == [(text, 5)]


def test_settings_are_for_one_query_only(writer: Client) -> None:
    query = "SELECT getSetting('max_block_size')"
    before = writer.execute(query)

    assert writer.execute(query, settings={"max_block_size": 77}) == [(77,)]
    assert writer.execute(query) == before


def test_progress_and_profile_are_sent(reader: Client) -> None:
    reader.execute("SELECT number FROM numbers(1000)")

    assert reader.last_query.progress.rows == 1000
    assert reader.last_query.profile_info.rows == 1000


def test_a_wrong_password_is_refused(store: Any) -> None:
    for user, password in [("servicemap", "guess"), ("default", "guess"), ("nobody", "")]:
        client = Client("127.0.0.1", port=store.native_port, user=user, password=password)
        with pytest.raises(ServerException) as caught:
            client.execute("SELECT 1")
        client.disconnect()
        assert caught.value.code == 516


def test_a_cancelled_query_stops_in_the_engine(store: Any, writer: Client) -> None:
    slow = store.reader()
    running = slow.execute_iter("SELECT sleepEachRow(0.1) FROM numbers(600) SETTINGS max_block_size = 1")
    next(running)

    slow.cancel()
    slow.disconnect()

    _wait_until_no_query_runs(writer, "sleepEachRow(0.1)")


def test_a_client_that_leaves_stops_its_query(store: Any, writer: Client) -> None:
    slow = store.reader()
    thread = threading.Thread(target=_ignore_errors, args=(slow, _slow("0.2")))
    thread.start()
    _wait_for(lambda: bool(_running(writer, "sleepEachRow(0.2)")))

    slow.connection.socket.shutdown(2)
    thread.join()
    slow.disconnect()

    _wait_until_no_query_runs(writer, "sleepEachRow(0.2)")


def test_a_slow_query_does_not_hold_up_others(store: Any, writer: Client, reader: Client) -> None:
    slow = store.reader()
    thread = threading.Thread(target=_ignore_errors, args=(slow, _slow("0.3")))
    thread.start()
    _wait_for(lambda: bool(_running(writer, "sleepEachRow(0.3)")))

    for _ in range(20):
        assert reader.execute("SELECT 1") == [(1,)]

    assert _running(writer, "sleepEachRow(0.3)")
    slow.connection.socket.shutdown(2)
    thread.join()
    slow.disconnect()


def test_a_time_limit_ends_a_query(reader: Client) -> None:
    with pytest.raises(ServerException) as caught:
        reader.execute(_slow("0.1"), settings={"max_execution_time": 1})

    assert caught.value.code == 159


def _slow(seconds: str) -> str:
    return f"SELECT sum(sleepEachRow({seconds})) FROM numbers(600) SETTINGS max_block_size = 1"


def _ignore_errors(client: Client, query: str) -> None:
    with pytest.raises(Exception):  # noqa: B017, PT011 - however the driver reports the cut
        client.execute(query)


def _running(client: Client, text: str) -> list[Any]:
    found: list[Any] = client.execute(
        "SELECT query FROM system.processes WHERE position(query, %(text)s) > 0 "
        "AND position(query, 'system.processes') = 0",
        {"text": text},
    )
    return found


def _wait_until_no_query_runs(client: Client, text: str) -> None:
    _wait_for(lambda: not _running(client, text))


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
