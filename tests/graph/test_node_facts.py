"""The facts of nodes as they stood at a time."""

from typing import Any

import pytest

from graph.node_facts import NodeFactRow, node_facts
from schemas.times import HOUR_MS
from sinks.store import Store
from tests.graph.flows import T0
from tests.rollups.conftest import Fresh

HOUR, MINUTE = T0 // HOUR_MS * HOUR_MS, 60_000
NGINX, SHOP = "process:h1:b:7:7", "process:h1:b:8:8"


def minutes(*numbers: int) -> int:
    return sum(1 << (59 - number) for number in numbers)


@pytest.fixture(scope="module")
def store(fresh: Fresh) -> Store:
    """Facts of two hosts: an end that changes in minute 10, a fact that ends with minute 20, and an hour's border."""
    rows: list[tuple[Any, ...]] = [
        (HOUR, "h1", "end", NGINX, "nginx", 443, "first", 9 * MINUTE + 7, minutes(*range(11))),
        (HOUR, "h1", "end", NGINX, "nginx", 443, "second", 59 * MINUTE, minutes(*range(10, 60))),
        (HOUR, "h1", "team", "", "shop", 0, "blue", 20 * MINUTE, minutes(*range(21))),
        (HOUR, "h1", "os", "", "", 0, "12", 59 * MINUTE, minutes(*range(60))),
        (HOUR, "h2", "os", "", "", 0, "13", 19 * MINUTE, minutes(*range(20))),
        (HOUR + HOUR_MS, "h1", "os", "", "", 0, "13", 60 * MINUTE, minutes(0)),
    ]
    names = ("hour", "host", "name", "node", "service", "port", "value", "seen", "minutes")
    columns = {name: [row[at] for row in rows] for at, name in enumerate(names)}
    columns["seen"] = [HOUR + seen for seen in columns["seen"]]
    store = fresh()
    for _ in range(2):  # what is written twice is one
        store.insert("node_facts", columns | {"program": ["test"] * len(rows)})
    return store


def asked(store: Store, minute: float, **what: Any) -> list[NodeFactRow]:
    to = int(HOUR + minute * MINUTE)
    if {"nodes", "services", "subjects"} & what.keys():
        lists = {name: [*what.get(name, ()), "-"] for name in ("nodes", "services", "hosts", "subjects")}
        return store.rows(NodeFactRow, node_facts(everything=False), {"to": to, "most": 10, **lists})
    values = {"to": to, "most": 10, "name": "", "service": "", "hosts": ["h1", "h2"], **what}
    return store.rows(NodeFactRow, node_facts(everything=True), values)


def values(rows: list[NodeFactRow]) -> list[tuple[str, str, str]]:
    return [(row.host, row.name, row.value) for row in rows]


def test_what_stands_at_a_time_is_what_stood_then(store: Store) -> None:
    assert values(asked(store, 5)) == [
        ("h1", "end", "first"), ("h1", "os", "12"), ("h2", "os", "13"), ("h1", "team", "blue"),
    ]  # fmt: skip
    assert values(asked(store, 10.5, name="end")) == [("h1", "end", "second")]
    assert values(asked(store, 20.9, name="os")) == [("h1", "os", "12"), ("h2", "os", "13")]  # a minute may be late
    assert values(asked(store, 22)) == [("h1", "end", "second"), ("h1", "os", "12")]
    assert values(asked(store, 60.5)) == [("h1", "os", "13")]
    assert values(asked(store, 61.5)) == [("h1", "os", "13")]
    assert values(asked(store, 62.5)) == []


def test_facts_are_asked_for_by_name_service_and_host(store: Store) -> None:
    assert values(asked(store, 5, service="nginx")) == [("h1", "end", "first")]
    assert values(asked(store, 5, name="os", hosts=["h2"])) == [("h2", "os", "13")]
    assert values(asked(store, 5, most=1)) == [("h1", "end", "first")]


def test_a_node_has_its_own_facts_and_those_of_its_service_on_its_hosts(store: Store) -> None:
    assert values(asked(store, 5, nodes=[NGINX])) == [("h1", "end", "first")]
    assert values(asked(store, 5, nodes=[SHOP], services=["shop"], hosts=["h1"])) == [("h1", "team", "blue")]
    assert values(asked(store, 5, services=["shop"], hosts=["h2"])) == []
    assert values(asked(store, 5, subjects=["h2"])) == [("h2", "os", "13")]
