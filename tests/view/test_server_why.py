"""/api/why answers as `servicemap why` does."""

import pytest

from schemas.ids import service_node
from schemas.times import MINUTE_MS
from tests.cli import town
from tests.view.serving import Past, View

NGINX = service_node("nginx")


def test_all_a_node_and_an_edge_may_be_asked_about(past: Past, view: View) -> None:
    edge = {"client": service_node(town.WEIRD), "server": service_node("postgres"), "port": 5432}
    for about in ({}, {"id": NGINX}, edge):
        answer = view.api("why", **about, to=past.now)
        assert (answer["suspects"], answer["to"]) == ([], past.now)
        assert answer["words"]["culprit"].startswith("nothing")


@pytest.mark.parametrize("level", ["process", "host", "address"])
def test_other_levels_have_answers_too(past: Past, view: View, level: str) -> None:
    assert view.api("why", level=level, to=past.now)["level"] == level


def test_what_is_not_there_is_said(past: Past, view: View) -> None:
    answer = view.get("/api/why?id=service:nobody")

    assert (answer.status, answer.json["error"].startswith("there is no service service:nobody")) == (404, True)


def test_a_start_may_be_given(past: Past, view: View) -> None:
    began = past.now - 5 * MINUTE_MS

    assert view.api("why", from_=began, to=past.now)["began"] == began
