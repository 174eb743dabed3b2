"""ClickHouse's client for Node, as package-lock.json has it."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import LATE, VALUES, VIEWS
from tests.nodejs import NodeMissing, modules, node
from tests.store.conftest import Store

SCRIPT = Path(__file__).with_name("ask.mjs")


class Node:
    def __init__(self, store: Store, program: Path) -> None:
        self._store, self._program = store, program

    def ask(self, *asked: dict[str, Any], compressed: bool = False, password: str = "") -> list[dict[str, Any]]:
        task = {"url": self._store.url, "password": password, "compressed": compressed, "asked": asked}
        done = subprocess.run(
            [self._program, SCRIPT],
            input=json.dumps(task),
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def client(mapped: Store) -> Node:
    try:
        modules()  # where Node.js finds the client
        return Node(mapped, node())
    except NodeMissing as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("compressed", [False, True])
def test_node_asks_and_reads_errors_as_errors(client: Node, compressed: bool) -> None:
    settings = {"max_block_size": "77", "max_execution_time": 900}
    results = client.ask(
        {"query": "SELECT {text:String}", "query_params": {"text": "it's\t\\x"}},
        {"query": "SELECT {text:String}", "query_params": {"text": "x" * 20_000}},
        {
            "query": "SELECT getSetting('max_block_size'), getSetting('max_execution_time')",
            "clickhouse_settings": settings,
        },
        {"query": "SELECT query_id FROM system.processes WHERE query_id = 'of-node'", "query_id": "of-node"},
        {"query": "SELECT 1", "session_id": "of-node"},
        {"query": "SELECT * FROM nowhere"},
        {"query": LATE, "streamed": True},
        {"query": LATE, "streamed": True, "format": "CSV"},
        {"query": "SELECT number FROM numbers(300000)", "streamed": True},
        {
            "query": "SELECT sum(sleepEachRow(0.05)), throwIf(max(number) = 7) FROM numbers(8)",
            "clickhouse_settings": {
                "send_progress_in_http_headers": 1,
                "http_headers_progress_interval_ms": "10",
                "max_block_size": "1",
            },
        },
        compressed=compressed,
    )

    assert [each.get("rows") for each in results[:5]] == [
        *([["it's\t\\x"]], [["x" * 20_000]], [[77, 300]], [["of-node"]], [[1]]),
    ]
    assert results[8] == {"rows": 300_000}
    assert [(results[n]["error"], results[n]["code"]) for n in (5, 9)] == [
        ("ClickHouseError", "60"),
        ("ClickHouseError", "395"),
    ]
    for late in results[6:8]:
        # A packed answer that breaks off may be "aborted" to Node before it has read why: an error all the same.
        assert late.get("code") == "395" or (compressed and late["error"])


def test_node_reads_every_type_and_the_views(client: Node) -> None:
    settings = {"output_format_json_quote_64bit_integers": 1}
    results = client.ask(
        *({"query": f"SELECT toJSONString({value.sql}) AS v"} for value in VALUES),
        *({"query": f"SELECT {value.sql} AS v", "clickhouse_settings": settings} for value in VALUES),
        *({"query": f"SELECT * FROM servicemap.{view}"} for view in VIEWS),
    )

    wrong = [
        (value.sql, each)
        for value, each in zip(VALUES, results, strict=False)
        if json.loads(each["rows"][0][0] or "null") != json.loads(value.json)
    ]
    assert wrong == []
    assert [len(each.get("rows", ())) for each in results] == [1] * len(results)


def test_node_reads_the_error_of_a_wrong_password(client: Node) -> None:
    (result,) = client.ask({"query": "SELECT 1"}, password="guess")

    assert (result["error"], result["code"]) == ("ClickHouseError", "516")
