"""Clusters are recognised by who connects to whom, and nothing that only uses stores joins or enters one."""

from collections.abc import Iterable, Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from benchmarks.cluster_scenes import make, score
from graph.clustering.cluster import Cluster
from graph.clusters import clusters
from graph.model import Edge, Node, ServiceMap
from schemas.ids import process_node

CASSANDRA = "java -cp /etc/cassandra:/usr/share/cassandra/lib/* org.apache.cassandra.service.CassandraDaemon"
KAFKA = "java -cp /opt/kafka/libs/* kafka.Kafka /etc/kafka.properties"
ZOOKEEPER = "java -cp /opt/zk/* org.apache.zookeeper.server.quorum.QuorumPeerMain /etc/zoo.cfg"
RABBIT = "/usr/lib/erlang/bin/beam.smp -W w -- -root /usr/lib/erlang -noshell -s rabbit boot"


class Town:
    """A map that is drawn by hand."""

    def __init__(self) -> None:
        self._nodes: dict[str, Node] = {}
        self._edges: dict[tuple[str, str, int], Edge] = {}

    def run(self, count: int, name: str, service: str = "", **more: Any) -> list[Node]:
        """Add processes, each on a host of its own."""
        return [self._process(name, service or name, **more) for _ in range(count)]

    def address(self, number: int) -> Node:
        """Add an address where no agent is."""
        node = Node(id=f"address:10.0.0.{number}", kind="address", title=f"10.0.0.{number}")
        self._nodes[node.id] = node
        return node

    def use(self, clients: Iterable[Node], servers: Iterable[Node], port: int, protocol: str = "") -> None:
        """Connect each client with each server but itself."""
        for client in clients:
            for server in [server for server in servers if server is not client]:
                self._edges[client.id, server.id, port] = Edge(
                    client=client.id, server=server.id, transport="tcp", server_port=port, protocol=protocol,
                    tls_name="", alias="", rule="listener", first="", last="", seen_by_client=True,
                    seen_by_server=True, recorded_s=60.0, connections_opened=0, connections_closed=0,
                    connections_active=1, connections_failed=0, counters={},
                )  # fmt: skip

    def mesh(self, members: Sequence[Node], port: int) -> None:
        """Connect members with each other, each pair once."""
        for number, member in enumerate(members):
            self.use([member], members[number + 1 :], port)

    @property
    def map(self) -> ServiceMap:
        nodes, edges = list(self._nodes.values()), list(self._edges.values())
        return ServiceMap(start="", end="", level="process", nodes=nodes, edges=edges)

    def found(self, *, singles: bool = False) -> dict[str, set[str]]:
        """Return the nodes of each cluster, by its name."""
        return {one.name: one.nodes for one in clusters(self.map, singles=singles)}

    def only(self) -> Cluster:
        (one,) = clusters(self.map)
        return one

    def _process(self, name: str, service: str, *, host: str = "", parent: int = 1, cmdline: str = "") -> Node:
        pid = 100 + len(self._nodes)
        host = host or f"h{pid}"
        node = Node(
            id=process_node(host, "0b007b00", pid, 1), kind="process", title=f"{name}[{pid}]", host=host, hostname=host,
            pid=pid, parent=parent, service=service, name=name, exe=f"/usr/bin/{name}", cmdline=cmdline,
        )  # fmt: skip
        self._nodes[node.id] = node
        return node


def ids(nodes: Iterable[Node]) -> set[str]:
    return {node.id for node in nodes}


def test_instances_that_connect_to_each_other_are_one_cluster() -> None:
    town = Town()
    ring, web = town.run(5, "java", "cassandra", cmdline=CASSANDRA), town.run(3, "python3", "web")
    town.mesh(ring, 7000)
    town.use(web, ring, 9042)

    one = town.only()
    assert (one.name, one.kind, one.port, one.clients) == ("Cassandra of web", "Cassandra", 9042, ["web"])
    assert (one.nodes, one.leaders, one.confidence) == (ids(ring), [], 0.99)
    assert one.evidence == ["all run java", "connected with each other on port 7000: 10 pairs"]


@pytest.mark.parametrize(
    ("name", "cmdline", "kind"),
    [
        ("java", CASSANDRA, "Cassandra"),
        ("java", KAFKA, "Kafka"),
        ("java", ZOOKEEPER, "ZooKeeper"),
        ("java", "java -cp /es/lib/* org.elasticsearch.bootstrap.Elasticsearch", "Elasticsearch"),
        ("beam.smp", RABBIT, "RabbitMQ"),
        ("beam.smp", "/usr/lib/riak/erts/bin/beam.smp -- -root /usr/lib/riak -s riak_core", "Riak"),
        ("mongod", "/usr/bin/mongod --config /etc/mongod.conf", "MongoDB"),
        ("etcd", "", "etcd"),
        ("clickhouse-serv", "/usr/bin/clickhouse-server --config-file=/etc/x.xml", "ClickHouse"),
        ("asd", "", "Aerospike"),
        ("mariadbd", "", "MySQL"),
        ("nats-server", "", "NATS"),
    ],
)
def test_a_store_is_recognised_by_its_program_at_any_port(name: str, cmdline: str, kind: str) -> None:
    town = Town()
    town.mesh(town.run(3, name, "x", cmdline=cmdline), 4711)

    assert town.only().kind == kind


def test_two_pairs_that_different_services_use_are_two_clusters() -> None:
    town = Town()
    (one, its_replica), (two, other_replica) = town.run(2, "redis-server"), town.run(2, "redis-server")
    town.use([its_replica], [one], 6379, "redis")
    town.use([other_replica], [two], 6379, "redis")
    town.use(town.run(2, "python3", "cart"), [one], 6379, "redis")
    town.use(town.run(2, "python3", "search"), [two], 6379, "redis")

    assert town.found() == {"Redis of cart": ids([one, its_replica]), "Redis of search": ids([two, other_replica])}


def test_what_uses_two_clusters_joins_none_and_is_in_none() -> None:
    town = Town()
    pairs = [town.run(2, "redis-server") for _ in range(2)]
    for pair, service in zip(pairs, ("cart", "search"), strict=True):
        town.use(pair[1:], pair[:1], 6379, "redis")
        town.use(town.run(2, "python3", service), pair[:1], 6379, "redis")
    everything = pairs[0] + pairs[1]
    sentinels = town.run(3, "redis-sentinel")
    town.mesh(sentinels, 26379)
    town.use(sentinels, everything, 6379, "redis")
    for name in ("redis_exporter", "backup", "haproxy", "nutcracker"):
        town.use(town.run(1, name), everything, 6379, "redis")

    assert list(town.found().values()) == [ids(pairs[0]), ids(pairs[1])]


def test_a_proxy_that_speaks_the_protocol_of_its_store_is_no_replica() -> None:
    town = Town()
    leader, replica = town.run(2, "redis-server")
    proxy = town.run(1, "ourproxy")
    town.use([replica], [leader], 6379, "redis")
    town.use(proxy, [leader, replica], 6379, "redis")
    town.use(town.run(2, "python3", "web"), proxy, 6379, "redis")

    assert town.only().nodes == ids([leader, replica])


def test_a_sentinel_that_runs_as_redis_server_is_no_member() -> None:
    town = Town()
    leader, replica = town.run(2, "redis-server")
    town.use([replica], [leader], 6379)
    town.use(town.run(3, "redis-server", cmdline="redis-server *:26379 [sentinel]"), [leader, replica], 6379)

    assert town.only().nodes == ids([leader, replica])


def test_two_clusters_on_the_same_hosts_stay_two() -> None:
    town = Town()
    sets = [[town.run(1, "java", "kafka", host=f"k{n}", cmdline=KAFKA)[0] for n in range(3)] for _ in range(2)]
    for brokers, port, service in zip(sets, (9092, 9192), ("orders", "logs"), strict=True):
        town.mesh(brokers, port)
        town.use(town.run(2, "python3", service), brokers, port)

    assert town.found() == {"Kafka of orders": ids(sets[0]), "Kafka of logs": ids(sets[1])}


def test_clusters_that_share_one_zookeeper_or_a_mirror_stay_apart() -> None:
    town = Town()
    keepers, *sets = (
        town.run(3, "java", "zookeeper", cmdline=ZOOKEEPER),
        *(town.run(3, "java", "kafka", cmdline=KAFKA) for _ in range(2)),
    )
    town.mesh(keepers, 3888)
    mirror = town.run(1, "java", "mirror", cmdline="java org.apache.kafka.connect.mirror.MirrorMaker")
    for brokers in sets:
        town.mesh(brokers, 9092)
        town.use(brokers, keepers, 2181)
        town.use(mirror, brokers, 9092)

    assert sorted(map(sorted, town.found().values())) == sorted(sorted(ids(one)) for one in (keepers, *sets))


def test_a_pool_of_memcached_is_known_by_its_clients() -> None:
    town = Town()
    pools = [town.run(3, "memcached") for _ in range(2)]
    clients = [town.run(4, "python3", name) for name in ("web", "batch", "both")]
    monitor = town.run(1, "memcached_exporter")
    town.use([*clients[0], *clients[2][:1], *monitor], pools[0], 11211)
    town.use([*clients[1], *clients[2][:1], *monitor], pools[1], 11211)

    assert list(map(sorted, town.found().values())) == [sorted(ids(pools[1])), sorted(ids(pools[0]))]


def test_instances_with_one_name_and_one_client_belong_together_and_those_with_two_names_do_not() -> None:
    town = Town()
    orders, users = town.run(2, "mysqld", "orders-db"), town.run(2, "mysqld", "users-db")
    town.use(town.run(3, "python3", "web"), [*orders, *users], 3306)

    assert town.found() == {"orders-db": ids(orders), "users-db": ids(users)}


def test_two_databases_of_different_services_are_each_alone() -> None:
    town = Town()
    databases = town.run(2, "mysqld")
    for database, service in zip(databases, ("orders", "users"), strict=True):
        town.use(town.run(3, "python3", service), [database], 3306, "mysql")

    assert town.found() == {}
    assert all(len(one.members) == 1 for one in clusters(town.map, singles=True))
    assert town.found(singles=True) == {
        "MySQL of orders": {databases[0].id},
        "MySQL of users": {databases[1].id},
    }


def test_a_replica_connects_to_its_leader() -> None:
    town = Town()
    leader, *replicas = town.run(3, "mysqld", "orders-db")
    town.use(replicas, [leader], 3306)
    town.use(town.run(2, "python3", "web"), [leader], 3306)

    one = town.only()
    assert [one.title for one in one.leaders] == [leader.title]
    assert {member.id: member.role for member in one.members} == {
        leader.id: "leader", **dict.fromkeys(ids(replicas), "replica")
    }  # fmt: skip


def test_a_redis_cluster_has_several_leaders_and_its_bus_names_none() -> None:
    town = Town()
    members = town.run(6, "redis-server", "cart-cache")
    town.mesh(members, 17379)
    for leader, replica in zip(members[:3], members[3:], strict=True):
        town.use([replica], [leader], 7379)
    town.use(town.run(2, "python3", "web"), members, 7379)

    assert sorted(one.title for one in town.only().leaders) == sorted(node.title for node in members[:3])


def test_followers_of_zookeeper_connect_to_their_leader() -> None:
    town = Town()
    leader, *others = members = town.run(3, "java", "zookeeper", cmdline=ZOOKEEPER)
    town.mesh(members, 3888)
    town.use(others, [leader], 2888)

    assert [one.title for one in town.only().leaders] == [leader.title]


def test_two_that_replicate_from_each_other_have_no_leader() -> None:
    town = Town()
    pair = town.run(2, "mysqld")
    town.use(pair, pair, 3306)

    assert {member.role for member in town.only().members} == {""}


def test_processes_of_postgresql_for_connections_are_one_instance() -> None:
    town = Town()
    (primary,) = town.run(1, "postgres", host="p1")
    sender, backend = (
        town.run(1, "postgres", host="p1", parent=primary.pid, cmdline=line)[0]
        for line in ("postgres: walsender repl 10.0.0.2(4711)", "postgres: shop orders 10.0.0.9(4712) idle")
    )
    (receiver,) = town.run(1, "postgres", host="p2", parent=77, cmdline="postgres: walreceiver streaming 0/3000060")
    (reader,) = town.run(1, "postgres", host="p2", parent=77, cmdline="postgres: shop orders 10.0.0.9(4713) idle")
    town.use([receiver], [sender], 5432)
    town.use(town.run(1, "python3", "web"), [backend, reader], 5432)

    one = town.only()
    assert [(member.role, set(member.nodes)) for member in one.members] == [
        ("leader", ids([primary, sender, backend])),
        ("replica", ids([receiver, reader])),
    ]


def test_databases_that_one_process_started_are_two() -> None:
    town = Town()
    leader, replica = (town.run(1, "postgres", host="p1", parent=7)[0] for _ in range(2))
    town.use([replica], [leader], 5432)
    town.use(town.run(1, "python3", "web"), [replica], 5433)

    assert [len(member.nodes) for member in town.only().members] == [1, 1]


def test_a_backend_of_postgresql_that_asks_another_server_is_no_replica() -> None:
    town = Town()
    (foreign,) = town.run(1, "postgres", cmdline="postgres: shop orders 10.0.0.9(4711) SELECT")
    (other,) = town.run(1, "postgres")
    town.use([foreign], [other], 5432)
    town.use(town.run(1, "python3", "web"), [foreign], 5432)

    assert town.found() == {}


def test_a_member_without_an_agent_is_known_by_its_peers() -> None:
    town = Town()
    ring, missing = town.run(3, "java", "cassandra", cmdline=CASSANDRA), town.address(9)
    town.mesh(ring, 7000)
    town.use(ring[:1], [missing], 7000)
    town.use(town.run(2, "python3", "web"), [*ring, missing], 9042)

    one = town.only()
    assert one.nodes == ids([*ring, missing])
    assert one.confidence == 0.8


def test_an_address_that_uses_a_store_is_a_client_of_it() -> None:
    town = Town()
    leader, replica = town.run(2, "redis-server")
    town.use([replica, town.address(9)], [leader], 6379, "redis")

    assert town.only().nodes == ids([leader, replica])


def test_stores_where_no_agent_is_are_known_by_protocol_port_and_clients() -> None:
    town = Town()
    ring, leaders = [town.address(n) for n in range(3)], [town.address(n) for n in range(10, 12)]
    web = town.run(4, "python3", "web")
    town.use(web, ring, 9042)
    town.use(web, leaders, 3306, "mysql")

    one = town.only()
    assert (one.kind, one.nodes) == ("Cassandra", ids(ring)), "databases with one leader may be of anybody"


def test_peers_of_a_service_of_any_program_are_a_cluster() -> None:
    town = Town()
    members = town.run(4, "game", "arena")
    town.mesh(members, 25520)

    one = town.only()
    assert (one.name, one.kind, one.port, one.confidence) == ("arena", "peers", 25520, 0.8)


def test_tiers_and_chains_of_one_program_are_no_peers() -> None:
    town = Town()
    front, back, last = (town.run(3, "worker", "worker") for _ in range(3))
    town.use(front, back, 8080)
    town.use(back[:1], last, 8080)
    inner, outer = (town.run(2, "nginx") for _ in range(2))
    town.use(outer, inner, 80, "http")

    assert town.found() == {}


def test_a_process_after_a_restart_is_the_same_instance() -> None:
    town = Town()
    (leader,) = town.run(1, "redis-server")
    before, after = (town.run(1, "redis-server", host="r2")[0] for _ in range(2))
    town.use([before, after], [leader], 6379)
    town.use(town.run(1, "python3", "web"), [before, after], 6379)

    assert [len(member.nodes) for member in town.only().members] == [1, 2]


def test_clusters_with_one_name_are_named_by_who_uses_them() -> None:
    town = Town()
    for service in ("shop", "vote"):
        pair = town.run(2, "redis-server", "cache")
        town.use(pair[1:], pair[:1], 6379)
        town.use(town.run(1, "python3", service), pair[:1], 6379)

    assert [*town.found()] == ["cache of shop", "cache of vote"]


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_the_order_of_nodes_and_edges_changes_nothing(seed: int, order: int) -> None:
    seen = make(seed).seen
    nodes, edges = list(seen.nodes), list(seen.edges)
    Random(order).shuffle(nodes)
    Random(order).shuffle(edges)

    assert clusters(replace(seen, nodes=nodes, edges=edges), singles=True) == clusters(seen, singles=True)


@settings(deadline=None)
@given(st.integers(0, 10_000))
def test_no_node_is_in_two_instances(seed: int) -> None:
    seen = make(seed).seen
    nodes = [node for one in clusters(seen, singles=True) for member in one.members for node in member.nodes]

    assert len(processes := [node for node in nodes if node.startswith("process:")]) == len(set(processes))


def test_precision_and_recall_over_random_fleets_are_above_95_percent() -> None:
    precision, recall = score(range(200))
    print(f"precision {precision:.4f}, recall {recall:.4f} over 200 fleets")

    assert min(precision, recall) >= 0.95
