"""Overlays over HTTP: as the OpenAPI document says, by writers at once, and on the map of their time."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
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

from log.connect import connect
from log.open import open_log
from log.settings import LogSettings
from schemas.times import DAY_MS
from schemas.topics import OVERLAY_SCHEMAS, OVERLAYS
from sinks.address import Address
from sinks.sink import Sink
from sinks.store import Store
from tests.view.serving import Answer, Past, View, viewing
from view.openapi import document

OWNER = {"type": "object", "required": ["team"], "properties": {"team": {"type": "string"}}}
CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)
API = schemathesis.openapi.from_dict(document())


@dataclass(frozen=True)
class Written:
    """A view that writes into a log, whose records come into the store when they are asked for."""

    view: View
    past: Past
    token: str

    def send(self, method: str, path: str, body: Any = None, token: str | None = None) -> Answer:
        connection = self.view.connect()
        headers = {"Authorization": f"Bearer {self.token if token is None else token}"}
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            response = connection.getresponse()
            return Answer(response.status, {n.lower(): v for n, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def say(self, overlay: str, target: str, value: Any, **more: Any) -> Answer:
        return self.send("POST", f"/api/overlays/{overlay}/annotations", {"target": target, "value": value, **more})

    def store(self) -> None:
        """Store what is in the log, as the sink does."""
        address = Address("127.0.0.1", self.past.facts["native_port"], "servicemap", "", "servicemap", self.past.token)
        with closing(Store(address)) as store, closing(open_log(self.past.data / "log.sqlite")) as log:
            sink = Sink(store, lambda record, reason: pytest.fail(reason))
            for topic in (OVERLAYS.name, OVERLAY_SCHEMAS.name):
                for record in log.read(topic, 0, *log.bounds(topic, 0)):
                    sink.add(record)
            sink.flush()

    def said(self, overlay: str, **asked: Any) -> list[tuple[str, Any]]:
        self.store()
        found = self.view.api(f"overlays/{overlay}/annotations", **asked)["annotations"]
        return [(one["target"], one["value"]) for one in found]


@pytest.fixture(scope="module")
def written(past: Past) -> Iterator[Written]:
    connect(LogSettings(url=str(past.data / "log.sqlite"))).close()
    with viewing(past.data) as view:
        yield Written(view, past, (past.data / "view.write-token").read_text())


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
