"""Tables on a cluster: their statements, and what the engine makes of them as far as it goes without a server.

The engine alone has clusters, macros and Distributed tables, and makes Replicated ones; it has no queue for statements
ON CLUSTER, which the tests carry out instead, and its replicas stay read only.
"""

import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from graph.views import VIEWS
from schemas.facts import Merge
from schemas.kinds import LABEL, TIME, U64
from sinks.address import Address
from sinks.cluster import ONE_SERVER, Cluster
from sinks.levels import REQUEST_MINUTES
from sinks.reconcile import ALL, reconcile
from sinks.store import Store, StoreError, create_database
from sinks.table import Column, Kept, Table
from tests.rollups.test_rollups import LONG_AFTER, Sinking, folded, requested, rolled
from tests.store.nodes import Carried, on_cluster, running_nodes
from tests.streams.world import log

pytestmark = pytest.mark.slow

SEEN = Table(
    "seen",
    (Column("host", LABEL), Column("hour", TIME), Column("bytes", U64, "", Merge.MAX)),
    key=("host", "hour"),
    kept=Kept("hour", "Hour", 15),
)
LATEST = SEEN._replace(name="latest", engine="ReplacingMergeTree(bytes)", kept=None)


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Address]]:
    with running_nodes(tmp_path_factory.mktemp("nodes")) as found:
        yield found


@pytest.mark.parametrize(
    ("cluster", "statements"),
    [
        (ONE_SERVER, [("CREATE TABLE IF NOT EXISTS seen\n(", "\n)\nENGINE = AggregatingMergeTree\n")]),
        (
            Cluster("prod"),
            [
                (
                    "CREATE TABLE IF NOT EXISTS seen ON CLUSTER `prod`\n(",
                    "\n)\nENGINE = ReplicatedAggregatingMergeTree('/clickhouse/tables/{shard}/{database}/{table}',"
                    " '{replica}')\n",
                )
            ],
        ),
        (
            Cluster("prod", replicated=False, sharded=True),
            [
                (
                    "CREATE TABLE IF NOT EXISTS seen_local ON CLUSTER `prod`\n(",
                    "\n)\nENGINE = AggregatingMergeTree\n",
                ),
                (
                    "CREATE TABLE IF NOT EXISTS seen ON CLUSTER `prod` AS seen_local\n",
                    "ENGINE = Distributed(`prod`, `map`, `seen_local`, cityHash64(host))",
                ),
            ],
        ),
    ],
)
def test_statements_set_where_and_how_rows_are_kept(cluster: Cluster, statements: list[tuple[str, str]]) -> None:
    made = list(cluster.created(SEEN, "map"))
    assert len(made) == len(statements)
    for statement, (begins, holds) in zip(made, statements, strict=True):
        assert statement.startswith(begins)
        assert holds in statement
    assert "bytes SimpleAggregateFunction(max, UInt64)" in made[0]
    assert "PARTITION BY toStartOfHour(hour)\nORDER BY (host, hour)\nTTL" in made[0]


def test_arguments_of_an_engine_follow_the_place_of_the_replica() -> None:
    assert Cluster("prod").engine(LATEST) == (
        "ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}', bytes)"
    )


def test_the_engine_makes_every_table_replicated_under_the_path_of_its_macros(nodes: list[Address]) -> None:
    with closing(on_cluster(nodes, "replicated", Cluster("first"))) as store:
        reconcile(store)

        engines = dict(store.query("SELECT name, engine FROM system.tables WHERE database = 'replicated'"))
        replicas = store.query("SELECT table, zookeeper_path, replica_name FROM system.replicas ORDER BY table")
        again = reconcile(store)

    declared = {table.name: "Replicated" + table.engine.partition("(")[0] for table in ALL}
    assert engines.items() >= declared.items()
    assert replicas == [(name, f"/clickhouse/tables/0/replicated/{name}", "only") for name in sorted(declared)]
    assert again == []


def test_the_engine_knows_the_cluster_of_a_statement_and_has_no_queue_for_it(nodes: list[Address]) -> None:
    """What a server would do: the text is understood, and the cluster is found."""
    found = {}
    for name in ("first", "nowhere"):
        with closing(Store(nodes[0])) as store, pytest.raises(StoreError) as caught:
            store.query(next(Cluster(name).created(SEEN, "default")))
        found[name] = caught.value.code
    assert found == {"first": 392, "nowhere": 701}  # disabled here; no such cluster


def test_views_on_other_servers_name_the_database_of_their_tables(nodes: list[Address]) -> None:
    with closing(on_cluster(nodes, "viewed", Cluster("both", replicated=False, sharded=True))) as store:
        reconcile(store)
        views = [text for text in store.statements if text.startswith("CREATE OR REPLACE VIEW")]

    assert [text.split()[4] for text in views] == list(VIEWS)
    assert all("viewed." in text for text in views)


def test_a_column_that_is_new_comes_to_the_tables_of_all_servers_and_before_them(nodes: list[Address]) -> None:
    cluster, table = Cluster("both", replicated=False, sharded=True), REQUEST_MINUTES.table
    with closing(on_cluster(nodes, "older", cluster)) as store:
        reconcile(store)
        store.statements.clear()
        for name in (table.name, cluster.holder(table)):
            store.query(f"ALTER TABLE {name}{cluster.on} DROP COLUMN unanswered")
        store.statements.clear()

        reconcile(store)
        changed = [text.split()[2] for text in store.statements]
        again = reconcile(store)

    assert changed == ["requests_1m_local", "requests_1m", "requests_1m_local"]
    assert store.statements[2].endswith("SETTINGS mutations_sync = 2")
    assert again == []
    for address in store.servers:
        with closing(Store(address)) as server:
            found = "SELECT count() FROM system.columns WHERE database = 'older' AND name = 'unanswered' AND table IN "
            assert server.query(f"{found}('requests_1m', 'requests_1m_local')") == [(2,)]


def filled(store: Store) -> Sinking:
    """Fill a store through the sink, and roll it up."""
    reconcile(store)
    sinking = Sinking(store)
    sinking.now = LONG_AFTER
    sinking.take(folded(log(2, windows=9, chaos=False)))
    return sinking


def test_readers_of_a_distributed_table_get_what_one_server_gives(nodes: list[Address]) -> None:
    """All SQL of edges passes through: views, joins, FINAL, roll-ups; on a cluster of one shard."""
    sharded = on_cluster(nodes, "distributed", Cluster("first", replicated=False, sharded=True))
    create_database(nodes[0]._replace(database="plain"))
    plain = Store(nodes[0]._replace(database="plain"))
    answers = []
    for store in (sharded, plain):
        filled(store)
        answers.append(
            [
                rolled(store, "edges_1m", "minute"),
                rolled(store, "edges_1h", "hour"),
                rolled(store, "edges_1d", "day"),
                requested(store, "requests_1m FINAL", "minute"),
                store.query("SELECT * FROM service_edges ORDER BY ALL"),
            ]
        )
        store.close()
    assert answers[0] == answers[1]
    assert all(answers[0])


def test_rows_of_one_key_are_in_one_shard_and_all_rows_are_somewhere(nodes: list[Address]) -> None:
    sharded = on_cluster(nodes, "spread", Cluster("both", replicated=False, sharded=True))
    reconcile(sharded)
    flows = "transport, a_scope, a_address, a_port, b_scope, b_address, b_port"
    with closing(sharded):
        spread(sharded)
        found = [rows(address, f"SELECT DISTINCT {flows} FROM edges_local") for address in sharded.servers]
        # Each shard answers for itself: parts of an aggregation are what the front end of the engine does not give.
        together = sharded.query("SELECT a_address, a_port FROM edges FINAL SETTINGS distributed_group_by_no_merge = 1")
        count = [rows(address, "SELECT count() FROM edges_local")[0][0] for address in sharded.servers]

    assert all(found)
    assert not set(found[0]) & set(found[1])
    assert sum(count) == len(together) == len(SPREAD)
    assert sorted(together) == sorted((address, port) for address, port, _ in SPREAD)


SPREAD = [(f"10.0.0.{host}", 1000 + host, window) for host in range(40) for window in range(3)]


def spread(store: Carried) -> None:
    """Insert edges of many flows, each twice."""
    now = int(time.time()) // 3600 * 3_600_000  # older rows are not kept
    for _ in range(2):
        store.insert(
            "edges",
            {
                "window": [now + window * 5000 for _, _, window in SPREAD],
                "transport": ["tcp"] * len(SPREAD),
                "a_address": [address for address, _, _ in SPREAD],
                "a_port": [port for _, port, _ in SPREAD],
            },
        )
    for address in store.servers:
        rows(address, "OPTIMIZE TABLE edges_local FINAL")


def rows(address: Address, text: str) -> list[tuple[Any, ...]]:
    with closing(Store(address)) as store:
        return store.query(text)


def test_settings_of_a_cluster_are_known_to_the_engine(nodes: list[Address]) -> None:
    cluster = Cluster("both", sharded=True)
    names = cluster.settings | cluster.insert_settings
    with closing(Store(nodes[0])) as store:
        known = store.query("SELECT name FROM system.settings WHERE name IN %(names)s", {"names": tuple(names)})
    assert {name for (name,) in known} == set(names)
