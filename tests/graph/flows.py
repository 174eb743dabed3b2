"""Store flows of one window in few words."""

from typing import Any, NamedTuple

from clickhouse_driver import Client

from graph.clocks import LEAST_CONNECTIONS
from graph.identity import packed
from schemas.ids import process_node
from sinks.store import Store

WIDTH = 5_000
T0 = 1_800_000_000_000  # the start of an hour
BOOT = "0b007b00"


class End(NamedTuple):
    """One end of a flow; without a pid no process is known, without a host nothing but the address."""

    address: str
    port: int
    host: str = ""
    pid: int = 0
    service: str = ""
    container: str = ""
    namespace: str = ""
    pod: str = ""
    container_name: str = ""

    @property
    def node(self) -> str:
        return process_node(self.host, BOOT, self.pid, 7) if self.pid else ""

    def who(self) -> str:
        if not self.host:
            return ""
        name = f"p{self.pid}" if self.pid else ""
        contained = (self.namespace, self.pod, self.container_name)
        return packed((self.host, self.node, self.service, name, self.container, "scan", False, 0, *contained))


def flow(client: End, server: End, *, window: int = T0, transport: str = "tcp", **counted: int) -> dict[str, Any]:
    """Return a row of edges: the server is end a. Counters are the client's, and the server's if any."""
    row: dict[str, Any] = {"window": window, "transport": transport, "nth": 0, "verdict": 4, "width_ms": WIDTH}
    for letter, end in (("a", server), ("b", client)):
        row |= {f"{letter}_address": end.address, f"{letter}_port": end.port, f"{letter}_who": end.who()}
        row |= {f"{letter}_seen": int(bool(end.host)), f"{letter}_failed": 0, f"{letter}_opened": 0}
        row |= {f"{letter}_sent_bytes": 0, f"{letter}_received_bytes": 0, f"{letter}_rtt_us": 0}
    side = "b" if client.host else "a"
    return row | {f"{side}_{name}": value for name, value in counted.items()}


def opened_apart(
    client: str, server: str, apart_ms: int, number: int = LEAST_CONNECTIONS, start: int = T0
) -> list[dict[str, Any]]:
    """Return connections that open at even times; by the server's clock they open `apart_ms` later."""
    rows = []
    for at in range(number):
        opened = start + 60_000 + at * WIDTH + at * WIDTH // number
        one, other = End(f"10.0.0.{client[1:]}", 40_000 + at, client, 7), End(f"10.0.0.{server[1:]}", 80, server, 9)
        window, later = (moment // WIDTH * WIDTH for moment in (opened, opened + apart_ms))
        seen = flow(one, other, window=window, opened=1)
        if later == window:
            rows.append(seen | {"a_opened": 1})
        else:
            rows += [seen | {"a_seen": 0}, flow(one, other, window=later) | {"a_opened": 1, "b_seen": 0}]
    return rows


def asked(store: Store, text: str, values: dict[str, Any]) -> tuple[list[tuple[Any, ...]], list[tuple[str, str]]]:
    """Return the result of a query for a reader: rows, and the names and types of the columns."""
    where = store.address
    client = Client(where.host, port=where.port, database=where.database)
    try:
        rows, columns = client.execute(text, values, with_column_types=True)
    finally:
        client.disconnect()
    return rows, columns


def stored(store: Store, *rows: dict[str, Any]) -> None:
    """Store rows of edges."""
    store.insert("edges", {name: [row[name] for row in rows] for name in rows[0]})


def hosts(store: Store, **addresses: str) -> None:
    """Store what hosts report about themselves: `web1="10.0.0.1"` is the host id-web1."""
    store.insert(
        "hosts",
        {
            "host": [f"id-{name}" for name in addresses],
            "seen": [T0] * len(addresses),
            "hostname": list(addresses),
            "addresses": [[f"{address}/24", "127.0.0.1/8"] for address in addresses.values()],
        },
    )
    store.insert(
        "places",
        {
            "hour": [T0] * len(addresses),
            "host": [f"id-{name}" for name in addresses],
            "address": list(addresses.values()),
            "minutes": [2**60 - 1] * len(addresses),
        },
    )


def requests(
    store: Store,
    *requested: tuple[dict[str, Any], dict[str, int], dict[int, int]],
    unanswered: int = 0,
    by_client: bool = False,
    sampling: int = 1,
) -> None:
    """Store what the servers' or the clients' hosts counted on flows: answers by class, the sketch of their times."""
    rows = [
        {name: row[name] for name in ("window", "transport", "width_ms", "a_address", "a_port", "b_address", "b_port")}
        | {"end": int(by_client), "sampling": sampling, "unanswered": unanswered}
        | {"answered": answered, "latency": latency}
        for row, answered, latency in requested
    ]
    store.insert("requests", {name: [row[name] for row in rows] for name in rows[0]})
