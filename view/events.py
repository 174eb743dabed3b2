"""Events, and what came and went."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from dashboards.queries import query
from sinks.store import Store
from view.members import NOBODY

MOST_EVENTS = 500
MOST_LIVES = 20


class EventRow(NamedTuple):
    """A row of the query view_events: an event, as the API has it. Time in ms."""

    time: int
    kind: str
    subject: str
    object: str
    host: str
    service: str
    detail: str


class LifeRow(NamedTuple):
    """A row of the query view_lives: something that started, ended or failed. Time in ms."""

    time: int
    kind: str
    subject: str
    service: str
    detail: str


class About(NamedTuple):
    """Selects events: those of nodes, and those of services and hosts together with their processes."""

    subjects: Sequence[str] = ()
    services: Sequence[str] = ()
    hosts: Sequence[str] = ()


def events(store: Store, start: int, end: int, about: About | None = None) -> list[dict[str, Any]]:
    """Return the newest events, selected or all; the oldest first."""
    lists = {name: [*found, NOBODY] for name, found in (about or About())._asdict().items()}
    parameters = {**lists, "all": int(about is None), "from": start, "to": end, "most": MOST_EVENTS}
    return [row._asdict() for row in store.rows(EventRow, query("view_events"), parameters)]


def lives(store: Store, start: int, end: int) -> list[dict[str, Any]]:
    """Return what started, ended or failed, the newest first."""
    parameters = {"from": start, "to": end, "most": MOST_LIVES}
    return [row._asdict() for row in store.rows(LifeRow, query("view_lives"), parameters)]
