"""Clusters of what is stored: the nodes of each level that are part of one."""

import pytest

from schemas.times import HOUR_MS
from sinks.store import Store
from tests.graph.flows import T0, WIDTH, End, flow, hosts, stored
from tests.rollups.conftest import Fresh
from view.clusters import Clusters

LEADER = End("10.0.0.1", 6379, "id-r1", 100, "cache", "c0ffee", "shop")
REPLICA = End("10.0.0.2", 40_001, "id-r2", 200, "cache", "", "shop")
ALONE = End("10.0.0.3", 6379, "id-r3", 300, "cache", "", "shop")
WEB = End("10.0.0.4", 40_002, "id-web1", 400, "web")
BATCH = End("10.0.0.5", 40_003, "id-web2", 500, "batch")


@pytest.fixture(scope="module")
def town(fresh: Fresh) -> Store:
    """A pair of Redis, one in a container, and another Redis of the same name that is alone."""
    store = fresh()
    hosts(store, r1="10.0.0.1", r2="10.0.0.2", r3="10.0.0.3", web1="10.0.0.4", web2="10.0.0.5")
    stored(store, flow(REPLICA, LEADER), flow(WEB, LEADER), flow(BATCH, ALONE))
    redis = (LEADER, REPLICA, ALONE)
    store.insert(
        "nodes",
        {
            "node": [end.node for end in redis],
            "hour": [T0 // HOUR_MS * HOUR_MS] * len(redis),
            "seen": [T0] * len(redis),
            "host": [end.host for end in redis],
            "service": ["cache"] * len(redis),
            "name": ["redis-server"] * len(redis),
            "container": [end.container for end in redis],
            "namespace": [end.namespace for end in redis],
        },
    )
    return store


@pytest.mark.parametrize(
    ("level", "nodes"),
    [
        ("process", {LEADER.node, REPLICA.node}),
        ("container", {"container:id-r1:c0ffee", "host:id-r2"}),
        ("host", {"host:id-r1", "host:id-r2"}),
        ("service", {"service:cache"}),
        ("namespace", {"namespace:shop"}),
    ],
)
def test_nodes_of_each_level_are_part_of_a_cluster(town: Store, level: str, nodes: set[str]) -> None:
    found = Clusters()

    assert found.names(town, level, T0 + WIDTH) == dict.fromkeys(nodes, "cache")
    assert found.of_node(town, "service:web", level, T0 + WIDTH) == []


def test_a_node_shows_the_members_and_the_leader_of_its_cluster(town: Store) -> None:
    (one,) = Clusters().of_node(town, REPLICA.node, "process", T0 + WIDTH)

    assert (one["name"], one["kind"], one["port"], one["leaders"]) == (
        "cache",
        "Redis",
        6379,
        ["redis-server[100] on r1"],
    )
    assert [(each["id"], each["role"]) for each in one["members"]] == [
        (LEADER.node, "leader"),
        (REPLICA.node, "replica"),
    ]


def test_a_time_without_connections_has_no_clusters(town: Store) -> None:
    assert Clusters().names(town, "process", T0 - HOUR_MS) == {}
