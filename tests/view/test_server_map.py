from typing import Any

import pytest

from graph.levels import LEVELS
from schemas.ids import address_node, host_node, service_node
from schemas.times import MINUTE_MS
from tests.cli import town
from tests.view.serving import Past, View

NGINX, SHOP, POSTGRES, SLEEP = (service_node(name) for name in ("nginx", town.WEIRD, "postgres", "sleep"))
OUTSIDE = address_node("", "198.51.100.7")
GONE_PORT = 7000
STRANGER = address_node("", "203.0.113.9")


def pairs(edges: list[dict[str, Any]]) -> set[tuple[str, str, int]]:
    return {(edge["client"], edge["server"], edge["server_port"]) for edge in edges}


def test_without_a_range_the_map_is_that_of_the_last_stored_minute(past: Past, view: View) -> None:
    found = view.api("map")
    assert (found["from"], found["to"], found["newest"]) == (past.now - MINUTE_MS, past.now, past.now)
    assert (found["width_ms"], found["level"]) == (town.WIDTH, "service")
    assert pairs(found["edges"]) == {
        (STRANGER, NGINX, 443),
        (NGINX, SHOP, 8000),
        (SHOP, POSTGRES, 5432),
        (host_node("id-web1"), POSTGRES, 5432),
        (SHOP, SHOP, 9000),
        (SHOP, OUTSIDE, 443),
    }


@pytest.mark.parametrize("level", LEVELS)
def test_every_end_of_edges_and_gone_edges_is_a_node_at_every_level(view: View, level: str) -> None:
    found = view.api("map", level=level)
    ids = [node["id"] for node in found["nodes"]]
    ends = {end for edge in (*found["edges"], *found["gone"]) for end in (edge["client"], edge["server"])}
    assert ends <= set(ids)
    assert len(set(ids)) == len(ids)
    assert len({edge["id"] for edge in found["edges"]}) == len(found["edges"])


def test_an_edge_has_the_counters_of_the_map_and_rates(view: View) -> None:
    (edge,) = [edge for edge in view.api("map")["edges"] if edge["client"] == STRANGER]
    assert edge["server_sent_bytes"] == town.RECEIVED * town.WINDOWS
    assert edge["bytes_s"] == (town.SENT + town.RECEIVED) * town.WINDOWS / 60
    assert (edge["health"], edge["failed_share"], edge["rtt_ms"], edge["signals"]) == ("ok", 0, 1.5, "tcp")
    assert edge["last"] - edge["first"] == (town.WINDOWS - 1) * town.WIDTH


@pytest.mark.parametrize("level", LEVELS)
def test_an_edge_with_http_has_its_requests_and_is_judged_by_them(view: View, level: str) -> None:
    (edge,) = [edge for edge in view.api("map", level=level)["edges"] if edge["server_port"] == 8000]
    assert (edge["signals"], edge["requests"], edge["errors"]) == ("requests", 4 * town.WINDOWS, town.WINDOWS)
    assert edge["p50_ms"] == edge["p99_ms"] == pytest.approx(2, rel=0.02)
    assert (edge["health"], edge["failed_share"]) == ("bad", 0)


def test_an_edge_never_seen_before_is_new_and_others_are_not(view: View) -> None:
    found = view.api("map")
    assert {(edge["client"], edge["server"]) for edge in found["edges"] if edge["new"]} == {(SHOP, OUTSIDE)}


def test_an_edge_of_the_time_range_before_is_gone_with_its_nodes(view: View) -> None:
    found = view.api("map")
    assert pairs(found["gone"]) == {(NGINX, SLEEP, 7000)}
    assert [node["id"] for node in found["nodes"] if node["gone"]] == [SLEEP]


def test_without_changes_the_map_is_the_same_except_for_what_came_and_went(view: View) -> None:
    whole, sooner = view.api("map"), view.api("map", changes=0)
    assert (whole["changes"], sooner["changes"]) == (True, False)
    assert sooner["edges"] == [edge | {"new": False} for edge in whole["edges"]]
    assert sooner["nodes"] == [node for node in whole["nodes"] if not node["gone"]]
    assert (sooner["gone"], sooner["lives"]) == ([], [])
    assert whole["gone"]


def test_nothing_is_new_without_earlier_records(past: Past, view: View) -> None:
    first = view.api("map", to=past.now - 45 * MINUTE_MS)
    assert len(first["edges"]) == len(town.TALKS)
    assert not [edge for edge in first["edges"] if edge["new"]]


def test_a_past_time_range_shows_the_edges_of_that_time(past: Past, view: View) -> None:
    then = view.api("map", from_=past.now - 2 * MINUTE_MS, to=past.now - MINUTE_MS)
    assert (NGINX, SLEEP, 7000) in pairs(then["edges"])
    assert (SHOP, OUTSIDE, 443) not in pairs(then["edges"])


def test_a_node_has_its_place_and_the_sums_of_its_edges(view: View) -> None:
    nodes = {node["id"]: node for node in view.api("map")["nodes"]}
    shop = nodes[SHOP]
    assert (shop["title"], shop["hostname"], shop["host"]) == (town.WEIRD, "web1", "id-web1")
    assert (shop["in"]["edges"], shop["out"]["edges"]) == (2, 3)
    assert nodes[POSTGRES]["in"]["active"] == 2
    assert {"region", "zone", "subtitle", "health", "kind"} <= shop.keys()


def test_the_map_of_one_service_or_host_is_a_part_of_it(view: View) -> None:
    assert {port for _, _, port in pairs(view.api("map", service="nginx")["edges"])} == {443, 8000}
    assert {port for _, _, port in pairs(view.api("map", host="db1")["edges"])} == {5432}


def test_the_time_line_adds_up_to_the_map(past: Past, view: View) -> None:
    line = view.api("timeline", from_=past.now - MINUTE_MS, to=past.now, buckets=12)
    assert line["step_ms"] == town.WIDTH
    assert [bucket["at"] for bucket in line["buckets"]] == list(range(past.now - MINUTE_MS, past.now, town.WIDTH))
    assert {bucket["edges"] for bucket in line["buckets"]} == {6}
    assert sum(bucket["bytes"] for bucket in line["buckets"]) == sum(
        edge["bytes_s"] * 60 for edge in view.api("map")["edges"]
    )
    assert line["first"] == past.now - 46 * MINUTE_MS


def test_the_events_of_the_time_line_are_in_order(past: Past, view: View) -> None:
    events = view.api("timeline", from_=past.now - 60 * MINUTE_MS, to=past.now)["events"]
    assert [event["kind"] for event in events] == ["process_exited"] * 3
    assert [event["time"] for event in events] == sorted(event["time"] for event in events)
    assert events[-1]["detail"] == "true exited"


def test_hosts_are_listed_with_their_last_windows(past: Past, view: View) -> None:
    hosts = {host["hostname"]: host for host in view.api("hosts")}
    assert hosts.keys() == {"web1", "db1"}
    assert hosts["web1"]["last_window"] == past.now


def test_health_has_the_age_of_the_newest_window(past: Past, view: View) -> None:
    answer = view.api("health")
    assert (answer["ok"], answer["newest"]) == (True, past.now)
    assert answer["behind_ms"] >= MINUTE_MS
