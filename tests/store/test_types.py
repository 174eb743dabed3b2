"""Columns whose parts only their values show: what the engine gives, whole and cut into columns, is the same."""

from typing import Any

import clickhouse_connect
import pytest
from clickhouse_driver import Client
from clickhouse_driver.errors import ServerException

from sinks.embedded.blocks import read_block
from sinks.embedded.engine import EngineError
from sinks.embedded.wire import Source, string, varint
from tests.store.test_http import Http, http_client

__all__ = ["http_client"]
BOTH = "Variant(String, Array(UInt8))"
COLUMNS = [
    "CAST(number, 'Variant(UInt64, String)')",
    f"multiIf(number % 3 = 0, NULL, number % 3 = 1, 'x'::{BOTH}, [1, 2]::Array(UInt8)::{BOTH})",
    "[CAST(number, 'Variant(UInt64, LowCardinality(String))')]",
    "CAST(toString(number), 'Variant(LowCardinality(String), Tuple(a LowCardinality(Nullable(String)), b UInt8))')",
    "CAST(number, 'Dynamic')",
    "if(number % 4 = 0, NULL::Dynamic, if(number % 2 = 0, number::Dynamic, toDate(number)::Dynamic))",
    "if(number % 3 = 0, 1::Dynamic(max_types = 1), toDateTime64(number, 3)::Dynamic(max_types = 1))",
    "map('k', number::Dynamic)",
    """concat('{"a": ', toString(number), ', "b": {"c": "x", "d": [1, null]}}')::JSON""",
    """concat('{"k', toString(number % 5), '": 1, "a": "y"}')::JSON(a LowCardinality(String), max_dynamic_paths = 2)""",
    """'{"a": [{"b": 1}, {"b": {"c": 2}}], "x y": 1}'::JSON(`x y` UInt8, SKIP z, SKIP REGEXP 'q.*')""",
    "'{}'::JSON",
    """[concat('{"a": ', toString(number), '}')::JSON]""",
    """tuple(number::Dynamic, 'x'::LowCardinality(String), '{"a": 1}'::JSON)""",
]


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("rows", [1, 300])
def test_the_end_of_a_column_is_found_by_its_prefixes(http_client: Http, column: str, rows: int) -> None:
    query = f"SELECT 'before' AS a, {column} AS b, 'behind' AS c FROM numbers({rows}) FORMAT Native"

    _, _, plain = http_client("/", query.encode())
    _, _, cut = http_client("/?client_protocol_version=54459", query.encode())

    pieces = iter([plain[n : n + 9] for n in range(0, len(plain), 9)])
    block = read_block(Source(lambda: next(pieces, b""), 1 << 30), 0)
    assert [one.name for one in block.columns] == ["a", "b", "c"]
    assert block.columns[2].data == string("behind") * rows
    assert block.encode(0) == plain
    assert block.encode(54459) == cut


def test_a_reader_of_blocks_has_the_values(store: Any) -> None:
    client = clickhouse_connect.get_client(host="127.0.0.1", port=store.http_port)

    found = client.query(
        'SELECT 7::Variant(UInt8, String) AS v, \'x\'::Dynamic AS d, \'{"a": {"b": [1]}, "c": "y"}\'::JSON AS j'
    )

    client.close()
    assert found.result_rows == [(7, "x", {"a": {"b": [1]}, "c": "y"})]


def test_what_has_no_blocks_is_refused_with_a_way_to_read_it(store: Any, reader: Client) -> None:
    query = "SELECT uniqState(number) AS u FROM numbers(3)"
    with pytest.raises(ServerException, match=r"finalizeAggregation\(\)") as caught:
        reader.execute(query)
    assert caught.value.code == 50
    assert "HTTP" not in caught.value.message

    assert reader.execute(query.replace("uniqState(number)", "finalizeAggregation(uniqState(number))")) == [(3,)]


def test_parts_within_parts_without_end_are_refused() -> None:
    level = (1).to_bytes(8, "little") + varint(1) + varint(1) + string("Dynamic") + bytes(8)
    data = varint(1) + varint(1) + string("a") + string("Dynamic") + level * 20_000

    pieces = iter([data])
    with pytest.raises(EngineError, match="too deep"):
        read_block(Source(lambda: next(pieces, b""), 1 << 30), 0)
