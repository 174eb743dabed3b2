"""Addresses that two hosts have at once, and those that only pass from one to the other."""

from collections.abc import Callable

import pytest

from graph.shared_addresses import SharedRow, shared_addresses
from sinks.store import Store
from tests.graph.flows import T0


def held(store: Store, host: str, address: str, minutes: int, scope: str = "") -> None:
    row = {"hour": T0, "host": host, "transport": "", "port": 0, "scope": scope, "address": address, "who": ""}
    row |= {"minutes": minutes, "before": 0, "seen": T0}
    store.insert("places", {name: [value] for name, value in row.items()})


@pytest.mark.parametrize(
    ("first", "second", "scope", "shared"),
    [(0b0110, 0b0011, "", True), (0b1100, 0b0011, "", False), (0b0110, 0b0110, "h1", False)],
    ids=["at once", "one after the other", "of a network inside a host"],
)
def test_an_address_that_two_hosts_have_in_one_minute_is_found(
    fresh: Callable[[], Store], first: int, second: int, scope: str, shared: bool
) -> None:
    store = fresh()
    held(store, "h1", "10.0.0.9", first, scope)
    held(store, "h2", "10.0.0.9", second, scope)
    held(store, "h2", "10.0.0.8", 0b1111)

    found = store.rows(SharedRow, shared_addresses(), {"from": T0 + 60_000})

    assert found == ([SharedRow("10.0.0.9", ["h1", "h2"])] if shared else [])
