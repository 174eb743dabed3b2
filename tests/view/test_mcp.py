"""The questions as tools, asked by the SDK's own client: over stdin and stdout, and over HTTP."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from click.testing import CliRunner
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, TextContent

from answers.all import QUESTIONS
from servicemap.cli import main
from servicemap.mcp.tools import LIMITS
from sinks.address import Address
from sinks.store import Store
from tests.view.serving import Past, View
from tests.view.test_server_questions import ASKED

pytestmark = pytest.mark.slow

CONVERSATION: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("map", {"limit": 3}, '"edges":['),
    ("diff", {"then_since": "3h", "then_at": "20m"}, '"then_to":'),
    ("nodes", {"name": "postgres"}, "service:postgres"),
    ("node", {"node": "postgres"}, "tcp"),
    ("impact", {"node": "postgres"}, "service:nginx"),
    ("deps", {"node": "nginx", "depth": 1}, '"depth":1'),
    ("path", {"client": "nginx", "server": "postgres"}, "tcp/5432"),
    ("order", {"what": "start"}, "needs nothing"),
    ("policy", {"node": "postgres", "only": "in"}, "tcp"),
    ("risks", {"risk": "no-agent"}, '"findings":['),
    ("clusters", {"all": True}, '"clusters":['),
    ("why", {"subject": "postgres"}, '"suspects":'),
    ("owner", {"what": "10.0.0.2:5432"}, '"pid":300'),
    ("annotations", {"overlay": "owner"}, '"team":"blue"'),
    ("sql", {"statement": "SELECT DISTINCT client_service FROM process_edges", "limit": 2}, "client_service"),
)


def stdio(past: Past) -> StdioServerParameters:
    """Return how an agent starts the server itself."""
    command = [sys.executable, "-m", "servicemap", "mcp", "--data", str(past.data)]
    return StdioServerParameters(command=command[0], args=command[1:], env=dict(os.environ))


@contextmanager
def serving(past: Past, **environment: str) -> Iterator[str]:
    """Run `servicemap mcp --http` on a free port."""
    command = [sys.executable, "-m", "servicemap", "mcp", "--http", "--port", "0", "--data", str(past.data)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment}) as process:
        assert process.stderr is not None
        try:
            line = process.stderr.readline()
            assert "the MCP server is at http://" in line, line
            yield line.split()[-1]
        finally:
            process.terminate()
            assert "Traceback" not in process.stderr.read()


@pytest.fixture(scope="module")
def url(past: Past) -> Iterator[str]:
    with serving(past) as found:
        yield found


def at(past: Past) -> str:
    return f"@{past.now / 1000}"


def asked(name: str, given: dict[str, Any], past: Past) -> dict[str, Any]:
    return given if name == "sql" else {**given, "at": at(past)}


def text(result: CallToolResult) -> str:
    (content,) = result.content
    assert isinstance(content, TextContent)
    return str(content.text)


@asynccontextmanager
async def talking(server: Any) -> AsyncIterator[Client]:
    async with Client(server) as client:
        yield client


@pytest.mark.parametrize("over", ["stdio", "http"])
def test_an_agent_asks_every_question(over: str, past: Past, url: str) -> None:
    async def conversation() -> list[CallToolResult]:
        async with talking(stdio(past) if over == "stdio" else url) as client:
            listed = (await client.list_tools()).tools
            assert {tool.name for tool in listed} == {*QUESTIONS, "sql"} == {name for name, *_ in CONVERSATION}
            assert all(tool.annotations and tool.annotations.read_only_hint for tool in listed)
            assert client.instructions
            assert "Nothing can be changed" in client.instructions
            return [await client.call_tool(name, asked(name, given, past)) for name, given, _ in CONVERSATION]

    answers = asyncio.run(conversation())
    for (name, _, expected), answer in zip(CONVERSATION, answers, strict=True):
        assert not answer.is_error, (name, text(answer))
        assert expected in text(answer), (name, text(answer)[:2_000])
        assert len(text(answer).encode()) <= LIMITS.most_bytes
        if name != "sql":
            assert json.loads(text(answer))["sql"]


def test_agents_are_answered_as_programs_are(past: Past, url: str, view: View) -> None:
    async def conversation() -> dict[str, Any]:
        async with talking(url) as client:
            return {
                name: json.loads(text(await client.call_tool(name, asked(name, given, past))))
                for name, given in ASKED.items()
            }

    for name, answer in asyncio.run(conversation()).items():
        assert answer == view.api(f"v1/{name}", **asked(name, ASKED[name], past)), name


@pytest.mark.parametrize(
    ("name", "given", "sentence"),
    [
        ("impact", {"node": "postgrse"}, "did you mean postgres"),
        ("impact", {}, "node must be given"),
        ("impact", {"node": 7}, "node:"),
        ("map", {"limit": 1_000}, "limit: at most 200 rows"),
        ("map", {"colour": "red"}, "colour"),
        ("imapct", {}, "did you mean impact"),
        ("sql", {"statement": "SELEC 1"}, "Syntax error"),
        ("sql", {"statement": "SELECT 1 FORMAT Pretty"}, "the formats differ"),
    ],
)
def test_what_is_wrong_is_one_sentence(name: str, given: dict[str, Any], sentence: str, past: Past, url: str) -> None:
    async def call() -> CallToolResult:
        async with talking(url) as client:
            return await client.call_tool(name, given)

    answer = asyncio.run(call())
    assert (answer.is_error, sentence in text(answer)) == (True, True), text(answer)


WRITING = (
    "DROP TABLE edges",
    "INSERT INTO events VALUES ()",
    "INSERT INTO FUNCTION file('/tmp/x', 'CSV', 'a String') SELECT 'a'",
    "ALTER TABLE edges DELETE WHERE 1",
    "TRUNCATE TABLE nodes",
    "CREATE TABLE mine (a Int8) ENGINE = Memory",
    "SELECT 1; DROP TABLE edges",
    "SYSTEM SHUTDOWN",
    "SET readonly = 0",
    "KILL QUERY WHERE 1",
    "OPTIMIZE TABLE edges FINAL",
)


def test_no_tool_changes_anything(past: Past, url: str) -> None:
    def stored() -> list[tuple[Any, ...]]:
        address = Address("127.0.0.1", past.facts["native_port"], "servicemap", "", "servicemap", past.token)
        with closing(Store(address)) as store:
            tables = store.query(
                "SELECT name, total_rows, create_table_query FROM system.tables WHERE database = 'servicemap'"
            )
            return sorted(tables, key=str)

    async def attack() -> list[CallToolResult]:
        async with talking(url) as client:
            tries = [await client.call_tool("sql", {"statement": statement}) for statement in WRITING]
            hostile = "'; DROP TABLE edges; --"
            for name, given in ASKED.items():
                odd = {field: hostile if isinstance(value, str) else value for field, value in given.items()}
                await client.call_tool(name, {**odd, "level": hostile, "overlay": hostile})
            return tries

    before = stored()
    for statement, answer in zip(WRITING, asyncio.run(attack()), strict=True):
        assert answer.is_error, (statement, text(answer))
    assert stored() == before


def test_a_large_result_is_cut_where_a_row_ends(past: Past, url: str) -> None:
    async def call(**given: Any) -> str:
        async with talking(url) as client:
            return text(await client.call_tool("sql", given))

    many = asyncio.run(call(statement="SELECT number FROM system.numbers", limit=3)).splitlines()
    assert many == ['{"number":0}', '{"number":1}', '{"number":2}', "-- these are the first 3 rows, and there are more"]
    wide = asyncio.run(call(statement="SELECT repeat('x', 15000) AS x FROM numbers(100)"))
    assert len(wide) <= LIMITS.most_bytes + 100
    assert [len(json.loads(line)["x"]) for line in wide.splitlines()[:-1]] == [15_000, 15_000]


def test_over_http_a_token_is_asked_for_and_foreign_names_are_refused(past: Past, url: str) -> None:
    headers = {"Accept": "application/json, text/event-stream"}
    hello = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    with httpx2.Client(headers=headers, timeout=20) as client:
        assert client.post(url, json=hello, headers={"Host": "evil.example"}).status_code == 421
        assert client.post(url, json=hello, headers={"Origin": "http://evil.example"}).status_code == 403
        assert client.post(url, content=b"x" * 300_000).status_code == 413

    async def listed(address: str) -> int:
        bearer = httpx2.AsyncClient(headers={"Authorization": "Bearer secret"}, timeout=20)
        async with bearer, talking(streamable_http_client(address, http_client=bearer)) as client:
            return len((await client.list_tools()).tools)

    with serving(past, SERVICEMAP_MCP__TOKEN="secret") as guarded, httpx2.Client(timeout=20) as client:
        assert client.post(guarded, json=hello).status_code == 401
        assert asyncio.run(listed(guarded)) == len(CONVERSATION)


def test_without_a_store_that_is_the_answer(tmp_path: Path) -> None:
    async def call() -> CallToolResult:
        nowhere = ["-m", "servicemap", "mcp", "--data", str(tmp_path)]
        async with talking(StdioServerParameters(command=sys.executable, args=nowhere, env=dict(os.environ))) as client:
            return await client.call_tool("map", {})

    answer = asyncio.run(call())
    assert (answer.is_error, "no store is running" in text(answer)) == (True, True), text(answer)
    refused = CliRunner().invoke(main, ["mcp", "--http", "--port", "0", "--data", str(tmp_path)])
    assert (refused.exit_code, "no store is running" in refused.stderr) == (1, True), refused.stderr


def test_stdin_that_ends_ends_it(past: Past) -> None:
    command = [sys.executable, "-m", "servicemap", "mcp", "--data", str(past.data)]
    ended = subprocess.run(command, input="nonsense\n", capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, "Traceback" in ended.stderr) == (0, False), ended.stderr
