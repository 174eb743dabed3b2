import csv
import io
import json
from typing import Any

import pytest
from click.testing import CliRunner

from graph.levels import LEVELS
from schemas.ids import address_node, host_node, service_node
from schemas.times import MINUTE_MS
from servicemap.cli import main
from tests.cli import town
from tests.view.serving import Past, View

SHOP, POSTGRES = service_node(town.WEIRD), service_node("postgres")
NODES = {
    "service": SHOP,
    "process": town.SHOP.node,
    "container": f"container:id-web1:{town.CONTAINER}",
    "host": host_node("id-web1"),
    "link": f"link:{town.SWITCH}",
    "zone": "zone:eu-west-1:b",
    "region": "region:eu-west-1",
    "address": address_node("", "10.0.0.1"),
}


def last_minute(past: Past) -> dict[str, int]:
    return {"from_": past.now - MINUTE_MS, "to": past.now}


def total(series: dict[str, Any], seconds: float) -> float:
    return sum(value or 0 for _, value in series["points"]) * seconds


@pytest.mark.parametrize("node", NODES.values(), ids=NODES.keys())
def test_a_node_of_every_kind_has_series_neighbours_and_sql_that_runs(past: Past, view: View, node: str) -> None:
    answer = view.api("node", id=node, **last_minute(past))
    series = answer["series"]
    assert {"bytes_in", "bytes_out", "opened_in", "active_in", "failed_out", "retransmits", "rtt"} <= series.keys()
    assert all(len(each["points"]) == town.WINDOWS and each["unit"] for each in series.values())
    assert total(series["bytes_out"], town.WIDTH / 1000) > 0
    assert answer["neighbours"]
    ran = CliRunner().invoke(main, ["sql", "--data", str(past.data), "--json", answer["sql"]])
    assert ran.exit_code == 0, ran.stderr
    rows = [json.loads(line) for line in ran.stdout.splitlines()]
    assert len(rows) >= town.WINDOWS


def test_traffic_of_a_service_is_that_of_its_edges(past: Past, view: View) -> None:
    series = view.api("node", id=POSTGRES, **last_minute(past))["series"]
    assert total(series["bytes_in"], town.WIDTH / 1000) == pytest.approx(2 * town.SENT * town.WINDOWS)
    assert total(series["bytes_out"], town.WIDTH / 1000) == pytest.approx(2 * town.RECEIVED * town.WINDOWS)
    assert {value for _, value in series["active_in"]["points"]} == {2}
    assert {value for _, value in series["rtt"]["points"]} == {1.5}


def test_neighbours_have_the_direction_of_the_calls(past: Past, view: View) -> None:
    found = view.api("node", id=SHOP, **last_minute(past))["neighbours"]
    facing = {(each["id"], each["direction"], each["server_port"]) for each in found}
    assert {(service_node("nginx"), "in", 8000), (POSTGRES, "out", 5432)} <= facing
    (database,) = [each for each in found if each["id"] == POSTGRES]
    assert (database["title"], database["hostname"]) == ("postgres", "db1")
    assert database["bytes_s"] == (town.SENT + town.RECEIVED) * town.WINDOWS / 60


def test_a_process_has_facts_and_a_service_has_members(past: Past, view: View) -> None:
    process = view.api("node", id=town.SHOP.node, **last_minute(past))["facts"]
    assert (process["pid"], process["user"], process["cmdline"]) == (200, "shop", "python3 --serve")
    service = view.api("node", id=SHOP, **last_minute(past))
    assert (service["facts"]["users"], service["facts"]["hosts"]) == (["shop"], ["web1"])
    assert [member["id"] for member in service["members"]] == [town.SHOP.node]


def test_a_host_shows_its_switch_and_a_switch_shows_its_hosts(past: Past, view: View) -> None:
    host, switch = (view.api("node", id=NODES[kind], **last_minute(past))["facts"] for kind in ("host", "link"))

    assert host["links"] == ["eth0 → switch sw-rack-12, port Gi1/0/7"]
    assert (switch["name"], switch["chassis"], switch["hosts"]) == ("sw-rack-12", town.SWITCH, ["web1"])
    assert switch["links"] == ["web1 eth0 → switch sw-rack-12, port Gi1/0/7"]


def test_a_node_has_the_facts_that_programs_print_of_it(past: Past, view: View) -> None:
    def found(node: str) -> list[tuple[str, int, str, list[str]]]:
        facts = view.api("node", id=node, level=node.partition(":")[0], **last_minute(past))["discovered"]
        return [(fact["name"], fact["port"], fact["value"], fact["hosts"]) for fact in facts]

    package, end = ("package", 0, "nginx 1.22.1-9", ["web1"]), ("tls.not_after", 443, "2027-01-01T00:00:00Z", ["web1"])
    assert found(service_node("nginx")) == found(town.NGINX.node) == [package, end]
    assert found(SHOP) == found(town.SHOP.node) == [("team", 0, "blue", ["web1"])]
    assert found(host_node("id-db1")) == [("os.release", 0, "Debian GNU/Linux 13", ["db1"])]
    assert found(NODES["container"]) == found(NODES["address"]) == []


def test_a_host_has_series_of_its_own(past: Past, view: View) -> None:
    series = view.api("node", id=host_node("id-db1"), level="host", **last_minute(past))["series"]
    assert {"load", "memory", "network_in", "agent_cpu", "cpu_pressure", "io_pressure"} <= series.keys()
    assert [value for _, value in series["load"]["points"]] == [0] * town.WINDOWS


def test_the_events_of_a_host_are_those_of_its_processes(past: Past, view: View) -> None:
    found = view.api("node", id=host_node("id-db1"), from_=past.now - 5 * MINUTE_MS, to=past.now)["events"]
    assert {event["subject"] for event in found} == {town.GONE.node}
    assert not view.api("node", id=SHOP, from_=past.now - 5 * MINUTE_MS, to=past.now)["events"]


@pytest.mark.parametrize(("level", "client", "server"), [
    ("service", SHOP, POSTGRES),
    ("process", town.SHOP.node, town.POSTGRES.node),
    ("host", host_node("id-web1"), host_node("id-db1")),
    ("address", address_node("", "10.0.0.1"), address_node("", "10.0.0.2")),
])  # fmt: skip
def test_an_edge_has_the_counts_of_each_side(past: Past, view: View, level: str, client: str, server: str) -> None:
    asked = {"client": client, "server": server, "port": 5432, "level": level, **last_minute(past)}
    answer = view.api("edge", **asked)
    series = answer["series"]
    seconds = town.WIDTH / 1000
    assert total(series["client_sent"], seconds) == pytest.approx(total(series["server_received"], seconds))
    assert {value for _, value in series["client_sent"]["points"]} <= {town.SENT / seconds, 2 * town.SENT / seconds}
    assert {value for _, value in series["server_rtt"]["points"]} == {1.5}
    assert answer["facts"]["server_port"] == 5432
    assert answer["facts"]["rule"] == "connected"
    ran = CliRunner().invoke(main, ["sql", "--data", str(past.data), "--json", answer["sql"]])
    assert len(ran.stdout.splitlines()) >= town.WINDOWS, ran.stderr


@pytest.mark.parametrize("level", LEVELS)
def test_long_time_ranges_have_requests_as_well(past: Past, view: View, level: str) -> None:
    asked = {"from_": past.now - 180 * MINUTE_MS, "to": past.now, "level": level}
    (edge,) = [edge for edge in view.api("map", **asked)["edges"] if edge["server_port"] == 8000]
    assert (edge["signals"], edge["requests"], edge["errors"]) == ("requests", 4 * town.WINDOWS, town.WINDOWS)
    found = view.api("edge", client=edge["client"], server=edge["server"], port=8000, **asked)
    assert found["facts"]["requests"] == 4 * town.WINDOWS
    assert [round(value, 1) for _, value in found["series"]["p99"]["points"] if value] in ([2.0], [2.0, 2.0])


ASKED = {
    "service": (service_node("nginx"), SHOP),
    "process": (town.NGINX.node, town.SHOP.node),
    "container": (host_node("id-web1"), NODES["container"]),
    "pod": (host_node("id-web1"), NODES["container"]),
    "namespace": (service_node("nginx"), SHOP),
    "host": (host_node("id-web1"), host_node("id-web1")),
    "link": (f"link:{town.SWITCH}", f"link:{town.SWITCH}"),
    "zone": ("zone:eu-west-1:b", "zone:eu-west-1:b"),
    "region": ("region:eu-west-1", "region:eu-west-1"),
    "address": (address_node(town.LOOPBACK, "127.0.0.1"), address_node(town.LOOPBACK, "127.0.0.1")),
}


@pytest.mark.parametrize("level", LEVELS)
def test_requests_are_beside_the_counts_of_tcp(past: Past, view: View, level: str) -> None:
    client, server = ASKED[level]
    edge = view.api("edge", client=client, server=server, port=8000, level=level, **last_minute(past))
    assert (edge["facts"]["signals"], edge["facts"]["requests"]) == ("requests", 4 * town.WINDOWS)
    assert total(edge["series"]["requests"], town.WIDTH / 1000) == pytest.approx(4 * town.WINDOWS)
    assert {round(value, 1) for _, value in edge["series"]["p99"]["points"]} == {2.0}
    node = view.api("node", id=server, level=level, **last_minute(past))["series"]
    assert total(node["errors"], town.WIDTH / 1000) == pytest.approx(town.WINDOWS)
    assert "requests" not in view.api("node", id=POSTGRES, **last_minute(past))["series"]


def test_long_time_ranges_have_the_same_sums_as_short_ones(past: Past, view: View) -> None:
    day = view.api("node", id=POSTGRES, from_=past.now - 24 * 60 * MINUTE_MS, to=past.now)
    points, recorded = day["series"]["bytes_in"]["points"], day["recorded"]
    sums = [value * seconds for (_, value), (_, seconds) in zip(points, recorded, strict=True) if value is not None]
    assert sum(sums) == pytest.approx(3 * 2 * town.SENT * town.WINDOWS)
    assert sum(seconds for _, seconds in recorded) == 3 * 60


@pytest.mark.parametrize("minutes", [1, 5, 180, 9 * 24 * 60])
@pytest.mark.parametrize("node", [POSTGRES, host_node("id-db1"), address_node("", "10.0.0.2")])
def test_a_rate_does_not_depend_on_how_much_of_the_range_was_recorded(
    past: Past, view: View, node: str, minutes: int
) -> None:
    asked = {"from_": past.now - minutes * MINUTE_MS, "to": past.now}
    answer = view.api("node", id=node, **asked)
    series, recorded = answer["series"], dict(answer["recorded"])
    assert {at for at, value in series["bytes_in"]["points"] if value is not None} == {
        at for at in recorded if recorded[at]
    }
    if node == POSTGRES:
        rates = {round(value, 6) for _, value in series["bytes_in"]["points"] if value is not None}
        assert rates == {2 * town.SENT / (town.WIDTH / 1000)}
    server = view.api("node", id=POSTGRES, **asked)["neighbours"]
    (one,) = [each for each in server if each["id"] == SHOP]
    edge = view.api("edge", client=SHOP, server=POSTGRES, port=5432, **asked)["facts"]
    (drawn,) = [
        each for each in view.api("map", **asked)["edges"] if (each["client"], each["server"]) == (SHOP, POSTGRES)
    ]
    wanted = (town.SENT + town.RECEIVED) / (town.WIDTH / 1000)
    assert {round(rate, 6) for rate in (one["bytes_s"], edge["bytes_s"], drawn["bytes_s"])} == {wanted}


def test_times_without_records_have_no_values(past: Past, view: View) -> None:
    asked = {"from_": past.now - 60 * MINUTE_MS, "to": past.now}
    answer = view.api("node", id=POSTGRES, **asked)
    known = {at for at, seconds in answer["recorded"] if seconds}
    assert 0 < len(known) < len(answer["recorded"])
    for name, series in answer["series"].items():
        assert {at for at, value in series["points"] if value is not None} <= known, name
    rows = list(
        csv.DictReader(
            io.StringIO(view.get("/api/export", what="node", format="csv", id=POSTGRES, **asked).body.decode())
        )
    )
    empty = [row for row in rows if {value for name, value in row.items() if name != "time"} == {""}]
    assert len(empty) == len(rows) - len(known)
    line = view.api("timeline", **asked)["buckets"]
    assert {bucket["bytes"] for bucket in line if not bucket["recorded_s"]} == {None}
    assert all(bucket["bytes"] for bucket in line if bucket["recorded_s"])


def test_a_map_and_the_series_of_a_node_can_be_exported_as_files(past: Past, view: View) -> None:
    answer = view.get("/api/export", what="map", format="csv")
    assert answer.headers["content-disposition"] == "attachment; filename=servicemap-map.csv"
    rows = list(csv.DictReader(io.StringIO(answer.body.decode())))
    assert {row["requests"] for row in rows} == {"", str(4 * town.WINDOWS)}
    assert {row["server_port"] for row in rows} == {"443", "8000", "5432", "9000"}
    series = view.get("/api/export", what="node", format="csv", id=POSTGRES, **last_minute(past))
    points = list(csv.DictReader(io.StringIO(series.body.decode())))
    assert len(points) == town.WINDOWS
    assert points[0]["active_in (connections)"] == "2.0"
    assert view.get("/api/export", what="map").json["edges"] == view.api("map")["edges"]


@pytest.mark.parametrize(("asked", "status", "sentence"), [
    ("map?level=planet", 400, "level"),
    ("map?from=20&to=10", 400, "from"),
    ("map?from=x", 400, "from"),
    ("map?colour=red", 400, "colour"),
    ("map?from=0", 400, "400 days"),
    ("timeline?buckets=100000", 400, "buckets"),
    ("node?id=nobody", 400, "not a node"),
    ("node?id=service:nobody", 404, "service:nobody"),
    ("node", 400, "id"),
    ("edge?client=service:a&server=service:b&port=70000", 400, "port"),
    ("edge?client=service:a&server=service:b&port=7", 404, "service:b"),
    ("export?what=planet", 400, "what"),
    ("export?format=exe", 400, "format"),
    ("planet", 404, "planet"),
])  # fmt: skip
def test_a_wrong_request_is_answered_with_a_sentence_that_names_the_error(
    view: View, asked: str, status: int, sentence: str
) -> None:
    answer = view.get(f"/api/{asked}")
    assert (answer.status, sentence in answer.json["error"]) == (status, True), answer.body
