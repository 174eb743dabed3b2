import json
import re
import subprocess
import sys
from typing import Any

import pytest

from graph.labels import WIDEST
from graph.levels import LEVELS
from schemas.ids import address_node, host_node, service_node
from servicemap.map_text import HEADINGS, plain
from tests.cli import town
from tests.cli.conftest import Run, Town

STRANGER = address_node("", "203.0.113.9")


def read(run: Run, *arguments: str) -> dict[str, Any]:
    result = run("map", "--json", *arguments)
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def at_level(run: Run, level: str) -> dict[str, Any]:
    return read(run, "--all", "--level", level)


def pairs(found: dict[str, Any]) -> set[tuple[str, str, int]]:
    return {(edge["client"], edge["server"], edge["server_port"]) for edge in found["edges"]}


def test_the_map_for_programs_is_of_processes_by_default(run: Run) -> None:
    found = read(run)
    assert found["level"] == "process"
    assert pairs(found) == {
        (STRANGER, town.NGINX.node, 443),
        (town.NGINX.node, town.SHOP.node, 8000),
        (town.SHOP.node, town.POSTGRES.node, 5432),
        (host_node("id-web1"), town.POSTGRES.node, 5432),
        (town.SHOP.node, town.SHOP.node, 9000),
    }


@pytest.mark.parametrize("level", LEVELS)
def test_every_end_of_an_edge_is_among_the_nodes_once_and_all_are_in_order(run: Run, level: str) -> None:
    found = at_level(run, level)
    ids = [node["id"] for node in found["nodes"]]
    ends = {end for edge in found["edges"] for end in (edge["client"], edge["server"])}
    keys = [(e["client"], e["server"], e["transport"], e["server_port"]) for e in found["edges"]]
    assert ends <= set(ids)
    assert ids == sorted(set(ids))
    assert keys == sorted(set(keys))


def test_a_process_has_all_its_fields(run: Run, settled: Town) -> None:
    (node,) = [node for node in read(run)["nodes"] if node["id"] == town.SHOP.node]
    facts = {"host": "id-web1", "hostname": "web1", "pid": 200, "user": "shop", "container": town.CONTAINER}
    assert facts.items() <= node.items()
    assert node["service"] == town.WEIRD
    assert node["name"] == "python3"
    assert node["cmdline"] == "python3 --serve"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", node["started"])


def test_counters_are_sums_of_the_range_and_active_is_that_of_its_last_window(run: Run) -> None:
    edges = {(edge["client"], edge["server_port"]): edge for edge in read(run)["edges"]}
    loopback = edges[town.NGINX.node, 8000]
    assert loopback["client_sent_bytes"] == loopback["server_received_bytes"] == town.SENT * town.WINDOWS
    assert loopback["connections_closed"] == 1
    assert loopback["connections_active"] == 0
    database = edges[town.SHOP.node, 5432]
    assert database["connections_active"] == 1
    assert database["client_rtt_us"] == 1_500
    assert (database["rule"], database["client_provenance"], database["client_tied"]) == ("connected", "scan", False)


def test_an_edge_has_the_ends_that_saw_it(run: Run) -> None:
    seen = {edge["client"]: (edge["seen_by_client"], edge["seen_by_server"]) for edge in read(run)["edges"]}
    assert seen[STRANGER] == (False, True)
    assert seen[host_node("id-web1")] == (True, True)


def test_an_edge_to_the_same_node_is_kept_and_marked(run: Run) -> None:
    loops = [edge for edge in read(run)["edges"] if edge["self_loop"]]
    assert [(edge["client"], edge["server"]) for edge in loops] == [(town.SHOP.node, town.SHOP.node)]


def test_each_level_merges_processes_into_its_nodes(run: Run) -> None:
    shop = f"container:id-web1:{town.CONTAINER}"
    web, db = host_node("id-web1"), host_node("id-db1")
    assert (service_node("nginx"), service_node(town.WEIRD), 8000) in pairs(at_level(run, "service"))
    assert (shop, db, 5432) in pairs(at_level(run, "container"))
    assert (web, shop, 8000) in pairs(at_level(run, "container"))
    assert pairs(at_level(run, "host")) == {
        (web, db, 5432),
        (web, web, 8000),
        (web, web, 9000),
        (STRANGER, web, 443),
    }
    switch = f"link:{town.SWITCH}"
    assert pairs(at_level(run, "link")) == {
        (switch, db, 5432),
        (switch, switch, 8000),
        (switch, switch, 9000),
        (STRANGER, switch, 443),
    }
    for level, here, there in (
        ("zone", "zone:eu-west-1:b", "zone:no region:no zone"),
        ("region", "region:eu-west-1", "region:no region"),
    ):
        assert pairs(at_level(run, level)) == {
            (here, there, 5432),
            (here, here, 8000),
            (here, here, 9000),
            (STRANGER, here, 443),
        }
    loopback = address_node(town.LOOPBACK, "127.0.0.1")
    assert (loopback, loopback, 8000) in pairs(at_level(run, "address"))


@pytest.mark.parametrize("level", LEVELS)
def test_every_level_has_the_same_bytes_and_connections(run: Run, level: str) -> None:
    edges = at_level(run, level)["edges"]
    assert sum(edge["server_sent_bytes"] for edge in edges) == len(town.TALKS) * town.WINDOWS * town.RECEIVED
    assert sum(edge["connections_active"] for edge in edges) == len(town.TALKS) - 1


def test_all_adds_processes_without_connections_but_no_exited_ones(run: Run) -> None:
    quiet = {node["id"] for node in read(run)["nodes"]}
    everything = {node["id"] for node in at_level(run, "process")["nodes"]}
    assert everything - quiet == {town.SLEEPER.node}


def test_a_map_can_be_filtered_by_service_or_host(run: Run) -> None:
    assert {port for _, _, port in pairs(read(run, "--service", "nginx"))} == {443, 8000}
    assert {port for _, _, port in pairs(read(run, "--host", "db1"))} == {5432}
    assert pairs(read(run, "--host", "id-db1")) == pairs(read(run, "--host", "db1"))


def test_a_map_can_be_of_a_past_minute(run: Run, settled: Town) -> None:
    half = read(run, "--at", f"@{settled.now / 1000 - 30}")
    (database,) = [edge for edge in half["edges"] if edge["client"] == town.SHOP.node and edge["server_port"] == 5432]
    assert database["client_sent_bytes"] == town.SENT * town.WINDOWS // 2
    some = read(run, "--since", f"@{settled.now / 1000 - 40}", "--at", f"@{settled.now / 1000 - 30}")
    assert {edge["client_sent_bytes"] for edge in some["edges"] if edge["seen_by_client"]} == {town.SENT * 2}


def test_an_old_map_has_a_note_with_its_time(run: Run) -> None:
    result = run("map")
    assert "the newest data are of" in result.stderr


def test_a_pipe_gets_aligned_text_without_control_characters(run: Run) -> None:
    heading, *lines = run("map", "--level", "process").stdout.splitlines()
    assert heading.split() == ["CLIENT", "SERVER", "PORT", "OPEN", "NEW", "FAILED", "SENT", "RECEIVED", "RTT"]
    assert len(lines) == len(town.TALKS)
    assert {line.find("tcp/") - line.find("/") for line in lines} == {-3}
    assert len({len(line) for line in (heading, *lines)}) == 1
    assert "nginx[100]@web1" in lines[0] + lines[1]
    assert "\x1b" not in run("map").stdout


def test_long_names_are_cut_and_not_wrapped() -> None:
    row = ("x" * 100, "y", *["1"] * 7)
    _, line = plain(HEADINGS, [row]).splitlines()
    assert line.split()[0] == "x" * (WIDEST - 1) + "…"


def test_a_graph_for_graphviz_survives_names_with_quotes_backslashes_and_control_characters(run: Run) -> None:
    text = run("map", "--dot", "--level", "service").stdout
    name = r'"service:sh\"op\\n�[31m"'
    assert f'"service:nginx" -> {name} [label="tcp/8000", style=dashed];' in text
    assert text.startswith("digraph servicemap {")
    unquoted = re.sub(r'"(\\.|[^"\\])*"', "", text)
    assert '"' not in unquoted
    assert unquoted.count("->") == len(town.TALKS)


def test_a_store_can_be_named_by_its_address(settled: Town) -> None:
    url = f"clickhouse://127.0.0.1:{settled.native_port}"
    command = [sys.executable, "-m", "servicemap", "map", "--store", url, "--level", "process"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "postgres[300]@db1" in result.stdout


def test_without_a_store_one_sentence_names_what_to_do(run: Run, tmp_path: Any) -> None:
    from click.testing import CliRunner

    from servicemap.cli import main

    result = CliRunner().invoke(main, ["map", "--data", str(tmp_path)])
    assert result.exit_code == 1
    assert result.stderr.startswith("servicemap: no store is running in")
    assert len(result.stderr.splitlines()) == 1


def test_an_empty_range_is_a_usage_error(run: Run) -> None:
    assert run("map", "--since", "10m", "--at", "1h").exit_code == 2


def test_a_level_of_which_nothing_is_seen_is_reported(run: Run) -> None:
    note = "no pods are seen here; each end is shown by what else is known about it"
    assert note in run("map", "--level", "pod").stderr
    assert "are seen here" not in run("map", "--level", "container").stderr
    assert "are seen here" not in run("map", "--level", "address").stderr
