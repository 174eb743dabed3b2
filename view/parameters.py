"""The parameters of requests, and how to read them. Times are ms since the epoch."""

from collections.abc import Mapping
from typing import Annotated, TypeVar

from msgspec import Meta, Struct, field

from answers.faults import BadRequest
from answers.reading import converted
from graph.levels import LEVELS

Level = Annotated[str, Meta(pattern=f"^({'|'.join(LEVELS)})$")]
Moment = Annotated[int, Meta(ge=0, le=32_503_680_000_000)]  # to the year 3000
Text = Annotated[str, Meta(max_length=4_096)]

LATEST_MS = 60_000
LONGEST_MS = 400 * 86_400_000  # nothing is kept for longer


class Ranged(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A time range: by default the last stored minute. Without a start it is a minute, without an end up to now."""

    start: Moment | None = field(default=None, name="from")
    end: Moment | None = field(default=None, name="to")


class MapAsked(Ranged, frozen=True, kw_only=True):
    """The map, or the part of it with an end in a service or on a host (its name or id).

    Without `changes` the answer has nothing about what is new, gone, started or exited, and is faster. With `clusters`
    nodes have the cluster that they are part of. What `filter` keeps (graph/filters/) is named under that name, and
    without `reduce` all else is in the answer as well.
    """

    level: Level = "service"
    service: Text = ""
    host: Text = ""
    changes: bool = True
    clusters: bool = False
    filter: Text = ""
    reduce: bool = True


class ValuesAsked(Ranged, frozen=True, kw_only=True):
    """The values of a field of filters on the map of a range."""

    field: Text
    level: Level = "service"


class TimelineAsked(Ranged, frozen=True, kw_only=True):
    """What happened over a time range; its edges are those of a level."""

    level: Level = "service"
    buckets: Annotated[int, Meta(ge=1, le=1_000)] = 120


class NodeAsked(Ranged, frozen=True, kw_only=True):
    """A node by its id. Some ids exist at several levels; by default the level is that of the node's kind."""

    id: Text
    level: Level | None = None


class EdgeAsked(Ranged, frozen=True, kw_only=True):
    """An edge by its ends at a level."""

    client: Text
    server: Text
    transport: Annotated[str, Meta(max_length=16)] = "tcp"
    port: Annotated[int, Meta(ge=0, le=65_535)]
    level: Level | None = None


class WhyAsked(Ranged, frozen=True, kw_only=True):
    """A symptom: a node by its id, an edge by its ends, or without either all that departs from its past.

    The trouble began at `from`; without it, the start is found.
    """

    level: Level = "service"
    id: Text = ""
    client: Text = ""
    server: Text = ""
    transport: Annotated[str, Meta(max_length=16)] = "tcp"
    port: Annotated[int, Meta(ge=0, le=65_535)] = 0


class Nothing(Struct, frozen=True, forbid_unknown_fields=True):
    """No parameters."""


Asked = TypeVar("Asked", bound=Struct)


def read(query: Mapping[str, str], kind: type[Asked]) -> Asked:
    """Read the parameters of a request. An empty one counts as missing. BadRequest names a wrong one."""
    return converted({name: value for name, value in query.items() if value != ""}, kind)


def time_range(asked: Ranged, newest: int, default: int = LATEST_MS) -> tuple[int, int]:
    """Return the requested time range, ms. Without a start it has the length `default`."""
    end = asked.end if asked.end is not None else max(newest, (asked.start or 0) + 1)
    start = asked.start if asked.start is not None else max(0, end - default)
    if start >= end:
        raise BadRequest("from: must be earlier than to")
    if end - start > LONGEST_MS:
        raise BadRequest("from: more than 400 days before to")
    return start, end


def level_of(node: str, level: Level | None) -> Level:
    """Return the level of a node: the requested one, or that of its kind."""
    kind = node.partition(":")[0]
    if kind in LEVELS:
        return level or kind
    *most, last = (f"{name}:" for name in LEVELS)
    raise BadRequest(f"{node!r} is not a node: an id begins with {', '.join(most)} or {last}")
