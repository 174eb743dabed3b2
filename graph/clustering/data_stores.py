"""Data stores and coordinators whose instances make clusters: how each is recognised. Declared only here.

A store is recognised by its program, else by the protocol that is seen, else by a port of clients.
"""

from typing import Literal, NamedTuple


class DataStore(NamedTuple):
    """A kind of store. `marks` are found in the command line of a runtime, padded with blanks."""

    kind: str
    programs: tuple[str, ...]
    ports: tuple[int, ...]  # of clients, by default
    peer_ports: tuple[int, ...] = ()  # of other instances, by default
    marks: tuple[str, ...] = ()
    protocols: tuple[str, ...] = ()
    leads: Literal["", "clients", "peers"] = ""  # the port of its leader that followers connect to
    forks: bool = False  # it has a process for each connection
    pooled: bool = False  # instances know nothing of each other: their clients spread over them


STORES = (
    DataStore("Aerospike", ("asd", "aerospike"), (3000,), (3001, 3002)),
    DataStore("ActiveMQ", ("activemq",), (61616,), (), (" start broker ", "/activemq.jar ")),
    DataStore("ArangoDB", ("arangod",), (8529,)),
    DataStore("BookKeeper", ("bookie",), (3181,), (), (" org.apache.bookkeeper.server.Main ",)),
    DataStore(
        "Cassandra", ("cassandra", "scylla"), (9042, 9160), (7000,),
        (" org.apache.cassandra.service.CassandraDaemon ", " com.datastax.bdp.DseModule "),
    ),
    DataStore("ClickHouse", ("clickhouse-server", "clickhouse"), (8123, 9000), (9009,)),
    DataStore("CockroachDB", ("cockroach",), (26257,)),
    DataStore("Consul", ("consul",), (8500,), (8300, 8301, 8302)),
    DataStore("Couchbase", ("couchbase",), (11210,), (11209, 21100), ("/couchbase/",)),
    DataStore("CouchDB", ("couchdb",), (5984,), (), ("/couchdb/", " couch ")),
    DataStore(
        "Elasticsearch", ("elasticsearch", "opensearch"), (9200,), (9300,),
        (
            " org.elasticsearch.bootstrap.Elasticsearch ", " org.opensearch.bootstrap.OpenSearch ",
            " org.elasticsearch.server/org.elasticsearch.bootstrap.Elasticsearch ",
        ),
    ),
    DataStore("etcd", ("etcd",), (2379,), (2380,)),
    DataStore("FoundationDB", ("fdbserver",), (4500,)),
    DataStore("Hazelcast", ("hazelcast",), (5701,), (), (" com.hazelcast.core.server.HazelcastMemberStarter ",)),
    DataStore(
        "HBase", ("hbase",), (16020, 16000), (), (
            " org.apache.hadoop.hbase.master.HMaster ", " org.apache.hadoop.hbase.regionserver.HRegionServer ",
        ),
    ),
    DataStore(
        "HDFS", ("hdfs",), (8020, 9866), (), (
            " org.apache.hadoop.hdfs.server.namenode.NameNode ", " org.apache.hadoop.hdfs.server.datanode.DataNode ",
            " org.apache.hadoop.hdfs.qjournal.server.JournalNode ",
        ),
    ),
    DataStore(
        "Ignite", ("ignite",), (10800,), (47100, 47500), (" org.apache.ignite.startup.cmdline.CommandLineStartup ",),
    ),
    DataStore(
        "Kafka", ("kafka", "redpanda"), (9092,), (33145,), (" kafka.Kafka ", " kafka.docker.KafkaDockerWrapper "),
        ("kafka",),
    ),
    DataStore("memcached", ("memcached", "memcache"), (11211,), protocols=("memcached",), pooled=True),
    DataStore("MinIO", ("minio",), (9000,)),
    DataStore("MongoDB", ("mongod", "mongodb"), (27017,), protocols=("mongodb",)),
    DataStore(
        "MySQL", ("mysqld", "mariadbd", "mysql", "mariadb"), (3306,), (4567, 33061), protocols=("mysql",),
        leads="clients",
    ),
    DataStore("NATS", ("nats-server", "nats"), (4222,), (6222,)),
    DataStore("Neo4j", ("neo4j",), (7687,), (6000, 7688), (" com.neo4j.server.enterprise.Neo4jEnterprise ",)),
    DataStore(
        "PostgreSQL", ("postgres", "postmaster", "postgresql"), (5432,), protocols=("postgresql",), leads="clients",
        forks=True,
    ),
    DataStore("Pulsar", ("pulsar",), (6650,), (), (" org.apache.pulsar.PulsarBrokerStarter ",)),
    DataStore(
        "RabbitMQ", ("rabbitmq", "rabbitmq-server"), (5672, 5671), (25672,), (" -s rabbit ", "/rabbitmq/"), ("amqp",),
    ),
    DataStore(
        "Redis", ("redis-server", "redis", "valkey-server", "valkey", "keydb-server", "dragonfly"), (6379,), (16379,),
        protocols=("redis",), leads="clients",
    ),
    DataStore("Riak", ("riak",), (8087, 8098), (8099,), ("/riak/", " riak@", " riak_core ")),
    DataStore("Solr", ("solr",), (8983,), (), (" -Dsolr.", " -Dsolr.solr.home")),
    DataStore("TiKV", ("tikv-server",), (20160,)),
    DataStore("Vault", ("vault",), (8200,), (8201,)),
    DataStore("YugabyteDB", ("yb-tserver", "yb-master"), (5433,), (7100, 9100)),
    DataStore(
        "ZooKeeper", ("zookeeper",), (2181,), (2888, 3888), (
            " org.apache.zookeeper.server.quorum.QuorumPeerMain ", " org.apache.zookeeper.server.ZooKeeperServerMain ",
        ),
        leads="peers",
    ),
)  # fmt: skip
RUNTIMES = frozenset({"java", "jsvc", "jsvc.exec", "beam", "beam.smp", "erl"})  # only their command lines have marks

SENTINEL = frozenset({"redis-sentinel"})
"""Programs that watch over a store and are no instance of it."""
OBSERVERS = (
    "backup", "collectd", "datadog", "exporter", "monitor", "netdata", "prometheus", "sentinel", "telegraf", "zabbix",
)  # fmt: skip
"""Words in the names of programs and services that look at every store."""
AMBIGUOUS = frozenset({3000, 6000, 8200, 9000, 9100})  # ports that much else serves too
GOSSIP = frozenset({2551, 2552, 5701, 7800, 7946, 8301, 25520})  # ports of libraries that link instances of a service
