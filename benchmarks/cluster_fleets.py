"""Random fleets whose clusters are known, as a map of processes shows them. Some of their hosts have no agent."""

from collections.abc import Callable, Iterable, Sequence
from random import Random
from typing import NamedTuple

from graph.model import Edge, Node, ServiceMap

JAVA = {
    "Cassandra": "org.apache.cassandra.service.CassandraDaemon",
    "Kafka": "kafka.Kafka /etc/kafka.properties",
    "ZooKeeper": "org.apache.zookeeper.server.quorum.QuorumPeerMain /etc/zoo.cfg",
    "Elasticsearch": "org.elasticsearch.bootstrap.Elasticsearch",
}
PROGRAMS = {
    "Redis": "redis-server", "MySQL": "mysqld", "PostgreSQL": "postgres", "memcached": "memcached", "etcd": "etcd",
    "MongoDB": "mongod", "RabbitMQ": "beam.smp", "Riak": "beam.smp", "ClickHouse": "clickhouse-serv",
    "Aerospike": "asd",
}  # fmt: skip
CMDLINES = {
    "RabbitMQ": "/usr/lib/erlang/bin/beam.smp -W w -- -root /usr/lib/erlang -s rabbit boot",
    "Riak": "/usr/lib/riak/erts-5.9.1/bin/beam.smp -- -root /usr/lib/riak -name riak@10.0.0.1",
    "ClickHouse": "/usr/bin/clickhouse-server --config-file=/etc/clickhouse-server/config.xml",
}
PORTS = {
    "Cassandra": 9042, "Kafka": 9092, "ZooKeeper": 2181, "Elasticsearch": 9200, "Redis": 6379, "MySQL": 3306,
    "PostgreSQL": 5432, "memcached": 11211, "etcd": 2379, "MongoDB": 27017, "RabbitMQ": 5672, "Riak": 8087,
    "ClickHouse": 9000, "Aerospike": 3000,
}  # fmt: skip
MESH_PORTS = {
    "Cassandra": 7000, "Elasticsearch": 9300, "etcd": 2380, "MongoDB": 27017, "RabbitMQ": 25672, "Riak": 8099,
    "ClickHouse": 9009, "Aerospike": 3001, "Kafka": 9092,
}  # fmt: skip
PROTOCOLS = {
    "Redis": "redis",
    "MySQL": "mysql",
    "PostgreSQL": "postgresql",
    "memcached": "memcached",
    "MongoDB": "mongodb",
}


class Fleet(NamedTuple):
    """A map, its true clusters as sets of nodes, and the master of each process that only serves a connection."""

    seen: ServiceMap
    masters: dict[str, str]
    clusters: set[frozenset[str]]


class Server(NamedTuple):
    """An instance of a store."""

    node: Node
    port: int
    forks: Callable[[], Node]  # who accepts the next connection


class Maker:
    """A fleet that is being made."""

    def __init__(self, seed: int) -> None:
        self.random = Random(f"{seed} clusters")
        self.hosts = self.random.randint(80, 150)
        self.unseen = {f"h{n}" for n in range(self.hosts) if self.random.random() < 0.05}  # without an agent
        self.nodes: dict[str, Node] = {}
        self.edges: dict[tuple[str, str, int], Edge] = {}
        self.masters: dict[str, str] = {}
        self.clusters: set[frozenset[str]] = set()
        self.pids = 1000
        self._taken: set[tuple[str, str]] = set()
        self.apps = [self._app(n) for n in range(self.random.randint(6, 15))]

    def fleet(self) -> Fleet:
        """Return all that was made, in any order."""
        nodes, edges = list(self.nodes.values()), list(self.edges.values())
        self.random.shuffle(nodes)
        self.random.shuffle(edges)
        return Fleet(
            ServiceMap(start="", end="", level="process", nodes=nodes, edges=edges), self.masters, self.clusters
        )

    def process(
        self, name: str, service: str, *, host: str = "", cmdline: str = "", parent: int = 1, seen: bool = False
    ) -> Node:
        """Add a process, or the address of a host that has no agent, unless it is to be `seen`."""
        host = host or f"h{self.random.randrange(self.hosts)}"
        self.pids += 1
        if host in self.unseen and parent == 1 and not seen:
            node = Node(id=f"address:10.0.0.{host[1:]}", kind="address", title=f"10.0.0.{host[1:]}")
        else:
            node = Node(
                id=f"process:{host}:b007:{self.pids}:1", kind="process", title=f"{name}[{self.pids}]", host=host,
                hostname=host, pid=self.pids, parent=parent, service=service, name=name, exe=f"/usr/bin/{name}",
                cmdline=cmdline or f"/usr/bin/{name}",
            )  # fmt: skip
        self.nodes[node.id] = node
        return node

    def connect(self, client: Node, server: Node, port: int, protocol: str = "") -> None:
        """Add an edge, unless no agent is at either end."""
        if client.id == server.id or client.kind == server.kind == "address":
            return
        self.edges[client.id, server.id, port] = Edge(
            client=client.id, server=server.id, transport="tcp", server_port=port, protocol=protocol, tls_name="",
            alias="", rule="listener", first="", last="", seen_by_client=True, seen_by_server=True, recorded_s=60.0,
            connections_opened=0, connections_closed=0, connections_active=1, connections_failed=0, counters={},
        )  # fmt: skip

    def store(
        self, kind: str, label: str, count: int, *, hosts: Sequence[str] = (), offset: int = 0, seen: bool = False
    ) -> list[Server]:
        """Add the servers of a store, one a host, called by their program or by a name; all are `seen` or most."""
        free = [host for host in map("h{}".format, range(self.hosts)) if (host, kind) not in self._taken]
        places = list(hosts) or self.random.sample(free, count)
        self._taken |= {(host, kind) for host in places}
        name = "java" if kind in JAVA else PROGRAMS[kind]
        cmdline = f"java -Xmx1G -cp /opt/x/* {JAVA[kind]}" if kind in JAVA else CMDLINES.get(kind, "")
        service = label if self.random.random() < 0.5 else kind.lower() if kind in JAVA or kind in CMDLINES else name
        found = []
        for host in places:
            node = self.process(name, service, host=host, cmdline=cmdline, seen=seen)
            found.append(Server(node, PORTS[kind] + offset, self._accepting(node, kind)))
        return found

    def _accepting(self, node: Node, kind: str) -> Callable[[], Node]:
        if kind != "PostgreSQL" or node.kind != "process":
            return lambda: node
        return lambda: self.child(node, f"postgres: shop orders 10.0.0.{self.random.randrange(99)}(4711) idle")

    def child(self, parent: Node, cmdline: str) -> Node:
        """Add a process of PostgreSQL for a connection."""
        if parent.kind != "process":
            return parent
        made = self.process("postgres", parent.service, host=parent.host, cmdline=cmdline, parent=parent.pid)
        self.masters[made.id] = parent.id
        return made

    def mesh(self, servers: Sequence[Server], port: int, seen: float = 0.95) -> None:
        """Connect servers with each other, most of them both ways."""
        for n, one in enumerate(servers):
            for other in servers[n + 1 :]:
                if len(servers) < 4 or self.random.random() < seen:
                    pairs = [(one, other), (other, one)]
                    self.random.shuffle(pairs)
                    for client, server in pairs[: self.random.choice((1, 2, 2))]:
                        self.connect(client.node, server.node, port)

    def use(self, kind: str, servers: Sequence[Server], apps: Iterable[Sequence[Node]]) -> None:
        """Let services use servers: each process all of them."""
        for app in apps:
            for client in app:
                for server in servers:
                    spoken = PROTOCOLS.get(kind, "") if self.random.random() < 0.8 else ""
                    self.connect(client, server.forks(), server.port, spoken)

    def is_cluster(self, servers: Sequence[Server]) -> None:
        """Note that servers are a cluster."""
        self.clusters.add(frozenset(server.node.id for server in servers))

    def some_apps(self, most: int = 3) -> list[list[Node]]:
        """Return some services."""
        return self.random.sample(self.apps, self.random.randint(1, most))

    def _app(self, n: int) -> list[Node]:
        count = self.random.randint(1, 6)
        programs = ("python3", "java", "node", "app")
        return [self.process(self.random.choice(programs), f"app{n}", seen=True) for _ in range(count)]
