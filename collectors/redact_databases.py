"""Which options and words of the clients of databases and queues take a secret.

Options whose name means a secret (`--password`) need no entry. Sources: the manual pages of the programs.
"""

from collectors.redact_kinds import CONFIG, Kind, Program

S, J, U = Kind.SECRET, Kind.JOINED, Kind.USER
DATABASES: tuple[tuple[str, Program], ...] = (
    (
        "mysql mysqldump mysqladmin mysqlsh mysqlimport mysqlcheck mysqlshow mysqlslap mysqlbinlog mysqlpump mycli"
        " mytop mysql_upgrade mariadb mariadb-dump mariadb-admin mariadb-check mariadb-import mariadb-show mariadb-slap"
        " mariadb-binlog mariabackup mariadb-backup xtrabackup innobackupex",
        Program({"-p": J, "--uri": U}, "uhPSDeT", {"password": (1,)}, positional=U),
    ),
    ("mydumper myloader", Program({"-p": S}, "uhPBoTtd")),
    (
        "redis-cli redis-server redis-benchmark redis-sentinel valkey-cli valkey-server valkey-benchmark"
        " keydb-cli keydb-server",
        Program(
            {"-a": S, "--pass": S, "--requirepass": S, "--masterauth": S},
            "hpsnutridb",
            {"auth": (1, 2), "requirepass": (1,), "masterauth": (1,), "hello": (3, 4)},
            positional=Kind.ACL,
        ),
    ),
    (
        "mongo mongosh mongodump mongorestore mongoexport mongoimport mongostat mongotop mongofiles",
        Program({"-p": S}, "hudc"),
    ),
    ("psql pg_dump pg_restore pg_basebackup pgbench createdb vacuumdb", Program({"-p": Kind.HARMLESS}, "hUdpfcovF")),
    ("sqlplus sqlldr expdp impdp exp imp rman sqlcl disql", Program(positional=Kind.ORACLE)),
    (
        "pt-online-schema-change pt-table-checksum pt-table-sync pt-archiver pt-query-digest pt-heartbeat pt-kill"
        " pt-slave-delay pt-slave-find pt-slave-restart pt-show-grants pt-upgrade pt-find"
        " pt-deadlock-logger pt-duplicate-key-checker",
        Program({"-p": J}, "uhPSDF", positional=Kind.DSN),
    ),
    ("db2", Program(words={"using": (1,)})),
    ("vsql ora2pg", Program({"-w": S}, "hpUdcfiou")),
    ("gsql", Program({"-W": S}, "hpUdcf")),
    ("taos", Program({"-p": J}, "hPucdsf")),
    ("isql-fb gbak gfix gsec nbackup", Program(dict.fromkeys(("-pa", "-pas", "-pass", "-password", "-pw"), S))),
    ("pg_md5 pg_enc", Program(last=frozenset({""}))),
    ("neo4j-admin", Program(words={"set-initial-password": (1,)})),
    ("zkcli", Program(words={"digest": (1,)})),
    ("sqlcmd osql tsql", Program({"-P": S}, "SUdQqiohvHpD")),
    ("bcp", Program({"-P": S}, "SUdtrcfe")),
    ("isql", Program({"-P": S, "-p": S, "-password": S}, "UuSDimo", {"": (3,)})),
    ("cqlsh cypher-shell", Program({"-p": S}, "uekftad")),
    ("couchbase-cli cbq cbbackupmgr cbimport cbexport cbbackup cbrestore cbtransfer", Program({"-p": S}, "cuead")),
    ("beeline", Program({"-p": S}, "undwef")),
    ("usql pgcli snowsql rabbitmqadmin sqlline dsbulk maxctrl hdbsql", Program({"-p": S}, "uhHdPV")),
    ("aql asadm asbackup asrestore asinfo", Program({"-P": S}, "hpUcnsdov")),
    ("influx", Program({"-password": S, "-p": S, "-t": S}, "uocbn")),
    ("nodetool sstableloader jmxterm", Program({"-pw": S, "-jmxpw": S}, "hpu")),
    ("mqttx", Program({"-P": S}, "uhpitmq")),
    ("consul serf", Program({"-encrypt": S}, names=CONFIG)),
    ("nomad", Program({"-encrypt": S})),
    ("mosquitto_pub mosquitto_sub mosquitto_rr", Program({"-P": S, "--pw": S}, "hpuitmqkVlfCW")),
    ("etcdctl", Program({"--user": U}, names=CONFIG)),
    (
        "vault bao openbao",
        Program({"-id": S}, after=frozenset({"create"}), words={"login": (1,), "unseal": (1,), "unwrap": (1,)}),
    ),
    ("mc mcli", Program(words={"set": (4,), "add": (4,)})),
    (
        "rabbitmqctl",
        Program({"--erlang-cookie": S}, words={"add_user": (2,), "change_password": (2,), "authenticate_user": (2,)}),
    ),
    ("erl beam.smp elixir iex", Program({"-setcookie": S, "--cookie": S})),
)
