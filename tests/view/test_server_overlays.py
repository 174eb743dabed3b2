"""Overlays over HTTP: as the OpenAPI document says, by writers at once, and on the map of their time."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import requests
import schemathesis
from hypothesis import settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from schemas.times import DAY_MS
from tests.view.saying import Written, writing
from tests.view.serving import Past, viewing
from view.openapi import document

OWNER = {"type": "object", "required": ["team"], "properties": {"team": {"type": "string"}}}
CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)
API = schemathesis.openapi.from_dict(document())


@pytest.fixture(scope="module")
def written(past: Past) -> Iterator[Written]:
    with writing(past) as running:
        yield running


@pytest.fixture
def owner(written: Written, request: pytest.FixtureRequest) -> str:
    """Register an overlay of the test's own, and return its name."""
    name = request.node.originalname.replace("test_", "")
    assert written.send("PUT", f"/api/overlays/{name}", {"schema": OWNER}).status == 200
    return str(name)


@pytest.mark.slow
@API.parametrize()
@settings(max_examples=25, deadline=None)
def test_everything_answers_as_the_document_says(case: Any, written: Written) -> None:
    asked = case.as_transport_kwargs(
        base_url=written.view.url.rstrip("/"), headers={"Authorization": f"Bearer {written.token}"}
    )
    case.validate_response(requests.request(**asked, timeout=20), checks=CHECKS)


def test_the_document_is_served(written: Written) -> None:
    assert written.view.api("openapi.json") == json.loads(json.dumps(document()))


def test_what_is_said_is_answered_and_stored_from_now_on(written: Written, owner: str) -> None:
    answer = written.say(owner, "service=shop", {"team": "blue"}, author="ana")

    assert answer.status == 201, answer.body
    assert (answer.json["target"], answer.json["value"], answer.json["author"]) == (
        "service=shop",
        {"team": "blue"},
        "ana",
    )
    assert written.said(owner) == [("service=shop", {"team": "blue"})]
    assert written.said(owner, at=answer.json["from"] - 1) == []


def test_a_value_that_breaks_its_schema_gets_one_sentence_and_changes_nothing(written: Written, owner: str) -> None:
    for target, value, sentence in (
        ("service=a", {"team": 1}, f"{owner} of service=a breaks its schema: at team, 1 is not of type 'string'"),
        ("redis", {"team": "b"}, "redis is no selector"),
    ):
        answer = written.say(owner, target, value)
        assert (answer.status, answer.json["error"].startswith(sentence)) == (400, True), answer.body
    assert written.said(owner) == []


def test_without_the_token_nothing_is_written(written: Written, owner: str) -> None:
    for token in ("", "another", "é"):
        answer = written.send("POST", f"/api/overlays/{owner}/annotations", {"target": "*", "value": {}}, token)
        assert (answer.status, "a token for writing is needed" in answer.json["error"]) == (401, True)
    assert written.said(owner) == []


def test_what_ends_is_on_maps_of_before(written: Written, owner: str) -> None:
    yesterday = written.past.now - DAY_MS
    written.say(owner, "service=a", {"team": "blue"}, **{"from": yesterday})
    path = f"/api/overlays/{owner}/annotations?target=service%3Da"
    assert written.send("DELETE", path).status == 200

    assert (written.said(owner), written.said(owner, at=yesterday)) == ([], [("service=a", {"team": "blue"})])
    assert written.send("DELETE", f"{path}&ever=true").status == 200
    assert written.said(owner, at=yesterday) == []
    assert written.send("DELETE", f"{path}&ever=true").status == 404


def test_writers_at_once_lose_nothing(written: Written, owner: str) -> None:
    def write(number: int) -> tuple[int, int]:
        while (answer := written.say(owner, f"service=own{number}", {"team": "b"}, **{"from": 1})).status == 503:
            pass
        while (shared := written.say(owner, "service=shared", {"team": str(number)}, **{"from": 1})).status == 503:
            pass
        assert (answer.status, shared.status) == (201, 201), (answer.body, shared.body)
        return shared.json["written"], number

    with ThreadPoolExecutor(12) as pool:
        last = max(pool.map(write, range(40)))

    assert dict(written.said(owner)) == {
        **{f"service=own{number}": {"team": "b"} for number in range(40)},
        "service=shared": {"team": str(last[1])},
    }


def test_large_and_foreign_bodies_are_refused(written: Written, owner: str) -> None:
    path = f"/api/overlays/{owner}/annotations"
    assert written.send("POST", path, {"target": "*", "value": "x" * 300_000}).status == 413
    assert written.send("POST", path, {"target": "*", "value": "x" * 100_000}).status == 400
    assert written.send("POST", path, ["target"]).status == 400
    assert written.send("POST", path, {"target": "*", "value": {}, "colour": 1}).status == 400
    assert written.send("PATCH", path, {}).status == 405


def test_a_view_without_a_log_says_so(past: Past, tmp_path: Path) -> None:
    store = f"clickhouse://default@127.0.0.1:{past.facts['native_port']}/servicemap"
    with viewing(tmp_path / "nothing", "--store", store, SERVICEMAP_VIEW__WRITE_TOKEN="t") as view:
        answer = Written(view, past, "t").say("owner", "*", {})
    assert (answer.status, "there is no log" in answer.json["error"]) == (503, True), answer.body


def test_the_document_is_openapi() -> None:
    for record in document()["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(record)
