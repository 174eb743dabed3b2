"""Hosts: what they report about themselves, and their load."""

from typing import Any, NamedTuple

from graph.span import in_range, moment
from graph.sql import inside, select, union


class HostRow(NamedTuple):
    """A row of `hosts`. Times in ms; `last_window_ms` is the end of its last window, 0 for none."""

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
        """Return the fields of the host in the API."""
        return {_NAMES.get(name, name): value for name, value in self._asdict().items()}


class LabelsRow(NamedTuple):
    """A row of `labels`."""

    host: str
    hostname: str
    labels: dict[str, str]


class AddressesRow(NamedTuple):
    """A row of `addresses`."""

    host: str
    addresses: list[str]


class HostnameRow(NamedTuple):
    """A row of `hostnames`."""

    host: str
    name: str


_NAMES = {"host": "id", "booted_ms": "booted", "reported_ms": "reported", "last_window_ms": "last_window"}
_TIMES = {"booted_ms": "booted", "reported_ms": "seen"}
_OF_WINDOW = ("load1", "cpu_ratio", "memory_used_bytes", "missing", "failed")


def hosts() -> str:
    """Return every host as it last reported itself, with its last window of [from, to), ms."""
    end = "max(beat.window) + toIntervalMillisecond(argMax(beat.width_ms, beat.window))"
    latest = {"host": "beat.host", "last_window_ms": f"toUnixTimestamp64Milli({end})"}
    latest |= {name: f"argMax(beat.{name}, beat.window)" for name in _OF_WINDOW}
    beats = select(latest, "host_usage AS beat FINAL", where=in_range("beat.window"), group=("beat.host",))
    columns = {name: f"known.{name}" for name in HostRow._fields}
    columns |= {name: f"beats.{name}" for name in ("last_window_ms", *_OF_WINDOW)}
    columns |= {name: f"toUnixTimestamp64Milli(known.{time})" for name, time in _TIMES.items()}
    joined = f"LEFT JOIN {inside(beats)} AS beats ON beats.host = known.host"
    return select(columns, "(SELECT * FROM hosts FINAL) AS known", joined) + "\nORDER BY hostname, host"


def labels() -> str:
    """Return the labels of all hosts."""
    return select(LabelsRow._fields, "hosts FINAL")


def addresses() -> str:
    """Return the addresses of all hosts."""
    return select(AddressesRow._fields, "hosts FINAL")


def hostnames() -> str:
    """Return the latest name of each host, also of hosts in [from, to), ms, without host facts; and of each switch."""
    hour = f"hour >= {moment('from')} - INTERVAL 2 HOUR AND hour < {moment('to')}"
    reports = union(
        "SELECT toString(host) AS host, hostname, seen FROM hosts",
        f"SELECT toString(host) AS host, hostname, seen FROM nodes WHERE {hour}",
        "SELECT concat('link:', chassis) AS host, system_name AS hostname, seen FROM links WHERE system_name != ''",
    )
    return (
        select({"host": "host", "name": "argMax(hostname, seen)"}, inside(reports), group=("host",)) + "\nORDER BY host"
    )
