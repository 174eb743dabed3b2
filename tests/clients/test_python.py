"""clickhouse-connect, clickhouse-driver and ibis: connect, parameters, settings, errors, types."""

import json
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from ipaddress import IPv4Address, IPv6Address
from typing import Any
from uuid import UUID

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client as Connect
from clickhouse_connect.driver.exceptions import DatabaseError, StreamFailureError
from clickhouse_driver import Client as Driver
from clickhouse_driver.errors import ServerException

from tests.clients.conftest import LATE, VALUES, VIEWS
from tests.store.conftest import Store

NOT_OF_DRIVER = ("Variant", "Dynamic", "JSON")


def as_json(value: Any) -> Any:
    """Return a value of Python's as JSON would have it."""
    match value:
        case bytes():
            return value.decode()
        case Decimal():
            return float(value)
        case datetime():
            return str(value.replace(tzinfo=None)).removesuffix("000")
        case date() | UUID() | IPv4Address() | IPv6Address():
            return str(value)
        case tuple() | list():
            return [as_json(each) for each in value]
        case dict():
            return {key: as_json(each) for key, each in value.items()}
    return value


@pytest.fixture(params=[False, "lz4", "zstd", "gzip"])
def connect(mapped: Store, request: pytest.FixtureRequest) -> Iterator[Connect]:
    client = clickhouse_connect.get_client(host="127.0.0.1", port=mapped.http_port, compress=request.param)
    yield client
    client.close()


@pytest.fixture(params=[False, "lz4"])
def driver(mapped: Store, request: pytest.FixtureRequest) -> Iterator[Driver]:
    client = Driver("127.0.0.1", port=mapped.native_port, compression=request.param)
    yield client
    client.disconnect()


def test_clickhouse_connect_asks_with_parameters_and_settings(connect: Connect) -> None:
    settings = {"max_block_size": 77, "max_execution_time": 900}
    query = "SELECT {text:String}, getSetting('max_block_size'), getSetting('max_execution_time')"

    found = connect.query(query, parameters={"text": "it's\t\\x"}, settings=settings)

    assert found.result_rows == [("it's\t\\x", 77, 300.0)]
    assert connect.query("SELECT 1 WHERE 0").result_rows == []
    assert found.summary["result_rows"] == "1"


def test_clickhouse_connect_reads_errors_as_errors(connect: Connect) -> None:
    with pytest.raises(DatabaseError, match="code: 60"):
        connect.query("SELECT * FROM nowhere")
    with (
        pytest.raises(StreamFailureError, match="395"),
        connect.query_row_block_stream(LATE, settings={"wait_end_of_query": 0}) as blocks,
    ):
        for _ in blocks:
            pass
    assert connect.query("SELECT 1").result_rows == [(1,)]


def test_clickhouse_driver_asks_with_parameters_and_settings(mapped: Store) -> None:
    client = Driver("127.0.0.1", port=mapped.native_port, settings={"server_side_params": True})
    settings = {"max_block_size": 77, "max_execution_time": 900}
    query = "SELECT {text:String}, getSetting('max_block_size'), getSetting('max_execution_time')"

    assert client.execute(query, {"text": "it's\t\\x"}, settings=settings) == [("it's\t\\x", 77, 300.0)]
    client.disconnect()


def test_clickhouse_driver_reads_errors_as_errors(driver: Driver) -> None:
    for query, code in (("SELECT * FROM nowhere", 60), (LATE, 395)):
        with pytest.raises(ServerException) as caught:
            driver.execute(query)
        assert caught.value.code == code
    assert driver.execute("SELECT 1") == [(1,)]


def test_every_type_is_read(mapped: Store) -> None:
    connect = clickhouse_connect.get_client(host="127.0.0.1", port=mapped.http_port)
    driver = Driver("127.0.0.1", port=mapped.native_port)
    wrong = []
    for value in VALUES:
        query = f"SELECT {value.sql} AS v FROM numbers(2)"
        ways = [("clickhouse-connect", connect.query(query).result_rows)]
        if not any(kind in value.sql for kind in NOT_OF_DRIVER):
            ways.append(("clickhouse-driver", driver.execute(query)))
        wrong += [(way, value.sql, found) for way, found in ways if _of(found) != [json.loads(value.json)] * 2]
    connect.close()
    driver.disconnect()
    assert wrong == []


def _of(rows: list[tuple[Any, ...]]) -> list[Any]:
    return [as_json(row[0]) for row in rows]


@pytest.mark.parametrize("view", VIEWS)
def test_the_views_are_read(mapped: Store, view: str) -> None:
    connect = clickhouse_connect.get_client(host="127.0.0.1", port=mapped.http_port)
    driver = Driver("127.0.0.1", port=mapped.native_port)

    found = connect.query(f"SELECT * FROM servicemap.{view}")
    rows = driver.execute(f"SELECT * FROM servicemap.{view}")

    connect.close()
    driver.disconnect()
    assert len(rows) == len(found.result_rows) == 1
    assert as_json(rows) == as_json(found.result_rows)


@pytest.mark.filterwarnings("ignore:The 'future.infer_string' option")
def test_ibis_reads_the_views_as_tables(mapped: Store) -> None:
    ibis = pytest.importorskip("ibis")
    connection = ibis.clickhouse.connect(host="127.0.0.1", port=mapped.http_port, database="servicemap")
    edges = connection.table("process_edges")

    assert set(VIEWS) <= set(connection.list_tables())
    assert str(edges.schema()["width_ms"]) == "!uint32"
    assert edges.group_by("client_service").agg(n=edges.seen_by_client.sum()).execute().to_dict("records") == [
        {"client_service": "shop", "n": 1}
    ]
    assert connection.table("process_requests").requests.execute().to_list() == [5]
    with pytest.raises(DatabaseError, match="code: 60"):
        connection.raw_sql("SELECT * FROM nowhere")
    connection.disconnect()
