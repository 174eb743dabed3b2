"""`servicemap up --demo`: the shop is on the map by names that nobody gave it, and a crime there can be seen."""

import json
import os
import signal
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from clickhouse_driver.util.escape import escape_params

from graph.node_graph_edges import graph_edges
from tests.demo.shop import Shop, opened
from tests.e2e.running import Up, run, until

pytestmark = pytest.mark.slow

EDGES = {
    ("vote-bot", "web"),
    ("web", "emoji"),
    ("web", "voting"),
    ("emoji", "store"),
    ("voting", "store"),
}

RED = "#e02f44"
REQUESTS = """
SELECT client_service, server_service, sumMap(by), sum(errors), quantileExact(p50_ms)
FROM process_requests WHERE server_port IN {ports} AND client_service != '' GROUP BY ALL
"""


def test_the_five_services_and_their_edges_are_on_the_map(demo: Up) -> None:
    shop = opened(demo.data / "demo")
    edges = until(lambda: shop_edges(demo, set(shop.ports.values())), EDGES.issubset, 45, "the edges of the shop")
    [[asker]] = demo.until(f"SELECT DISTINCT service FROM nodes WHERE pid = {os.getpid()}")

    assert edges - {(asker, "web")} == EDGES, "whoever opens the shop is a client of its page too"


def test_what_fails_and_what_is_slow_is_reported_of_the_guilty_edges_alone(demo: Up, slow_shop: Shop) -> None:
    asked = REQUESTS.format(ports=[*slow_shop.ports.values()])
    rows = demo.until(asked, lambda rows: {row[:2] for row in rows} >= EDGES and any(row[3] for row in rows))
    measured = {(client, server): (by, errors, p50) for client, server, by, errors, p50 in rows}
    by, errors, _ = measured["voting", "store"]

    assert by["POST 5xx"] == errors > 0
    assert by["POST 2xx"] > by["POST 5xx"]
    assert [edge for edge in EDGES if measured[edge][1]] == [("voting", "store")]
    assert [edge for edge in EDGES if measured[edge][2] > 250] == [("emoji", "store")]


def test_the_guilty_edge_is_red_on_the_map_of_grafana_and_no_other(demo: Up, slow_shop: Shop) -> None:
    values = {"level": "service", "service": "", "host": "", "focus": "", "hops": "1"}
    shop = {f"service:{client} > service:{server}" for client, server in EDGES}

    def red() -> list[str] | None:
        """Return the red edges of the newest windows with the whole shop in them; a killed service makes others red."""
        now = time.time_ns() // 1_000_000
        asked = {**values, "from": now - 15_000, "to": now}
        text = graph_edges() % escape_params(asked, SimpleNamespace())
        found = {str(row[0]): str(row[6]) for row in demo.sql(text)}
        return [edge for edge in shop if found[edge] == RED] if shop <= found.keys() else None

    assert until(red, ["service:voting > service:store"].__eq__, 60, "the guilty edge alone to be red")


def test_a_service_that_is_killed_is_reported_and_comes_back(demo: Up) -> None:
    shop = opened(demo.data / "demo")
    victim = pid_of(demo, "voting")
    os.kill(victim, signal.SIGKILL)

    demo.until(
        f"SELECT 1 FROM events WHERE kind = 'process_exited' AND detail LIKE 'voting exited (pid {victim}%'", seconds=10
    )
    assert shop.ask("web")[0] == 503
    again = until(lambda: pid_of(demo, "voting"), bool, 20, "voting to come back")
    until(lambda: shop.ask("web")[0], lambda status: status == 200, 20, "the page to come back")
    assert again != victim


def test_ctrl_c_ends_the_shop_without_a_murmur_even_where_a_service_is_paused(demo: Up) -> None:
    shop = opened(demo.data / "demo")
    os.kill(pid_of(demo, "store"), signal.SIGSTOP)

    assert demo.stop() == 0
    assert demo.parts() == {}
    assert all("Traceback" not in shop.log(service) for service in (*shop.ports, "vote-bot"))


def shop_edges(running: Up, ports: set[int]) -> set[tuple[Any, Any]]:
    """Return who talks to whom on ports of the shop, as `map --json` prints it, without browsers."""
    printed = run("map", "--data", str(running.data), "--level", "service", "--json").stdout
    found = json.loads(printed) if printed else {"nodes": [], "edges": []}
    titles = {node["id"]: node["title"] for node in found["nodes"] if node["kind"] == "service"}
    pairs = [(edge["client"], edge["server"]) for edge in found["edges"] if edge["server_port"] in ports]
    return {(titles[client], titles[server]) for client, server in pairs if {client, server} <= titles.keys()}


def pid_of(running: Up, service: str) -> int:
    """Return the pid of a process of the shop, 0 when there is none."""
    script = f"/{service}.py\0"
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_text(errors="replace")
        except OSError:
            continue
        if script in words and str(running.data) in words:
            return int(path.parent.name)
    return 0
