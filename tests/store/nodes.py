"""Two servers of a cluster, and a store whose statements ON CLUSTER the test carries to both."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy.kafka import free_port
from sinks.address import Address
from sinks.cluster import Cluster
from sinks.store import Store
from tests.store.node import TOKEN

HOST = "127.0.0.1"
CLUSTERS = {"both": (0, 1), "first": (0,)}  # by name: which servers are its shards

_SHARD = """<shard><internal_replication>true</internal_replication><replica>
<host>{host}</host><port>{port}</port><user>servicemap</user><password>{token}</password></replica></shard>"""
_CONFIG = """<clickhouse>
<macros><shard>{number}</shard><replica>only</replica></macros>
<zookeeper><implementation>testkeeper</implementation></zookeeper>
<remote_servers>{clusters}</remote_servers>
</clickhouse>"""


class Carried(Store):
    """A store on a cluster: what a statement does ON CLUSTER, the test runs on each of its servers.

    The engine alone has no queue of such statements; a server has.
    """

    def __init__(self, address: Address, servers: list[Address]) -> None:
        super().__init__(address)
        self.statements: list[str] = []
        self.servers = servers

    def query(self, text: str, parameters: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
        if " ON CLUSTER " not in text:
            return super().query(text, parameters)
        self.statements.append(text)
        for address in self.servers:
            server = Store(address)
            server.query(re.sub(r" ON CLUSTER `\w+`", "", text))
            server.close()
        return []


@contextmanager
def running_nodes(folder: Path) -> Iterator[list[Address]]:
    """Start two servers that know each other as the clusters of CLUSTERS."""
    ports = [free_port(), free_port()]
    shards = [_SHARD.format(host=HOST, port=port, token=TOKEN) for port in ports]
    clusters = "".join(f"<{name}>{''.join(shards[at] for at in which)}</{name}>" for name, which in CLUSTERS.items())
    started = []
    try:
        for number, port in enumerate(ports):
            config = folder / f"{number}.xml"
            config.write_text(_CONFIG.format(number=number, clusters=clusters))
            command = [sys.executable, "-m", "tests.store.node", str(folder / f"node{number}"), str(port), str(config)]
            started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        for process in started:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        yield [Address(HOST, port, "servicemap", TOKEN, "default") for port in ports]
    finally:
        for process in started:
            process.kill()  # the engine waits for replicas that will never be writable
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


def on_cluster(servers: list[Address], database: str, cluster: Cluster) -> Carried:
    """Make a database on the servers of a cluster; return a store on its first one."""
    own = [servers[at]._replace(database=database) for at in CLUSTERS[cluster.name]]
    for address in own:
        server = Store(address._replace(database="default"))
        server.query(f"CREATE DATABASE IF NOT EXISTS {database}")
        server.close()
    return Carried(own[0]._replace(cluster=cluster), own)
