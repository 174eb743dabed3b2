"""The listener that an end is found to be existed by then: failed connects and UDP, window by window."""

from schemas.times import HOUR_MS
from sinks.rollup import Rollup
from tests.graph.flows import T0, requests, stored
from tests.graph.test_places import AT, HOST, lost, placed, udp
from tests.rollups.conftest import Fresh

OLD = 5  # pid


def test_requests_by_udp_stand_on_the_edge_to_the_listener(fresh: Fresh) -> None:
    store = fresh()
    question = lost("10.0.0.5", 53, transport="udp")
    placed(store, *HOST, udp("d", "0.0.0.0", 53, OLD, "dnsmasq"))
    stored(store, question)
    requests(store, (question, {"A ok": 40}, {}), by_client=True)
    Rollup(store, lambda: AT + 2 * HOUR_MS).roll_up_all(T0, T0 + HOUR_MS)

    edges = store.query("SELECT client, server, server_port FROM process_edges")
    for table in ("process_requests", "requests_1m FINAL", "requests_1h FINAL"):
        asked = store.query(f"SELECT client, server, server_port, requests FROM {table}")
        assert [row[:3] for row in asked] == edges
        assert [row[1:] for row in asked] == [("process:d:0b007b00:5:7", 53, 40)]
