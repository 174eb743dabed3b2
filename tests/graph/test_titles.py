"""The titles of nodes, and the node of a process at a level, are the same in SQL and in Python."""

import pytest

from graph.levels import KNOWN, LEVELS, PARTS, between, node_at, node_of
from graph.sql import select, text
from graph.titles import HOSTNAMES, title, title_of
from schemas.ids import address_node, host_node, process_node, service_node
from sinks.store import Store
from tests.rollups.conftest import Fresh

RACK = "00:1b:54:c9:2a:00"
LABELS = {
    "h4": {"region": "eu", "zone": "b"},
    "h5": {"region": "eu"},
    "h6": {"zone": "it's: b"},
    "h7": {"region": "eu:1", "zone": "b"},
}
NAMES = {"h1": "web-1", "h2": "h2", f"link:{RACK}": "sw-rack-12"}
SEEN = 1_800_000_000_000
RANGE = {"from": SEEN, "to": SEEN + 60_000}
PROCESS, CONTAINER = process_node("h1", "0b007b00", 42, 7), "container:h1:0123456789abcdef"
NODES = [
    (host_node("h1"), {}, "web-1"),
    (host_node("h2"), {}, "h2"),
    (service_node("shop:api 100%"), {"service": "shop:api 100%"}, "shop:api 100%"),
    (PROCESS, {"name": "nginx", "service": "web"}, "nginx[42]"),
    (PROCESS, {}, "h1:0b007b00:42:7"),
    (CONTAINER, {"service": "web", "name": "nginx", "container": "0123456789abcdef"}, "web[0123456789ab]"),
    (CONTAINER, {"name": "nginx", "container": "0123456789abcdef"}, "nginx[0123456789ab]"),
    (CONTAINER, {}, "h1:0123456789abcdef"),
    (
        CONTAINER,
        {"service": "web", "container": "0123456789abcdef", "container_name": "shop-web-1"},
        "shop-web-1[0123456789ab]",
    ),
    ("pod:h1:shop:web-0", {}, "web-0"),
    ("pod:h1::web", {}, "web"),
    ("namespace:shop", {}, "shop"),
    (f"link:{RACK}", {}, "sw-rack-12"),
    ("link:sw:1", {}, "sw:1"),
    ("zone:eu-west-1:b", {}, "eu-west-1/b"),
    ("zone:eu-west-1:eu-west-1b", {}, "eu-west-1b"),
    ("zone:eu-west-1:no zone", {}, "eu-west-1/no zone"),
    ("zone:no region:rack:1", {}, "rack:1"),
    ("zone:no region:no zone", {}, "no zone"),
    ("region:eu-west-1", {}, "eu-west-1"),
    (address_node("", "192.0.2.7"), {}, "192.0.2.7"),
    (address_node("", "2001:db8::1"), {}, "2001:db8::1"),
    (address_node("h1/4026531840", "127.0.0.1"), {}, "127.0.0.1"),
    ("network:10.0.0.0/24", {}, "10.0.0.0/24"),
    ("other:rest", {}, "other hosts"),
]
NOWHERE = {"region": "no region", "zone": "no zone"}
ENDS = [
    dict.fromkeys(PARTS, "") | (NOWHERE if "host" in known else {}) | known
    for known in (
        {"service": "web", "host": "h1", "container": "c1"},
        {"service": "web", "host": "h1", "container": "c1", "namespace": "shop", "pod": "web-0"},
        {"service": "web", "host": "h1", "container": "c1", "pod": "web"},
        {"service": "web", "host": "h1", "container": "c1", "namespace": "shop"},
        {"service": "web", "host": "h1"},
        {"host": "h1", "container": "c1"},
        {"host": "h1"},
        {"service": "web", "host": "h3", "switch": RACK},
        {"host": "h3", "switch": RACK},
        {"host": "h4", "region": "eu", "zone": "b"},
        {"host": "h5", "region": "eu"},
        {"host": "h6", "zone": "it's: b"},
        {"host": "h7", "region": "eu.1", "zone": "b"},
        {},
    )
]


@pytest.fixture(scope="module")
def store(fresh: Fresh) -> Store:
    made = fresh()
    made.query("INSERT INTO hosts (host, hostname) VALUES ('h1', 'web-1'), ('h2', '')")
    for host, labels in LABELS.items():
        made.query(
            "INSERT INTO hosts (host, labels) SELECT %(host)s, mapFromArrays(%(names)s, %(values)s)",
            {"host": host, "names": [*labels], "values": [*labels.values()]},
        )
    made.query(
        "INSERT INTO links (hour, host, seen, interface, protocol, chassis, port, system_name, forwards) "
        "SELECT hour, 'h3', hour, 'eth0', 'lldp', %(rack)s, '7', 'sw-rack-12', 1 "
        "FROM (SELECT fromUnixTimestamp64Milli(%(seen)s, 'UTC') AS hour)",
        {"rack": RACK, "seen": SEEN},
    )
    return made


@pytest.mark.parametrize(("node", "known", "called"), NODES)
def test_a_node_has_the_same_title_in_sql_and_in_python(
    store: Store, node: str, known: dict[str, str], called: str
) -> None:
    parts = {name: text(value) for name, value in known.items()}
    (found,) = store.query(f"WITH {HOSTNAMES} SELECT {title(text(node), **parts)}")

    assert found == (called,)
    assert title_of(node, lambda one: NAMES.get(one, one), **known) == called


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("known", ENDS)
def test_a_process_is_the_same_node_of_a_level_in_sql_and_in_python(
    store: Store, level: str, known: dict[str, str]
) -> None:
    end = {"client": text(PROCESS), **{f"client_{name}": text(known[name]) for name in KNOWN}}
    (row,) = store.query(select([node_at("client", lambda name, _: end[name], "row", level)], "system.one"), RANGE)

    assert row == (node_of(level, PROCESS, known),)


@pytest.mark.parametrize(
    ("kinds", "level"),
    [
        (("service", "namespace"), "namespace"),
        (("namespace", "address"), "namespace"),
        (("container", "pod"), "pod"),
        (("host", "container"), "container"),
        (("host", "process"), "process"),
        (("process", "service"), "service"),
        (("host", "host"), "host"),
    ],
)
def test_the_level_of_an_edge_is_the_one_that_has_both_ends(kinds: tuple[str, str], level: str) -> None:
    assert between(kinds) == between(reversed(kinds)) == level
