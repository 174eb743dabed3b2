"""Events, and what came and went."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from graph import lives as came_and_went
from graph import node_events
from graph.lives import LifeRow
from graph.node_events import EventRow
from sinks.store import Store

NOBODY = "\t"  # a list in SQL may not be empty, and no name contains a tab (schemas/text.py)

MOST_EVENTS = 500
MOST_LIVES = 20


class About(NamedTuple):
    """Selects events: those of nodes, and those of services and hosts together with their processes."""

    subjects: Sequence[str] = ()
    services: Sequence[str] = ()
    hosts: Sequence[str] = ()


def events(store: Store, start: int, end: int, about: About | None = None) -> list[dict[str, Any]]:
    """Return the newest events, selected or all; the oldest first."""
    lists = {name: [*found, NOBODY] for name, found in (about or About())._asdict().items()}
    parameters = {**lists, "from": start, "to": end, "most": MOST_EVENTS}
    return [row._asdict() for row in store.rows(EventRow, node_events.events(everything=about is None), parameters)]


def lives(store: Store, start: int, end: int) -> list[dict[str, Any]]:
    """Return what started, ended or failed, the newest first."""
    parameters = {"from": start, "to": end, "most": MOST_LIVES}
    return [row._asdict() for row in store.rows(LifeRow, came_and_went.lives(), parameters)]
