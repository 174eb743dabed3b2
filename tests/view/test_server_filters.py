"""The API keeps what a filter says, and names it where the rest is asked for as well."""

import pytest

from schemas.times import MINUTE_MS
from tests.view.serving import Past, View
from tests.view.test_server_map import GONE_PORT, NGINX, OUTSIDE, POSTGRES, SHOP, SLEEP, STRANGER, pairs


def ports(view: View, text: str, **asked: object) -> set[int]:
    return {port for _, _, port in pairs(view.api("map", filter=text, **asked)["edges"])}


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ("health:bad", {8000}),
        ("errors>20%", {8000}),
        ("rps>100", set()),
        ("new", {443}),
        ("new:30m", {443}),
        ("-new service:nginx", {443, 8000}),
        ("external:network", {443}),
        ("external:internet", set()),
        ("zone:b -external", {5432, 8000, 9000}),
    ],
)
def test_a_filter_reduces_the_map(view: View, text: str, there: set[int]) -> None:
    found = view.api("map", filter=text)
    ends = {end for edge in (*found["edges"], *found["gone"]) for end in (edge["client"], edge["server"])}
    assert {port for _, _, port in pairs(found["edges"])} == there
    assert ends <= {node["id"] for node in found["nodes"]}


def test_trouble_is_what_is_not_healthy_with_its_neighbours(view: View) -> None:
    found = view.api("map", filter="health:bad,warn around:1")
    assert {node["id"] for node in found["nodes"]} >= {NGINX, SHOP, STRANGER, POSTGRES}
    assert set(found["filter"]["hits"]) == {NGINX, SHOP}


def test_edges_that_are_gone_are_filtered_as_well(view: View) -> None:
    assert pairs(view.api("map", filter=f"port:{GONE_PORT}")["gone"]) == {(NGINX, SLEEP, GONE_PORT)}
    assert not view.api("map", filter="service:postgres")["gone"]


def test_what_is_kept_is_named_where_nothing_is_taken_away(view: View) -> None:
    whole, found = view.api("map"), view.api("map", filter="external", reduce=0)
    assert (found["nodes"], found["edges"], found["gone"]) == (whole["nodes"], whole["edges"], whole["gone"])
    assert found["filter"]["text"] == "external"
    assert set(found["filter"]["nodes"]) == {STRANGER, NGINX, SHOP, OUTSIDE}
    assert len(found["filter"]["edges"]) == 2


def test_what_counts_stays_that_of_the_whole_map(view: View) -> None:
    (whole,) = [node for node in view.api("map")["nodes"] if node["id"] == SHOP]
    (kept,) = [node for node in view.api("map", filter="port:8000")["nodes"] if node["id"] == SHOP]
    assert kept == whole


def test_a_name_that_is_not_there_has_a_hint(view: View) -> None:
    found = view.api("map", filter="service:ngnix")
    assert not found["nodes"]
    assert found["filter"]["hints"] == ["there is no service ngnix: did you mean nginx?"]


def test_what_is_no_filter_is_refused_with_its_place(view: View) -> None:
    answer = view.get("/api/map", filter="shop health:bda")
    assert answer.status == 400
    assert answer.json["error"] == "filter: health:bda, at character 6: there is no health bda: did you mean bad?"


def test_a_file_has_what_the_filter_keeps(view: View) -> None:
    header, line = view.get("/api/export", what="map", format="csv", filter="port:8000").body.decode().splitlines()
    assert header.startswith("client,server")
    assert line.startswith(f"{NGINX},")


def test_values_of_a_field_are_those_on_the_map(view: View, past: Past) -> None:
    assert {"nginx", "postgres"} <= set(view.api("values", field="service")["values"])
    assert view.api("values", field="zone")["values"] == ["b"]
    assert "5432" in view.api("values", field="port", to=past.now - 45 * MINUTE_MS)["values"]
    assert view.get("/api/values", field="servce").status == 400
