"""The listener that an end is found to be existed by then, and before a connect that failed: window by window."""

from itertools import product
from typing import NamedTuple

import pytest

from graph.edges import EdgeRow
from graph.map import map_edges
from schemas.times import HOUR_MS, MINUTE_MS
from sinks.rollup import Rollup
from sinks.store import Store
from tests.graph.flows import T0, WIDTH, requests, stored
from tests.graph.test_places import AT, HOST, NEW, Found, Place, lost, placed, udp
from tests.rollups.conftest import Fresh

OLD, YOUNG = 5, 6  # pids
OLD_BEGAN = T0 - HOUR_MS
OF_EDGE = "server, server_service, server_provenance, server_tied"
SUMS = f"{OF_EDGE}, sum(connections_failed)"


class Case(NamedTuple):
    """A port with a listener of before, if any, and a young one; and a flow in a window of the minute NEW."""

    transport: str
    window: int  # ms into the minute
    began: int  # ms from the end of the window to the start of the young one
    old: range | None  # minutes in which another listened
    same: bool  # both are of one service

    @property
    def young_since(self) -> int:
        return AT + self.window + WIDTH + self.began

    def places(self, port: int) -> list[Place]:
        since = (self.young_since - T0) // MINUTE_MS
        young = Place("d", "0.0.0.0", range(since, 60), self.transport, port, YOUNG, "shop", began=self.young_since)
        if self.old is None:
            return [young]
        service = "shop" if self.same else "old"
        return [young, Place("d", "0.0.0.0", self.old, self.transport, port, OLD, service, began=OLD_BEGAN)]

    def expected(self) -> Found:
        """Return who is the server: of those that existed the last that listened, or what they share."""
        listened = {}
        if self.began < (0 if self.transport == "udp" else -WIDTH):  # what it listens to does not fail
            listened[YOUNG] = NEW
        if self.old is not None:
            listened[OLD] = min(self.old[-1], NEW)
        latest = max(listened.values(), default=0)
        found = [pid for pid, minute in listened.items() if minute == latest]
        services = {"shop" if pid == YOUNG or self.same else "old" for pid in found}
        if len(services) != 1:
            return "host:d", "", "address", 0
        (service,) = services
        how = "listener" if self.transport == "udp" and latest >= NEW - 2 else "last listener"
        return (f"process:d:0b007b00:{found[0]}:7", service, how, 0) if len(found) == 1 else ("host:d", service, how, 1)


CASES = {
    10_000 + number: Case(*values)
    for number, values in enumerate(
        product(
            ("tcp", "udp"),
            (0, 30_000, 55_000),
            (-WIDTH - 1, -WIDTH, -1, 0, 1, WIDTH),
            (None, range(20), range(NEW), range(NEW + 1)),
            (True, False),
        )
    )
    if values[3] is not None or values[4]
}


@pytest.fixture(scope="module")
def store(fresh: Fresh) -> Store:
    store = fresh()
    placed(store, *HOST, *(place for port, case in CASES.items() for place in case.places(port)))
    flows = []
    for port, case in CASES.items():
        failed = int(case.transport == "tcp")
        flows.append(lost("10.0.0.5", port, at=AT + case.window, transport=case.transport, failed=failed))
    stored(store, *flows)
    Rollup(store, lambda: AT + 2 * HOUR_MS).roll_up_all(T0, T0 + HOUR_MS)
    return store


@pytest.mark.parametrize("table", ["process_edges", "edges_1m FINAL", "edges_1h FINAL"])
def test_the_last_listener_is_one_that_had_begun(store: Store, table: str) -> None:
    found = {row[0]: row[1:] for row in store.query(f"SELECT server_port, {OF_EDGE} FROM {table}")}

    assert found == {port: case.expected() for port, case in CASES.items()}


def test_the_map_shows_the_same(fresh: Fresh) -> None:
    """Read windows that are not rolled up yet."""
    store = fresh()
    case = Case("tcp", 0, WIDTH, None, True)
    placed(store, *HOST, *case.places(7000))
    stored(store, lost("10.0.0.5", failed=1))
    ranged = {"from": T0, "to": T0 + HOUR_MS, "service": "", "host": ""}

    (edge,) = store.rows(EdgeRow, map_edges("process"), ranged)

    assert (edge.server, edge.server_provenance) == ("host:d", "address")


def test_connects_of_one_minute_that_failed_before_and_after_a_start_are_two_edges(fresh: Fresh) -> None:
    """The program begins at second 17 and listens only then; its port is tried from second 2 on."""
    store = fresh()
    began = AT + 17_000
    placed(store, *HOST, Place("d", "0.0.0.0", range(NEW, 60), "tcp", 7000, YOUNG, "shop", began=began))
    stored(store, *(lost("10.0.0.5", at=AT + at, failed=1) for at in range(0, 30_000, WIDTH)))
    Rollup(store, lambda: AT + 2 * HOUR_MS).roll_up_all(T0, T0 + HOUR_MS)

    expected = [("host:d", "", "address", 0, 4), ("process:d:0b007b00:6:7", "shop", "last listener", 0, 2)]
    for table in ("process_edges", "edges_1m FINAL", "edges_1h FINAL"):
        assert store.query(f"SELECT {SUMS} FROM {table} GROUP BY {OF_EDGE} ORDER BY server") == expected


def test_requests_by_udp_stand_on_the_edge_to_the_listener(fresh: Fresh) -> None:
    store = fresh()
    question = lost("10.0.0.5", 53, transport="udp")
    early = lost("10.0.0.5", 54, transport="udp")
    late = Place("d", "0.0.0.0", range(NEW, 60), "udp", 54, YOUNG, "dnsmasq", began=AT + WIDTH)
    placed(store, *HOST, udp("d", "0.0.0.0", 53, OLD, "dnsmasq"), late)
    stored(store, question, early)
    requests(store, (question, {"A ok": 40}, {}), (early, {"A ok": 2}, {}), by_client=True)
    Rollup(store, lambda: AT + 2 * HOUR_MS).roll_up_all(T0, T0 + HOUR_MS)

    edges = store.query("SELECT client, server, server_port FROM process_edges ORDER BY server_port")
    for table in ("process_requests", "requests_1m FINAL", "requests_1h FINAL"):
        asked = store.query(f"SELECT client, server, server_port, requests FROM {table} ORDER BY server_port")
        assert [row[:3] for row in asked] == edges
        assert [row[1:] for row in asked] == [("process:d:0b007b00:5:7", 53, 40), ("host:d", 54, 2)]
