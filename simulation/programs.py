"""Programs that services run, by the words that people call them: with executable, port and protocol."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from msgspec.structs import replace

from simulation.architecture import Program

_WORD = re.compile(r"[a-z0-9]+|[A-Z]+(?![a-z])|[A-Z][a-z0-9]*")
_UNFIT = re.compile(r"[^\w.-]+")  # for a path
_LONG = 5  # letters: such a word is also found within another one, as mysql in rdsmysql


class Known(NamedTuple):
    """A program, and the other words in names of services and images that mean it."""

    program: Program
    products: tuple[str, ...] = ()  # in names of images and services
    words: tuple[str, ...] = ()  # in names of stores


SERVICE = "{service}"  # in an argument: the name of the service


def _java(main: str, port: int, peer_port: int | None = None, protocol: str = "") -> Program:
    return Program(
        name="java", exe="/usr/bin/java", cmdline=("java", *main.split()), port=port, peer_port=peer_port,
        protocol=protocol,
    )  # fmt: skip


def _of(path: str, port: int, peer_port: int | None = None, protocol: str = "", arguments: str = "") -> Program:
    name = path.rpartition("/")[2]
    return Program(
        name=name[:15], exe=path, cmdline=(path, *arguments.split()), port=port, peer_port=peer_port, protocol=protocol
    )


def _script(interpreter: str, suffix: str, port: int) -> Program:
    return Program(
        name=interpreter,
        exe=f"/usr/bin/{interpreter}",
        cmdline=(interpreter, f"/srv/{SERVICE}/{SERVICE}.{suffix}"),
        port=port,
        protocol="http",
    )


STORES: dict[str, Known] = {
    # data
    "cassandra": Known(
        _java("-cp /etc/cassandra:/usr/share/cassandra/lib/* org.apache.cassandra.service.CassandraDaemon", 9042, 7000),
        ("cass", "scylla"),
    ),
    "memcached": Known(_of("/usr/bin/memcached", 11211, protocol="memcached"), ("memcache", "evcache"), ("cache",)),
    "redis": Known(
        _of("/usr/bin/redis-server", 6379, 16379, "redis"), ("valkey", "elasticache"), ("session", "sessions")
    ),
    "mysql": Known(
        _of("/usr/sbin/mysqld", 3306, protocol="mysql"), ("mysqld", "mariadb", "percona", "aurora"), ("rds",)
    ),
    "postgres": Known(
        _of("/usr/lib/postgresql/16/bin/postgres", 5432, protocol="postgresql", arguments="-D /var/lib/postgresql/16"),
        ("postgresql", "postgis", "timescaledb", "pg"),
        ("db", "database", "sql"),
    ),
    "mongodb": Known(_of("/usr/bin/mongod", 27017, protocol="mongodb"), ("mongo", "mongod")),
    "riak": Known(
        _of(
            "/usr/lib/riak/erts-5.10.3/bin/beam.smp",
            8087,
            8099,
            arguments="-- -root /usr/lib/riak -progname riak -- -name riak@127.0.0.1",
        )
    ),
    "elasticsearch": Known(
        _java("-cp /usr/share/elasticsearch/lib/* org.elasticsearch.bootstrap.Elasticsearch", 9200, 9300, "http"),
        ("opensearch",),
        ("elastic", "search"),
    ),
    "etcd": Known(_of("/usr/bin/etcd", 2379, 2380, "grpc")),
    "consul": Known(_of("/usr/bin/consul", 8500, 8300, "http", "agent -server")),
    "clickhouse": Known(_of("/usr/bin/clickhouse-server", 9000, 9009)),
    "minio": Known(_of("/usr/bin/minio", 9000, protocol="http", arguments="server /data"), ("s3",), ("bucket", "blob")),
    "iscsi": Known(_of("/usr/sbin/tgtd", 3260), ("tgtd", "ebs"), ("volume", "disk")),
    # logs and queues
    "kafka": Known(
        _java("-cp /opt/kafka/libs/* kafka.Kafka /etc/kafka.properties", 9092, protocol="kafka"), ("redpanda",)
    ),
    "zookeeper": Known(
        _java("-cp /usr/share/zookeeper/* org.apache.zookeeper.server.quorum.QuorumPeerMain /etc/zoo.cfg", 2181, 2888),
        ("zk",),
    ),
    "rabbitmq": Known(
        _of("/usr/lib/erlang/erts-13.1/bin/beam.smp", 5672, 25672, "amqp", "-- -root /usr/lib/erlang -s rabbit boot"),
        ("rabbit",),
        ("amqp",),
    ),
    "nats": Known(_of("/usr/bin/nats-server", 4222, 6222)),
}
PROGRAMS: dict[str, Known] = STORES | {
    # what forwards requests
    "haproxy": Known(_of("/usr/sbin/haproxy", 80, protocol="http"), ("elb",)),
    "nginx": Known(_of("/usr/sbin/nginx", 80, protocol="http")),
    "envoy": Known(_of("/usr/bin/envoy", 10000, protocol="http")),
    "traefik": Known(_of("/usr/bin/traefik", 80, protocol="http")),
    # what is written for one system
    "apache": Known(_of("/usr/sbin/apache2", 80, protocol="http"), ("apache2", "httpd")),
    "java": Known(_java(f"-jar /opt/{SERVICE}/{SERVICE}.jar", 8080, protocol="http")),
    "python": Known(_script("python3", "py", 8000)),
    "node": Known(_script("node", "js", 3000)),
    "service": Known(_of(f"/opt/bin/{SERVICE}", 8080, protocol="http")),
    "grpc": Known(_of(f"/opt/bin/{SERVICE}", 50051, protocol="grpc")),
    "eureka": Known(_java("-jar /opt/eureka/eureka.jar", 8761, protocol="http")),
    # what only asks
    "wrk": Known(Program(name="wrk", exe="/usr/bin/wrk"), ("k6", "locust")),
}
_NOT_ITSELF = frozenset(
    {"admin", "backup", "cli", "commander", "exporter", "express", "init", "insight", "operator", "proxy", "ui"}
)
_BY_PRODUCT = {word: key for key, known in PROGRAMS.items() for word in (key, *known.products)}
_BY_WORD = _BY_PRODUCT | {word: key for key, known in PROGRAMS.items() for word in known.words}


def program_of(key: str, service: str) -> Program:
    """Return a program of the table as a service runs it."""
    program = PROGRAMS[key].program
    fitting = _UNFIT.sub("-", service)
    exe = program.exe.replace(SERVICE, fitting)
    cmdline = tuple(each.replace(SERVICE, fitting) for each in program.cmdline)
    name = program.name.replace(SERVICE, fitting)[:15]
    return replace(program, name=name, exe=exe, cmdline=cmdline, product=key if key in STORES else "")


def program_of_image(image: str) -> str:
    """Return the key of the program that is in an image, "" for none that is known: redis in example.org/redis:7."""
    return _known(image.rpartition("/")[2].partition(":")[0], _BY_PRODUCT)


def program_of_store(name: str) -> str:
    """Return the key of the program that a store with such a name is, "" for none that is known: mysql for rdsMysql."""
    return _known(name, _BY_WORD)


def program_called(name: str) -> str:
    """Return the key of the program that is called so and not otherwise, "" for none."""
    return _BY_PRODUCT.get(name.casefold(), "")


def _known(text: str, names: Mapping[str, str]) -> str:
    words = [word.casefold() for word in _WORD.findall(text)]
    if not _NOT_ITSELF.isdisjoint(words):
        return ""
    whole = (names[word] for word in words if word in names)
    parts = (key for word in words for name, key in names.items() if len(name) >= _LONG and name in word)
    return next(whole, "") or next(parts, "")
