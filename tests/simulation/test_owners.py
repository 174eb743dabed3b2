"""Who owned an address, a port and a pid, where another instance takes all three of them within a moment."""

from typing import Any

import pytest

from servicemap.simulated.plan import Plan
from sinks.store import Store
from tests.docs.fleet import WIDTH, simulate
from tests.graph.lived import forget
from tests.rollups.conftest import Fresh
from tests.streams.build import T0

pytestmark = pytest.mark.slow
WINDOWS = 72
# Who listened where, of processes whose host and pid another one has had.
TAKEN = """
    SELECT life.pid, life.host, life.service, life.container, life.until, place.address, place.port
    FROM process_lifetimes AS life
    INNER JOIN address_lifetimes AS place ON place.node = life.node
    WHERE place.port > 0 AND place.scope = '' AND (life.host, life.pid) IN
        (SELECT host, pid FROM process_lifetimes GROUP BY host, pid HAVING count() > 1)
    ORDER BY life.pid, life.since"""


def test_what_is_taken_over_belongs_to_each_in_its_time(fresh: Fresh) -> None:
    store = fresh()
    simulate(store, Plan(architecture="shop", start_ms=T0, windows=WINDOWS, faults=("reuse@catalog:3m",)))
    lives = store.named(TAKEN)
    assert {one["service"] for one in lives} >= {"catalog", "web"}

    asked_of_hours = [answers(store, one, one["until"]) for one in lives]
    forget(store)
    asked_of_days = [answers(store, one, one["until"]) for one in lives]

    for one, *found in zip(lives, asked_of_hours, asked_of_days, strict=True):
        assert found == [[(one["service"], one["container"])] * 3] * 2, one


def answers(store: Store, one: dict[str, Any], until: Any) -> list[tuple[str, str]]:
    """Return who had the pid, the port and the address of a process just before it ended."""
    at = f"toDateTime64('{until:%Y-%m-%d %H:%M:%S.%f}', 3, 'UTC') - toIntervalMillisecond({WIDTH})"
    where = f"at = {at}"
    pid = store.query(
        f"SELECT service, container FROM processes_at({where}) WHERE host = '{one['host']}' AND pid = {one['pid']}"
    )
    port, address = (
        store.query(f"SELECT service, container FROM owner_of(address = '{one['address']}', port = {port}, {where})")
        for port in (one["port"], 0)
    )
    named = [(one["service"], container) for _, container in address]  # an address is a container's, not a service's
    return [*pid, *port, *named]
