"""An address outside the fleet is shown by the name that its clients asked DNS for last, in the range of the map."""

from typing import Any

import pytest

from graph.address_names import KEPT
from graph.levels import LEVELS
from graph.model import Node, Wanted
from graph.node_graph_nodes import graph_nodes
from graph.panels.tables import top
from graph.reading import read_map
from schemas.raw import BY_DNS, BY_HTTP
from schemas.times import HOUR_MS, MINUTE_MS
from servicemap.map_text import rows
from sinks.store import Store
from tests.graph.flows import T0, WIDTH, End, asked, flow, hosts, stored
from tests.rollups.conftest import Fresh
from view.drawing import drawn
from view.node import node_answer
from view.parameters import NodeAsked

OUT, OTHER, BARE = "203.0.113.7", "203.0.113.8", "203.0.113.9"
API, WWW = "api.example.com", "www.example.com"
WEB = End("10.0.0.1", 40_000, "id-web1", 7, "web")


def minutes(*numbers: int) -> int:
    return sum(1 << (59 - number) for number in numbers)


@pytest.fixture(scope="module")
def store(fresh: Fresh) -> Store:
    """A service of the host web1, and its connections to addresses outside and to another service of the fleet."""
    store = fresh()
    hosts(store, web1="10.0.0.1", db1="10.0.0.2")
    there = [End(OUT, 443), End(OTHER, 443), End(BARE, 443), End("10.0.0.2", 5432, "id-db1", 9, "db")]
    times = [T0 + minute * MINUTE_MS for minute in (0, 10, 20, 70)]
    stored(store, *(flow(WEB, end, window=at, opened=1) for end in there for at in times))
    named: list[tuple[Any, ...]] = [
        (T0, "id-web1", OUT, API, 5 * MINUTE_MS, minutes(0, *range(10, 60))),
        (T0, "id-web1", OUT, WWW, 12 * MINUTE_MS, minutes(*range(12, 30))),
        (T0, "id-web2", OUT, API, 15 * MINUTE_MS, minutes(15)),
        (T0 + HOUR_MS, "id-web1", OUT, API, 5 * MINUTE_MS, minutes(*range(60))),
        (T0, "id-web1", OTHER, API, 5 * MINUTE_MS, minutes(*range(60))),
        (T0, "id-web1", OTHER, "claimed.example", 6 * MINUTE_MS, minutes(*range(60)), BY_HTTP),
        (T0, "id-web1", "10.0.0.2", "poisoned.example", 5 * MINUTE_MS, minutes(*range(60))),
    ]
    names = ("hour", "host", "address", "name", "asked", "minutes", "provenance")
    columns: dict[str, Any] = {name: [(*row, BY_DNS)[at] for row in named] for at, name in enumerate(names)}
    columns["asked"] = columns["seen"] = [T0 + at for at in columns["asked"]]
    store.insert("host_usage", {"window": times, "host": ["id-web1"] * 4, "width_ms": [WIDTH] * 4})
    for _ in range(2):  # what is written twice is one
        store.insert("address_names", columns)
    return store


def outside(store: Store, minute: int, level: str = "service", length: int = 1) -> dict[str, Node]:
    start = T0 + minute * MINUTE_MS
    found = read_map(store, Wanted(start=start, end=start + length * MINUTE_MS, level=level))
    return {node.address: node for node in found.nodes if node.kind == "address"}


def test_an_address_has_the_names_by_which_it_was_found_the_latest_first(store: Store) -> None:
    assert outside(store, 0)[OUT].names == [API]
    assert outside(store, 20)[OUT].names == [API, WWW]  # another host asked last
    found = outside(store, 70)[OUT]
    assert (found.id, found.title, found.names) == (f"address:{OUT}", API, [API])


def test_one_name_may_be_that_of_several_addresses_and_an_address_may_have_none(store: Store) -> None:
    found = outside(store, 20)

    assert found[OTHER].names == [API, "claimed.example"]
    assert (found[BARE].title, found[BARE].names) == (BARE, [])


def test_a_name_counts_in_its_minutes_and_some_longer(store: Store) -> None:
    before = {at: set(outside(store, 0, length=at)[OUT].names) for at in (12, 13)}
    assert before == {12: {API}, 13: {API, WWW}}
    assert outside(store, 70)[OTHER].names == []
    assert KEPT < 10


@pytest.mark.parametrize("level", LEVELS)
def test_no_answer_of_dns_names_an_address_of_the_fleet(store: Store, level: str) -> None:
    found = read_map(store, Wanted(start=T0, end=T0 + HOUR_MS, level=level))

    assert "poisoned.example" not in {text for node in found.nodes for text in (node.title, *node.names)}
    assert API in {node.title for node in found.nodes}


def test_people_see_the_address_beside_the_name(store: Store) -> None:
    found = read_map(store, Wanted(start=T0, end=T0 + MINUTE_MS))
    assert f"{API} ({OUT})" in {cells[1] for cells in rows(found)}
    nodes = {node["id"]: node for node in drawn(found, None, [], {}, {}, [])["nodes"]}
    assert (nodes[f"address:{OUT}"]["title"], nodes[f"address:{OUT}"]["subtitle"]) == (API, OUT)
    assert (nodes[f"address:{BARE}"]["title"], nodes[f"address:{BARE}"]["subtitle"]) == (BARE, "")


def test_the_panels_of_the_page_show_names(store: Store) -> None:
    def answer(node: str) -> dict[str, Any]:
        return node_answer(store, NodeAsked(id=node, start=T0, end=T0 + MINUTE_MS), T0 + HOUR_MS)

    assert answer(f"address:{OUT}")["facts"]["names"] == [API]
    assert "names" not in answer(f"address:{BARE}")["facts"]
    assert {one["id"]: one["title"] for one in answer("service:web")["neighbours"]} == {
        f"address:{OUT}": API,
        f"address:{OTHER}": API,
        f"address:{BARE}": BARE,
        "service:db": "db",
    }


def test_grafana_shows_names(store: Store) -> None:
    values = {"from": T0, "to": T0 + MINUTE_MS, "interval": 5, "service": "", "host": "", "focus": "", "hops": "1"}

    def shown(text: str, level: str) -> list[dict[str, Any]]:
        found, columns = asked(store, text, values | {"level": level})
        return [dict(zip([name for name, _ in columns], row, strict=True)) for row in found]

    nodes = {row["id"]: row for row in shown(graph_nodes(), "address")}
    assert (nodes[f"address:{OUT}"]["title"], nodes[f"address:{OUT}"]["subtitle"]) == (API, OUT)
    assert nodes["address:10.0.0.2"]["title"] == "10.0.0.2"
    (network,) = [row for row in shown(graph_nodes(), "service") if row["detail__kind"] == "network"]
    assert network["detail__folded"] == f"3: {BARE}, {API} ({OUT}), {API} ({OTHER})"
    assert API in {row["server_name"] for row in shown(top(), "address")}
