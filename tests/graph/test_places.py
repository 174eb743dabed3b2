"""Ends of which nothing was reported are found by address and port: on the map, in the views and in roll-ups."""

from typing import Any, NamedTuple

import pytest

from graph.edges import EdgeRow
from graph.identity import packed
from graph.known import known_edges
from graph.map import map_edges
from schemas.graph import CONTESTED, bit
from schemas.times import HOUR_MS, MINUTE_MS
from sinks.rollup import Rollup
from sinks.store import Store
from tests.graph.flows import T0, End, flow, stored
from tests.rollups.conftest import Fresh

AT = T0 + 30 * MINUTE_MS
WEB = End("10.0.0.9", 40_000, "web1", 9, "web")
NEW = 30  # minutes


class Place(NamedTuple):
    """A report of a host in some minutes of the hour: an address, or a listener with its holder."""

    host: str
    address: str
    minutes: range = range(60)
    transport: str = ""
    port: int = 0
    pid: int = 0
    service: str = ""
    scope: str = ""
    namespace: str = ""
    container_name: str = ""
    container: str = ""
    began: int = 0


def placed(store: Store, *places: Place, hour: int = T0) -> None:
    rows: list[dict[str, Any]] = []
    for one in places:
        bits = sum(1 << (59 - minute) for minute in one.minutes)
        node = f"process:{one.host}:0b007b00:{one.pid}:7" if one.pid else ""
        name = f"p{one.pid}" if one.pid else ""
        contained = one.namespace, "", one.container_name
        tied = bool(one.service) and not one.pid
        who = packed((one.host, node, one.service, name, one.container, "", tied, one.began or one.pid, *contained))
        row = {"host": one.host, "transport": one.transport, "port": one.port, "scope": one.scope}
        for at, now, before in ((hour, bits, 0), (hour + HOUR_MS, 0, bits)):
            seen = hour + (max(one.minutes, default=0)) * MINUTE_MS
            rows.append(
                {"hour": at, **row, "address": one.address, "who": who, "seen": seen, "minutes": now, "before": before}
            )
    store.insert("places", {name: [row[name] for row in rows] for name in rows[0]})


def udp(host: str, address: str, port: int, pid: int, service: str, minutes: range = range(60)) -> Place:
    return Place(host, address, minutes, "udp", port, pid, service)


def tcp(host: str, address: str, port: int, pid: int, service: str, minutes: range = range(60)) -> Place:
    return Place(host, address, minutes, "tcp", port, pid, service)


def within(
    behind: str, address: str, port: int, pid: int, service: str, transport: str = "tcp", minutes: range = range(60)
) -> Place:
    """Return a listener in a container of the web's host, behind a bridge or by the loopback of its namespace."""
    scope = f"web1/{behind}" if behind else ""
    return Place("web1", address, minutes, transport, port, pid, service, scope, container=f"c{pid}")


def lost(server: str, port: int = 7000, *, scope: str = "", at: int = AT, **counted: Any) -> dict[str, Any]:
    """Return a flow of the web's to an address at which nobody saw it."""
    row = flow(WEB, End(server, port), window=at, **counted)
    return {**row, "a_scope": scope, "b_scope": ""}


def refused(server: str, port: int = 7000, **more: Any) -> dict[str, Any]:
    return lost(server, port, failed=1, **more)


Found = tuple[str, str, str, int]
HOST = [Place("d", "10.0.0.5"), Place("d", "fd00::5"), Place("d", "127.0.0.1", scope="d/1")]

TABLE: dict[str, tuple[list[Place], dict[str, Any], Found]] = {
    # what was reported, what was seen -> server, its service, how that is known, whether it is a tie
    "an address of nobody's": ([], lost("10.0.0.5"), ("address:10.0.0.5", "", "", 0)),
    "a closed port": (HOST, refused("10.0.0.5"), ("host:d", "", "address", 0)),
    "a window after a close": (HOST, lost("10.0.0.5"), ("host:d", "", "address", 0)),
    "IPv6": (HOST, lost("fd00::5"), ("host:d", "", "address", 0)),
    "an address that two hosts claim": (
        [*HOST, Place("e", "10.0.0.5")],
        refused("10.0.0.5"),
        ("address:10.0.0.5", "", "", 0),
    ),
    "the same address in another scope": (
        [Place("d", "172.17.0.1", scope="d")],
        lost("172.17.0.1", scope="e"),
        ("address:e@172.17.0.1", "", "", 0),
    ),
    "loopback is its host's": ([], lost("127.0.0.53", scope="web1/1"), ("host:web1", "", "address", 0)),
    "an address that was another's before": (
        [Place("e", "10.0.0.5", range(27)), Place("d", "10.0.0.5", range(NEW, 60))],
        lost("10.0.0.5"),
        ("host:d", "", "address", 0),
    ),
    "an address that is another's since": (
        [Place("d", "10.0.0.5", range(31)), Place("e", "10.0.0.5", range(NEW + 1, 60))],
        lost("10.0.0.5"),
        ("host:d", "", "address", 0),
    ),
    "an address not reported for two minutes": (
        [Place("d", "10.0.0.5", range(29))],
        lost("10.0.0.5"),
        ("host:d", "", "address", 0),
    ),
    "an address not reported for three minutes": (
        [Place("d", "10.0.0.5", range(28))],
        lost("10.0.0.5"),
        ("address:10.0.0.5", "", "", 0),
    ),
    "a listener is not taken for who serves a connection that its host did not see": (
        [*HOST, tcp("d", "0.0.0.0", 7000, 5, "voting")],
        lost("10.0.0.5"),
        ("host:d", "", "address", 0),
    ),
    "a UDP server": (
        [*HOST, udp("d", "0.0.0.0", 53, 5, "dnsmasq")],
        lost("10.0.0.5", 53, transport="udp"),
        ("process:d:0b007b00:5:7", "dnsmasq", "listener", 0),
    ),
    "a UDP server on the same host, over loopback": (
        [Place("web1", "127.0.0.1", scope="web1/1"), udp("web1", "0.0.0.0", 53, 5, "dnsmasq")._replace(scope="web1/1")],
        lost("127.0.0.1", 53, transport="udp", scope="web1/1"),
        ("process:web1:0b007b00:5:7", "dnsmasq", "listener", 0),
    ),
    "loopback of a network namespace leads to no listener of another one": (
        [
            Place("web1", "127.0.0.1", scope="web1/1"),
            udp("web1", "0.0.0.0", 53, 5, "dnsmasq"),
            udp("web1", "0.0.0.0", 53, 5, "dnsmasq")._replace(scope="web1/2"),
        ],
        lost("127.0.0.1", 53, transport="udp", scope="web1/1"),
        ("host:web1", "", "address", 0),
    ),
    "a UDP server in a container": (
        [Place("web1", "172.17.0.2", scope="web1/docker0"), within("docker0", "172.17.0.2", 53, 5, "dnsmasq", "udp")],
        lost("172.17.0.2", 53, transport="udp", scope="web1/docker0"),
        ("process:web1:0b007b00:5:7", "dnsmasq", "listener", 0),
    ),
    "an address behind a bridge that nobody has is not its host's": (
        [],
        lost("172.17.0.9", scope="web1/docker0"),
        ("address:web1/docker0@172.17.0.9", "", "", 0),
    ),
    "of two UDP servers the one bound to the address": (
        [*HOST, udp("d", "0.0.0.0", 53, 5, "any"), udp("d", "10.0.0.5", 53, 6, "this"), udp("d", "::", 53, 7, "both")],
        lost("10.0.0.5", 53, transport="udp"),
        ("process:d:0b007b00:6:7", "this", "listener", 0),
    ),
    "a UDP server of another address": (
        [*HOST, udp("d", "127.0.0.1", 53, 5, "dnsmasq")],
        lost("10.0.0.5", 53, transport="udp"),
        ("host:d", "", "address", 0),
    ),
    "a UDP server bound to any address of both families": (
        [*HOST, udp("d", "::", 53, 5, "dnsmasq")],
        lost("10.0.0.5", 53, transport="udp"),
        ("process:d:0b007b00:5:7", "dnsmasq", "listener", 0),
    ),
    "a UDP server of the other family": (
        [*HOST, udp("d", "0.0.0.0", 53, 5, "dnsmasq")],
        lost("fd00::5", 53, transport="udp"),
        ("host:d", "", "address", 0),
    ),
    "a UDP server that has ended": (
        [*HOST, udp("d", "0.0.0.0", 53, 5, "dnsmasq", range(20))],
        lost("10.0.0.5", 53, transport="udp"),
        ("process:d:0b007b00:5:7", "dnsmasq", "last listener", 0),
    ),
    "refused where a server was": (
        [*HOST, tcp("d", "0.0.0.0", 7000, 5, "voting", range(20))],
        refused("10.0.0.5"),
        ("process:d:0b007b00:5:7", "voting", "last listener", 0),
    ),
    "refused by a port of another server": (
        [*HOST, tcp("d", "0.0.0.0", 7001, 5, "voting"), udp("d", "0.0.0.0", 7000, 6, "other")],
        refused("10.0.0.5"),
        ("host:d", "", "address", 0),
    ),
    "refused where one server followed another": (
        [*HOST, tcp("d", "0.0.0.0", 7000, 5, "old", range(20)), tcp("d", "0.0.0.0", 7000, 6, "voting", range(20, 25))],
        refused("10.0.0.5"),
        ("process:d:0b007b00:6:7", "voting", "last listener", 0),
    ),
    "refused in the minute in which a server was started again": (
        [*HOST, tcp("d", "0.0.0.0", 7000, 5, "shop", range(31)), tcp("d", "0.0.0.0", 7000, 6, "shop", range(NEW, 60))],
        refused("10.0.0.5"),
        ("host:d", "shop", "last listener", 1),
    ),
    "refused in the minute in which one service took over from another": (
        [*HOST, tcp("d", "0.0.0.0", 7000, 5, "old", range(31)), tcp("d", "0.0.0.0", 7000, 6, "new", range(NEW, 60))],
        refused("10.0.0.5"),
        ("host:d", "", "address", 0),
    ),
    "refused before a server was": (
        [*HOST, tcp("d", "0.0.0.0", 7000, 5, "voting", range(NEW + 1, 60))],
        refused("10.0.0.5"),
        ("host:d", "", "address", 0),
    ),
    "refused by one of several that share a service": (
        [*HOST, Place("d", "0.0.0.0", range(60), "tcp", 7000, 0, "nginx")],
        refused("10.0.0.5"),
        ("host:d", "nginx", "last listener", 1),
    ),
    "refused by a container whose host listens on that port": (
        [
            Place("web1", "172.17.0.2", scope="web1/docker0"),
            tcp("web1", "10.0.0.9", 22, 5, "sshd"),
            tcp("web1", "0.0.0.0", 22, 5, "sshd"),
            tcp("web1", "172.17.0.1", 22, 5, "sshd")._replace(scope="web1/docker0"),
        ],
        refused("172.17.0.2", 22, scope="web1/docker0"),
        ("host:web1", "", "address", 0),
    ),
    "refused by the host at its address behind a bridge": (
        [
            Place("web1", "172.17.0.1", scope="web1/docker0"),
            tcp("web1", "172.17.0.1", 22, 5, "sshd", range(20))._replace(scope="web1/docker0"),
        ],
        refused("172.17.0.1", 22, scope="web1/docker0"),
        ("process:web1:0b007b00:5:7", "sshd", "last listener", 0),
    ),
    "refused at an address that two bridges have": (
        [
            Place("web1", "172.17.0.2", scope="web1/br-a"),
            Place("web1", "172.17.0.2", scope="web1/br-b"),
            within("br-a", "172.17.0.2", 7000, 5, "voting"),
        ],
        refused("172.17.0.2", scope="web1/br-b"),
        ("host:web1", "", "address", 0),
    ),
    "refused at an address that two bridges have, each with a listener": (
        [
            Place("web1", "172.17.0.2", scope="web1/br-a"),
            Place("web1", "172.17.0.2", scope="web1/br-b"),
            within("br-a", "172.17.0.2", 7000, 5, "voting"),
            within("br-b", "172.17.0.2", 7000, 6, "cart"),
        ],
        refused("172.17.0.2", scope="web1/br-b"),
        ("process:web1:0b007b00:6:7", "cart", "last listener", 0),
    ),
    "refused by a container whose server has just ended": (
        [
            Place("web1", "172.17.0.2", scope="web1/docker0"),
            within("docker0", "172.17.0.2", 7000, 5, "voting", minutes=range(NEW - 1)),
        ],
        refused("172.17.0.2", scope="web1/docker0"),
        ("process:web1:0b007b00:5:7", "voting", "last listener", 0),
    ),
    "refused at an address that was another container's": (
        [
            Place("web1", "172.17.0.2", scope="web1/docker0"),
            within("docker0", "172.17.0.2", 7000, 5, "voting", minutes=range(NEW - 2)),
        ],
        refused("172.17.0.2", scope="web1/docker0"),
        ("host:web1", "", "address", 0),
    ),
    "refused at a routed address that was another container's": (
        [Place("web1", "10.244.1.5"), within("", "10.244.1.5", 7000, 5, "voting", minutes=range(NEW - 2))],
        refused("10.244.1.5"),
        ("host:web1", "", "address", 0),
    ),
    "refused within a network namespace whose number was another container's": (
        [Place("web1", "127.0.0.1", scope="web1/2"), within("2", "0.0.0.0", 7000, 5, "voting", minutes=range(NEW - 2))],
        refused("127.0.0.1", scope="web1/2"),
        ("host:web1", "", "address", 0),
    ),
    "refused on the same host where a server was": (
        [
            Place("web1", "127.0.0.1", scope="web1/1"),
            tcp("web1", "0.0.0.0", 7000, 5, "voting", range(20))._replace(scope="web1/1"),
        ],
        refused("127.0.0.1", scope="web1/1"),
        ("process:web1:0b007b00:5:7", "voting", "last listener", 0),
    ),
    "refused in the hour after": (
        [*HOST, tcp("d", "0.0.0.0", 7000, 5, "voting", range(50, 55))],
        refused("10.0.0.5", at=T0 + HOUR_MS + 2 * MINUTE_MS),
        ("process:d:0b007b00:5:7", "voting", "last listener", 0),
    ),
}


@pytest.fixture(scope="module")
def store(fresh: Fresh) -> Store:
    return fresh()


def test_a_place_that_is_reported_twice_is_one_claim(store: Store) -> None:
    reported_once = [*HOST, udp("d", "0.0.0.0", 53, 5, "dnsmasq", range(NEW))]
    placed(cleared(store), *reported_once)
    placed(store, *reported_once, udp("d", "0.0.0.0", 53, 5, "dnsmasq", range(NEW, 60)))
    stored(store, lost("10.0.0.5", 53, transport="udp"))

    found = server_by_reader(store, AT)

    assert set(found.values()) == {("process:d:0b007b00:5:7", "dnsmasq", "listener", 0)}


@pytest.mark.parametrize(
    ("pids", "expected"),
    [((5,), ("process:d:0b007b00:5:7", "listener", "infra", "dns")), ((5, 6), ("host:d", "listener", "infra", ""))],
)
def test_the_names_of_a_listener_s_container_are_known(
    store: Store, pids: tuple[int, ...], expected: tuple[str, ...]
) -> None:
    listeners = (udp("d", "0.0.0.0", 53, pid, "dns") for pid in pids)
    placed(cleared(store), *HOST, *(one._replace(namespace="infra", container_name="dns") for one in listeners))
    stored(store, lost("10.0.0.5", 53, transport="udp"))

    names = "server, server_provenance, server_namespace, server_container_name"
    assert store.query(f"SELECT {names} FROM process_edges") == [expected]


def cleared(store: Store) -> Store:
    for table in ("edges", "places", "edges_1m", "edges_1h"):
        store.query(f"TRUNCATE TABLE {table}")
    return store


def server_by_reader(store: Store, at: int) -> dict[str, Found]:
    """Return what each reader shows of the server of the only edge."""
    columns = "server, server_service, server_provenance, server_tied"
    ranged = {"from": T0, "to": T0 + 2 * HOUR_MS, "level": "process", "service": "", "host": ""}
    (edge,) = store.rows(EdgeRow, map_edges("process"), ranged)
    found = {
        "map": (edge.server, edge.server_service, edge.server_provenance, edge.server_tied),
        "view": store.query(f"SELECT {columns} FROM process_edges")[0],
    }
    Rollup(store, lambda: at + 10 * MINUTE_MS).roll_up_all(at, at + 1)
    return {**found, "roll-up": store.query(f"SELECT {columns} FROM edges_1m FINAL")[0]}


@pytest.mark.parametrize("case", TABLE)
def test_an_end_that_nobody_saw_is_named_by_its_place(store: Store, case: str) -> None:
    places, row, expected = TABLE[case]
    if places:
        placed(cleared(store), *places)
    stored(cleared(store) if not places else store, row)
    found = server_by_reader(store, row["window"])

    assert found == dict.fromkeys(found, expected)


def test_late_places_of_an_earlier_hour_make_a_roll_up_anew(store: Store) -> None:
    cleared(store)
    stored(store, refused("10.0.0.5"), refused("10.0.0.6", at=T0))
    rollup = Rollup(store, lambda: T0 + HOUR_MS)
    for at in (T0, AT):
        rollup.roll_up_all(at, at + 1)
    placed(store, *HOST, tcp("d", "0.0.0.0", 7000, 5, "voting", range(1)))
    rollup.mark("places", [T0])
    rollup.roll_up()

    rows = store.query("SELECT server, server_service FROM edges_1m FINAL ORDER BY server")
    assert rows == [("address:10.0.0.6", ""), ("process:d:0b007b00:5:7", "voting")]


def test_a_connection_seen_in_different_windows_by_its_ends_counts_once(fresh: Fresh) -> None:
    store = fresh()
    server = End("10.0.0.5", 7000, "d", 5, "voting")
    of_client = flow(WEB, server, window=AT, opened=1, closed=1)
    of_server = flow(WEB, server, window=AT + 5_000, closed=0)
    both = bit(0, "opened") | bit(0, "closed")
    stored(store, of_client | {"a_seen": 0})
    stored(store, of_server | {"b_seen": 0, "a_opened": 1, "a_closed": 1, "elsewhere": both})
    columns = "sum(connections_opened), sum(connections_closed), uniq(client), uniq(server)"

    assert store.query(f"SELECT {columns} FROM process_edges") == [(1, 1, 1, 1)]
    ranged = {"from": T0, "to": T0 + 2 * HOUR_MS, "service": "", "host": ""}
    (edge,) = store.rows(EdgeRow, map_edges("service"), ranged)
    assert (edge.connections_opened, edge.connections_closed) == (1, 1)


def test_a_row_of_a_flow_that_is_several_is_not_read(fresh: Fresh) -> None:
    store = fresh()
    mixed = flow(WEB, End("10.0.0.5", 7000, "d", 5, "voting"), window=AT, opened=1)
    cable = {"a_scope": "/020000000001-020000000002", "b_scope": "/020000000001-020000000002"}
    stored(store, mixed)
    stored(store, mixed | {"elsewhere": CONTESTED})
    stored(store, flow(WEB, End("10.0.0.5", 7000), window=AT, opened=1) | cable)

    server = "address:/020000000001-020000000002@10.0.0.5"
    assert store.query("SELECT server, connections_opened FROM process_edges") == [(server, 1)]
    ranged = {"from": T0, "to": T0 + 2 * HOUR_MS, "service": "", "host": ""}
    (edge,) = store.rows(EdgeRow, map_edges("process"), ranged)
    assert (edge.server, edge.connections_opened) == (server, 1)
    assert len(store.query(known_edges("process"), ranged)) == 1
