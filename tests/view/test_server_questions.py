"""The questions over HTTP: as the OpenAPI document says, in pages, and the same as on the command line."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
import requests
import schemathesis
from click.testing import CliRunner
from hypothesis import settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from answers.all import QUESTIONS
from schemas.times import HOUR_MS
from servicemap.cli import main
from sinks.address import Address
from sinks.store import Store, StoreError
from tests.cli import town
from tests.view.serving import Past, View
from view.openapi import document

API = schemathesis.openapi.from_dict(document()).include(path_regex="^/api/v1/")
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    unsupported_method,
)
ASKED: dict[str, dict[str, Any]] = {
    "map": {},
    "diff": {"then_since": "3h", "then_at": "20m"},
    "nodes": {"name": "postgres"},
    "node": {"node": "postgres"},
    "impact": {"node": "postgres"},
    "deps": {"node": "nginx", "depth": 1},
    "path": {"client": "nginx", "server": "postgres"},
    "order": {"what": "stop"},
    "policy": {"node": "postgres", "only": "in"},
    "risks": {"risk": "no-agent"},
    "clusters": {"all": "true"},
    "why": {"subject": "postgres"},
    "owner": {"what": "10.0.0.2:5432"},
    "annotations": {"overlay": "owner"},
}
ON_THE_COMMAND_LINE = {
    "map": ("map", "--level", "service", "--json"),
    "impact": ("impact", "postgres", "--json"),
    "deps": ("deps", "nginx", "--depth", "1", "--json"),
    "path": ("path", "nginx", "postgres", "--json"),
    "order": ("order", "stop", "--format", "json"),
    "policy": ("policy", "postgres", "--only", "in", "--format", "json"),
    "risks": ("risks", "--risk", "no-agent", "--json"),
    "clusters": ("clusters", "--all", "--json"),
    "why": ("why", "postgres", "--json"),
    "owner": ("owner", "10.0.0.2:5432", "--json"),
}


@contextmanager
def answering(past: Past, *flags: str, **environment: str) -> Iterator[View]:
    """Run `servicemap api` on a free port."""
    command = [sys.executable, "-m", "servicemap", "api", "--data", str(past.data), "--port", "0", *flags]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment}) as process:
        assert process.stderr is not None
        try:
            line = process.stderr.readline()
            assert "the API is at http://" in line, line
            yield View(line.split()[-1], process.pid)
        finally:
            process.terminate()
            process.stderr.read()


@pytest.fixture(scope="module")
def api(past: Past) -> Iterator[View]:
    with answering(past) as running:
        yield running


def at(past: Past) -> dict[str, str]:
    return {"at": f"@{past.now / 1000}"}


@pytest.mark.slow
@API.parametrize()
@settings(max_examples=12, deadline=None)
def test_everything_answers_as_the_document_says(case: Any, api: View) -> None:
    asked = case.as_transport_kwargs(base_url=api.url.rstrip("/"))
    case.validate_response(requests.request(**asked, timeout=60), checks=CHECKS)


def test_every_question_is_tried_here() -> None:
    assert ASKED.keys() == QUESTIONS.keys()


@pytest.mark.parametrize("name", ON_THE_COMMAND_LINE)
def test_the_command_line_and_http_answer_the_same(name: str, api: View, past: Past) -> None:
    arguments = [*ON_THE_COMMAND_LINE[name], "--at", at(past)["at"], "--data", str(past.data)]
    printed = CliRunner().invoke(main, arguments)
    assert printed.exit_code == 0, printed.output
    found = api.api(f"v1/{name}", **ASKED[name], **at(past))
    rows = [json.loads(line) for line in printed.stdout.splitlines()]
    if name == "map":
        (whole,) = rows
        assert (whole["nodes"], whole["edges"]) == (found["nodes"], found["edges"])
    elif name == "why":
        (whole,) = rows
        assert whole == found
    elif name == "path":
        assert [{"arrows": row} for row in rows] == found["ways"]
    else:
        assert rows == found[QUESTIONS[name].rows]


def test_the_command_line_and_http_compare_the_same(api: View, past: Past) -> None:
    then, since, end = (f"@{(past.now - back) / 1000}" for back in (3 * HOUR_MS, HOUR_MS // 3, 0))
    arguments = ["diff", f"{then}..{since}", f"{since}..{end}", "--json", "--data", str(past.data)]
    printed = CliRunner().invoke(main, arguments)
    assert printed.exit_code == 0, printed.output
    found = api.api("v1/diff", then_since=then, then_at=since, since=since, at=end)
    assert {**json.loads(printed.stdout), "total": found["total"]} == found


@pytest.mark.parametrize("name", sorted(name for name, one in QUESTIONS.items() if one.rows))
def test_the_pages_of_an_answer_are_the_whole_of_it(name: str, api: View, past: Past) -> None:
    asked = {**ASKED[name], **at(past)} if name != "annotations" else {}
    whole = api.api(f"v1/{name}", **asked)
    rows = QUESTIONS[name].rows
    half = (len(whole[rows]) + 1) // 2
    pages = [api.api(f"v1/{name}", **asked, limit=half)]
    while "next" in pages[-1]:
        pages.append(api.api(f"v1/{name}", **asked, limit=half, cursor=pages[-1]["next"]))
    assert [row for page in pages for row in page[rows]] == whole[rows]
    assert {page["total"] for page in pages} == {len(whole[rows])}
    assert all(len(page[rows]) <= half for page in pages)
    assert len({(page["from"], page["to"]) for page in pages}) == 1


def test_a_page_of_the_map_has_the_ends_of_its_edges_alone(api: View, past: Past) -> None:
    page = api.api("v1/map", **at(past), limit=1)
    (edge,) = page["edges"]
    assert {node["id"] for node in page["nodes"]} == {edge["client"], edge["server"]}


@pytest.mark.parametrize(
    ("path", "status", "sentence"),
    [
        ("impact?node=postgrse", 404, "did you mean postgres"),
        ("impact", 400, "node must be given"),
        ("impact?node=postgres&depth=0", 400, "depth:"),
        ("impact?node=postgres&colour=red", 400, "colour"),
        ("map?level=galaxy", 400, "level:"),
        ("map?since=yesterdy", 400, "since: 'yesterdy' is not a time: did you mean yesterday?"),
        ("diff?then_at=2199-01-01T00:00Z", 404, "nothing is stored since"),
        ("diff?then_at=@1000000", 404, "nothing is stored up to"),
        ("diff", 400, "then_at must be given"),
        ("map?limit=1&limit=2", 400, "limit: give this parameter once"),
        ("map?since=5m&at=10m", 400, "since must be earlier than at"),
        ("map?at=@1000000", 404, "nothing is stored up to"),
        ("map?since=2199-01-01T00:00Z", 404, "nothing is stored since"),
        ("map?limit=100000", 400, "at most 10,000 rows"),
        ("map?cursor=%F0%9F%A6%8A", 400, "cursor:"),
        ("path?client=postgres&server=nginx", 404, "there is a way back"),
        ("order?what=sideways", 400, "what:"),
        ("clusters?name=nobody", 404, "cluster"),
        ("why?subject=nobody", 404, "nobody"),
        ("nonsense", 404, "there is no /api/v1/nonsense here: /api/openapi.json lists what there is"),
    ],
)
def test_what_cannot_be_answered_is_one_sentence(api: View, past: Past, path: str, status: int, sentence: str) -> None:
    if "?" in path and "since=" not in path and "at=" not in path:
        path += f"&at=@{past.now / 1000}"
    answer = api.get(f"/api/v1/{path}")
    assert (answer.status, sentence in answer.json["error"]) == (status, True), answer.body


def test_a_cursor_is_of_its_question_alone(api: View, past: Past) -> None:
    cursor = api.api("v1/impact", node="postgres", **at(past), limit=1)["next"]
    other = api.get("/api/v1/impact", node="nginx", **at(past), cursor=cursor)
    assert (other.status, "it is of another question" in other.json["error"]) == (400, True)


@pytest.mark.parametrize("name", list(ASKED))
def test_the_sql_of_an_answer_can_be_run(name: str, api: View, past: Past) -> None:
    found = api.api(f"v1/{name}", **ASKED[name], **({} if name == "annotations" else at(past)))
    address = Address("127.0.0.1", past.facts["native_port"], "default", "", "servicemap")
    with closing(Store(address)) as store:
        assert store.query(found["sql"])


def test_a_statement_has_a_limit(past: Past) -> None:
    address = Address("127.0.0.1", past.facts["native_port"], "default", "", "servicemap")
    with closing(Store(address, most_seconds=1)) as store, pytest.raises(StoreError) as refused:
        store.query("SELECT sum(sleepEachRow(0.2)) FROM numbers(100) SETTINGS max_block_size = 1")
    assert refused.value.code in {159, 160}


def test_times_are_written_as_people_do(api: View, past: Past) -> None:
    span = api.api("v1/map", since=f"@{(past.now - HOUR_MS) / 1000}", **at(past))
    assert any("the stored data begin at" in note for note in span["notes"]), span["notes"]


def test_an_api_only_reads_and_has_no_page(api: View) -> None:
    assert api.get("/").status == 404
    assert api.get("/api/map").status == 404
    assert api.api("health")["ok"]
    assert api.api("openapi.json") == json.loads(json.dumps(document()))
    connection = api.connect()
    connection.request("PUT", "/api/overlays/owner", json.dumps({"schema": {}}))
    refused = connection.getresponse()
    assert (refused.status, b"this server does not write" in refused.read()) == (403, True)
    connection.close()


def test_the_live_view_answers_the_same(api: View, view: View, past: Past) -> None:
    for name in ("map", "impact"):
        asked = {**ASKED[name], **at(past)}
        assert view.api(f"v1/{name}", **asked) == api.api(f"v1/{name}", **asked)


def test_a_token_is_asked_for(past: Past) -> None:
    with answering(past, SERVICEMAP_API__TOKEN="secret") as api:
        assert api.get("/api/v1/map").status == 401
        assert api.get("/api/v1/map", {"Authorization": "Bearer secret"}).status in {200, 404}


def test_others_are_not_let_in_without_one(past: Past) -> None:
    refused = CliRunner().invoke(main, ["api", "--data", str(past.data), "--host", "0.0.0.0"])
    assert (refused.exit_code, "SERVICEMAP_API__TOKEN" in refused.stderr) == (1, True)


def test_weird_names_come_as_they_are(api: View, past: Past) -> None:
    found = api.api("v1/nodes", name='sh"op', **at(past))
    assert town.WEIRD in {node["service"] for node in found["nodes"]}
