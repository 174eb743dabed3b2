"""What held nodes back is read from what their processes report, each control group once."""

from typing import Any

import pytest

from graph.health import node_faults
from graph.model import Node, Wanted
from graph.reading import read_map
from graph.usage import UsageRow, process_usage
from schemas.raw import Usage
from schemas.used import uses
from sinks.store import Store
from tests.graph.flows import T0, WIDTH, End, flow, stored
from tests.rollups.conftest import Fresh

MIB = 1 << 20
SHOP = [End(f"10.0.0.{n}", 8000, f"h{n % 2}", n, "shop", f"c{n % 2}") for n in (1, 2, 3)]
DB = End("10.0.0.9", 5432, "h9", 9, "db")
GROUPS = {1: "/c1", 2: "/c0", 3: "/c1"}  # of the processes of the shop: two share the container of one host


def used(end: End, window: int, **facts: Any) -> dict[str, Any]:
    blank = dict.fromkeys(uses(Usage), 0)
    return blank | {"window": window, "node": end.node, "host": end.host, "cgroup": GROUPS.get(end.pid, "/db")} | facts


@pytest.fixture(scope="module")
def store(fresh: Fresh) -> Store:
    """A shop whose containers are throttled in half of their periods, and a database that was killed."""
    store = fresh()
    stored(store, *(flow(one._replace(port=40_000), DB, opened=1) for one in SHOP))
    ends = [*SHOP, DB]
    store.insert("nodes", {
        **{name: [getattr(end, name) for end in ends] for name in ("node", "host", "service", "container", "pid")},
        "hour": [T0] * len(ends),
        "seen": [T0] * len(ends),
    })  # fmt: skip
    limited = {"limited_memory_bytes": 30 * MIB, "memory_limit_bytes": 40 * MIB}
    rows = [
        used(one, T0 + at * WIDTH, cpu_periods=50, cpu_throttled_periods=20 + 10 * at, cpu_wait_ms=7, **limited)
        for one in SHOP
        for at in (0, 1)
    ]
    rows += [used(DB, T0, oom_kills=1), used(DB, T0 + WIDTH, oom_kills=2), used(DB, T0 + 2 * WIDTH, cgroup="")]
    for row in (rows, rows[:1]):  # one of them twice
        store.insert("process_usage", {name: [each[name] for each in row] for name in row[0]})
    return store


def nodes(store: Store, level: str) -> dict[str, Node]:
    return {node.id: node for node in read_map(store, Wanted(start=T0, end=T0 + 10 * WIDTH, level=level)).nodes}


@pytest.mark.parametrize(("level", "shop", "db"), [
    ("service", "service:shop", "service:db"),
    ("process", SHOP[0].node, DB.node),
    ("container", "container:h1:c1", "host:h9"),
    ("host", "host:h1", "host:h9"),
])  # fmt: skip
def test_nodes_of_each_level_have_what_held_them_back(store: Store, level: str, shop: str, db: str) -> None:
    found = nodes(store, level)
    held = found[shop]
    assert (held.throttled_share, held.memory_share, held.oom_kills, held.health) == (0.5, 0.75, 0, "warn")
    assert [fault["text"] for fault in held.why] == ["throttled in 50 % of its CPU periods"]
    assert (found[db].oom_kills, found[db].throttled_share, found[db].health) == (3, 0, "bad")


def test_a_group_counts_once_for_all_its_processes(store: Store) -> None:
    asked = {"from": T0, "to": T0 + 10 * WIDTH, "step": 10 * WIDTH, "nodes": [one.node for one in SHOP]}
    (row,) = store.rows(UsageRow, process_usage(), asked)
    assert (row.used["throttled"], row.used["memory_of_limit"], row.used["cpu_wait"]) == (0.5, 0.75, 42)
    (row,) = store.rows(UsageRow, process_usage(), asked | {"nodes": [DB.node]})
    assert row.used["oom_kills"] == 3


@pytest.mark.parametrize(("kills", "throttled", "why"), [
    (0, 0, []),
    (0, 20, []),
    (0, 40, [("throttled", "warn", "throttled in 40 % of its CPU periods")]),
    (1, 0, [("kills", "warn", "a process killed for want of memory")]),
    (2, 40, [("kills", "bad", "killed for want of memory twice"),
             ("throttled", "warn", "throttled in 40 % of its CPU periods")]),
    (7, 0, [("kills", "bad", "killed for want of memory 7 times")]),
])  # fmt: skip
def test_a_node_is_marked_for_kills_and_for_a_quota_that_stops_it(kills: int, throttled: int, why: list[Any]) -> None:
    assert [tuple(fault) for fault in node_faults(100, throttled, kills)] == why
    assert node_faults(10, 9, 0) == []  # too few periods prove nothing
