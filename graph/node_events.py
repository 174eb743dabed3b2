"""Events of nodes and edges in the store."""

from typing import NamedTuple

from graph.span import in_range
from graph.sql import inside, select


class EventRow(NamedTuple):
    """A row of `events`, as the API has it. Time in ms."""

    time: int
    kind: str
    subject: str
    object: str
    host: str
    service: str
    detail: str


def events(*, everything: bool) -> str:
    """Return the newest %(most)s events in [from, to), ms, oldest first: `everything`, or those of some nodes.

    These are the ids %(subjects)s, and %(services)s and %(hosts)s, whose processes' events are theirs too; lists each.
    """
    columns = {name: f"event.{name}" for name in EventRow._fields}
    columns["time"] = "toUnixTimestamp64Milli(event.time)"
    of_nodes = (
        "event.subject IN %(subjects)s OR event.object IN %(subjects)s "
        "OR (event.service != '' AND event.service IN %(services)s) OR event.host IN %(hosts)s"
    )
    where = in_range("event.time") + ("" if everything else f" AND ({of_nodes})")
    newest = select(columns, "events AS event FINAL", where=where)
    newest += "\nORDER BY event.time DESC, event.kind, event.subject, event.object\nLIMIT %(most)s"
    return select(EventRow._fields, inside(newest)) + "\nORDER BY time, kind, subject, object"
