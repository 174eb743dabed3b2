"""Hosts: what they report about themselves, and their load."""

from typing import Any, NamedTuple

from dashboards.queries import query
from sinks.store import Store

HOUR_MS = 3_600_000


class HostRow(NamedTuple):
    """A row of the query view_hosts. Times in ms; `last_window_ms` is the end of its last window, 0 for none."""

    host: str
    hostname: str
    os: str
    kernel: str
    arch: str
    cpus: int
    memory_bytes: int
    booted_ms: int
    agent_version: str
    addresses: list[str]
    labels: dict[str, str]
    reported_ms: int
    last_window_ms: int
    load1: float
    cpu_ratio: float
    memory_used_bytes: int
    missing: dict[str, str]
    failed: dict[str, str]

    def as_fields(self) -> dict[str, Any]:
        """Return the host as /api/hosts has it."""
        return {_NAMES.get(name, name): value for name, value in self._asdict().items()}


_NAMES = {
    "host": "id",
    "booted_ms": "booted",
    "reported_ms": "reported",
    "last_window_ms": "last_window",
}  # of columns in the API


class LabelsRow(NamedTuple):
    """A host with its labels."""

    host: str
    hostname: str
    labels: dict[str, str]


def read_hosts(store: Store, end: int) -> list[HostRow]:
    """Return all hosts at a time, ms."""
    return store.rows(HostRow, query("view_hosts"), {"from": end - HOUR_MS, "to": end})


def hosts(store: Store, end: int) -> list[dict[str, Any]]:
    """Return all hosts at a time, ms, as /api/hosts has them."""
    return [host.as_fields() for host in read_hosts(store, end)]


def read_labels(store: Store) -> list[LabelsRow]:
    """Return the labels of all hosts."""
    return store.rows(LabelsRow, "SELECT host, hostname, labels FROM hosts FINAL")
