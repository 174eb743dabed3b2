"""What stands in a random fleet: clusters of every kind, and what only looks like one."""

from collections.abc import Callable, Iterable

from benchmarks.cluster_fleets import MESH_PORTS, Fleet, Maker, Server
from graph.clusters import clusters

Scene = Callable[[Maker, str], None]


def make(seed: int) -> Fleet:
    """Return the fleet of a seed: each scene once or several times."""
    made = Maker(seed)
    for scene in SCENES:
        for n in range(made.random.randint(0, 3)):
            scene(made, f"{scene.__name__.strip('_')}-{made.random.choice('abcdef')}x{n}y")
    return made.fleet()


def score(seeds: Iterable[int]) -> tuple[float, float]:
    """Return precision and recall over fleets: a cluster is right if it has exactly the true instances."""
    shown = true = right = 0
    for seed in seeds:
        fleet = make(seed)
        found = {frozenset(fleet.masters.get(node, node) for node in one.nodes) for one in clusters(fleet.seen)}
        shown, true, right = shown + len(found), true + len(fleet.clusters), right + len(found & fleet.clusters)
    return right / max(1, shown), right / max(1, true)


def _mesh(made: Maker, label: str) -> None:
    kind = made.random.choice(sorted(MESH_PORTS))
    servers = made.store(kind, label, made.random.randint(3, 8))
    made.mesh(servers, MESH_PORTS[kind])
    made.use(kind, servers, made.some_apps())
    made.is_cluster(servers)
    if made.random.random() < 0.3:
        backs_up(made, servers)


def _two_kafkas_on_the_same_hosts(made: Maker, label: str) -> None:
    first = made.store("Kafka", f"{label}1", 3, seen=True)
    hosts = [server.node.host for server in first]
    for servers in (first, made.store("Kafka", f"{label}2", 3, hosts=hosts, offset=100, seen=True)):
        made.mesh(servers, servers[0].port)
        made.use("Kafka", servers, made.some_apps())
        made.is_cluster(servers)


def _zookeeper_that_serves_two_kafkas(made: Maker, label: str) -> None:
    keepers = made.store("ZooKeeper", label, made.random.choice((3, 5)))
    leader = made.random.choice(keepers)
    for server in keepers:
        made.connect(server.node, leader.node, 2888)
    made.mesh(keepers, 3888)
    made.is_cluster(keepers)
    for n in range(2):
        brokers = made.store("Kafka", f"{label}k{n}", 3)
        made.mesh(brokers, 9092)
        made.use("ZooKeeper", keepers, [[server.node for server in brokers]])
        made.use("Kafka", brokers, made.some_apps())
        made.is_cluster(brokers)


def _replicas(made: Maker, label: str) -> None:
    kind = made.random.choice(("Redis", "MySQL", "PostgreSQL"))
    leader, *followers = servers = made.store(kind, label, made.random.choice((2, 2, 2, 3, 4)), seen=True)
    for follower in followers:
        receiver = follower.node
        if kind == "PostgreSQL":
            receiver = made.child(follower.node, "postgres: walreceiver streaming 0/3000060")
            if made.random.random() < 0.5:
                made.nodes.pop(follower.node.id)
        made.connect(receiver, leader.forks(), leader.port)
    apps = made.some_apps(2)
    made.use(kind, servers[: made.random.choice((1, len(servers)))], apps)
    made.is_cluster(servers)
    if made.random.random() < 0.3:
        backs_up(made, servers)


def _shards_of_redis(made: Maker, label: str) -> None:
    servers = made.store("Redis", label, 6, seen=True)
    made.mesh(servers, 16379, seen=1)
    for leader, follower in zip(servers[:3], servers[3:], strict=True):
        made.connect(follower.node, leader.node, 6379)
    made.use("Redis", servers, made.some_apps())
    made.is_cluster(servers)


def _pool(made: Maker, label: str) -> None:
    servers = made.store("memcached", label, made.random.randint(2, 6), seen=made.random.random() < 0.7)
    made.use("memcached", servers, made.some_apps())
    if made.random.random() < 0.3:
        proxies = [made.process("nutcracker", "nutcracker") for _ in range(3)]
        made.use("memcached", servers, [proxies])
    made.is_cluster(servers)


def _alone(made: Maker, label: str) -> None:
    kind = made.random.choice(("Redis", "MySQL", "PostgreSQL", "MongoDB", "RabbitMQ", "Cassandra"))
    made.use(kind, made.store(kind, label, 1), made.some_apps(1))


def _gossip(made: Maker, label: str) -> None:
    members = _instances(made, label, made.random.randint(3, 8), made.random.choice(("java", "game", "python3")))
    made.mesh(members, made.random.choice((2552, 7800, 4040)))
    made.use("", members, made.some_apps())
    made.is_cluster(members)


def _tiers_of_proxies(made: Maker, label: str) -> None:
    front, back = (_instances(made, f"{label}{n}", 3, "nginx", "nginx") for n in range(2))
    made.use("", back, [[server.node for server in front]])
    made.use("", front, made.some_apps())


def _tiers_of_one_service(made: Maker, label: str) -> None:
    servers = _instances(made, label, made.random.randint(4, 8), "worker")
    half = len(servers) // 2
    made.use("", servers[half:], [[server.node for server in servers[:half]]])


def _monitored(made: Maker, label: str) -> None:
    pairs = [made.store("Redis", f"{label}{n}", 2, seen=True) for n in range(2)]
    sentinels = [made.process("redis-sentinel", "redis-sentinel") for _ in range(3)]
    exporter = [made.process("redis_exporter", "redis_exporter")]
    proxies = [made.process("haproxy", "haproxy") for _ in range(2)]
    for (leader, follower), app in zip(pairs, made.random.sample(made.apps, 2), strict=True):
        made.connect(follower.node, leader.node, 6379, "redis")
        made.use("Redis", [leader], [app])
        made.use("Redis", [leader, follower], [sentinels, exporter, proxies])
        made.is_cluster([leader, follower])
    made.mesh([Server(node, 26379, lambda: sentinels[0]) for node in sentinels], 26379)


def _watched_and_alone(made: Maker, label: str) -> None:
    """Two databases of different services, with one pooler, one monitor and one backup."""
    for kind in ("MySQL", "Redis"):
        apps = made.random.sample(made.apps, 2)
        common = [[made.process(name, name)] for name in ("mysqld_exporter", "pgbouncer", "backup")]
        for n, app in enumerate(apps):
            made.use(kind, made.store(kind, f"{label}{n}", 1, seen=True), [app, *common])


def _mirror(made: Maker, label: str) -> None:
    mirror = [
        made.process("java", "mirror", cmdline="java -cp /opt/kafka/* org.apache.kafka.connect.mirror.MirrorMaker")
    ]
    for n in range(2):
        servers = made.store("Kafka", f"{label}{n}", 3)
        made.mesh(servers, 9092)
        made.use("Kafka", servers, [mirror, *made.some_apps()])
        made.is_cluster(servers)


def _instances(made: Maker, label: str, count: int, program: str, service: str = "") -> list[Server]:
    """Add instances of a service that is no store."""
    found = []
    for _ in range(count):
        node = made.process(program, service or label, seen=True)
        found.append(Server(node, 8080, lambda node=node: node))  # type: ignore[misc]
    return found


def backs_up(made: Maker, servers: list[Server]) -> None:
    """Let the one job that backs up everything read some servers."""
    job = next((node for node in made.nodes.values() if node.service == "nightly"), None)
    made.use("", servers, [[job or made.process("tar", "nightly")]])


SCENES: tuple[Scene, ...] = (
    _mesh, _mesh, _two_kafkas_on_the_same_hosts, _zookeeper_that_serves_two_kafkas, _replicas, _replicas,
    _shards_of_redis,
    _pool, _alone, _gossip, _tiers_of_proxies, _tiers_of_one_service, _monitored, _watched_and_alone, _mirror,
)  # fmt: skip
