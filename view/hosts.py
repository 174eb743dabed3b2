"""Hosts as the API has them."""

from typing import Any

from graph import hosts as known
from graph.hosts import HostRow, LabelsRow
from schemas.times import HOUR_MS
from sinks.store import Store


def read_hosts(store: Store, end: int) -> list[HostRow]:
    """Return all hosts at a time, ms."""
    return store.rows(HostRow, known.hosts(), {"from": end - HOUR_MS, "to": end})


def hosts(store: Store, end: int) -> list[dict[str, Any]]:
    """Return all hosts at a time, ms, as /api/hosts has them."""
    return [host.as_fields() for host in read_hosts(store, end)]


def read_labels(store: Store) -> list[LabelsRow]:
    """Return the labels of all hosts."""
    return store.rows(LabelsRow, known.labels())
