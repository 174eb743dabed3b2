"""Edges of transports of which the kernel counts nothing: UDP has no bytes on the map, in answers and in texts."""

from typing import Any

import pytest

from graph import counters
from graph.model import Wanted
from graph.reading import read_map
from schemas.times import HOUR_MS, MINUTE_MS
from servicemap.map_text import headings, rows
from sinks.store import Store
from tests.graph.flows import T0, End, flow, stored
from tests.rollups.conftest import Fresh
from view.edge import edge_answer
from view.node import node_answer
from view.parameters import EdgeAsked, NodeAsked

CLIENT, SERVER = "service:web", "service:dns"


@pytest.fixture(scope="module")
def store(fresh: Fresh) -> Store:
    """A service that is asked by UDP, and by TCP over another port."""
    store = fresh()
    client, server = End("10.0.0.1", 40_000, "a", 7, "web"), End("10.0.0.2", 53, "b", 9, "dns")
    stored(
        store,
        flow(client, server, transport="udp", opened=1),
        flow(client, server._replace(port=54), opened=1, sent_bytes=300, rtt_us=80),
    )
    return store


def test_the_counters_of_udp_are_null_on_the_map_and_those_of_tcp_are_not(store: Store) -> None:
    found = read_map(store, Wanted(start=T0, end=T0 + HOUR_MS))
    udp, tcp = (next(edge.as_fields() for edge in found.edges if edge.transport == one) for one in ("udp", "tcp"))

    assert {udp[name] for name in counters.NAMES} == {None}
    assert (tcp["client_sent_bytes"], tcp["client_rtt_us"], tcp["server_sent_bytes"]) == (300, 80, 0)


def test_the_table_of_the_map_has_no_bytes_of_udp(store: Store) -> None:
    found = read_map(store, Wanted(start=T0, end=T0 + HOUR_MS))
    of_port = {row["PORT"]: row for row in (dict(zip(headings(found), cells, strict=True)) for cells in rows(found))}

    assert (of_port["udp/53"]["SENT"], of_port["udp/53"]["RECEIVED"]) == ("-", "-")
    assert of_port["tcp/54"]["SENT"] == "300 B"


def edge(store: Store, transport: str, port: int) -> dict[str, Any]:
    asked = EdgeAsked(client=CLIENT, server=SERVER, transport=transport, port=port, start=T0, end=T0 + MINUTE_MS)
    return edge_answer(store, asked, T0 + HOUR_MS)


def test_the_page_gets_neither_bytes_nor_their_charts_of_udp(store: Store) -> None:
    udp, tcp = edge(store, "udp", 53), edge(store, "tcp", 54)

    assert (udp["facts"]["bytes_s"], udp["facts"]["client_sent_bytes"]) == (None, None)
    assert udp["series"].keys() == {"opened", "failed", "active"}
    assert tcp["facts"]["client_sent_bytes"] == 300
    assert {"client_sent", "client_rtt"} <= tcp["series"].keys()


def test_neighbours_by_udp_have_no_traffic(store: Store) -> None:
    found = node_answer(store, NodeAsked(id=CLIENT, start=T0, end=T0 + MINUTE_MS), T0 + HOUR_MS)["neighbours"]
    traffic = {each["transport"]: each["bytes_s"] for each in found}

    assert traffic["udp"] is None
    assert traffic["tcp"] > 0
