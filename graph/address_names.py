"""Names of addresses: those by which DNS led clients to them. An address that a host of the fleet has is never named.

`address_names` has a bit for each minute of an hour in which somebody was connected to the address by the name
(schemas/graph.py). A name counts up to KEPT minutes longer, because it is restated with keyframes alone.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from graph.span import moment
from graph.sql import inside, select
from schemas.raw import BY_HTTP
from schemas.times import MINUTE_MS

KEPT = 5  # minutes
MOST_NAMES = 4  # of one address, the latest
MOST = 10_000  # addresses, those that were asked for last
MOST_DRAWN = 2_000  # the same for a picture or table of at most some hundred nodes
Names = Mapping[str, Sequence[str]]


class AddressNamesRow(NamedTuple):
    """A row of `address_names`: the node of an address, and its names: those of DNS first, and the latest of these."""

    node: str
    names: list[str]


def address_names(most: int = MOST) -> str:
    """Return the addresses that have names in [from, to), ms."""
    hours = f"hour >= toStartOfHour({_SINCE}) AND hour < {moment('to')}"
    own = select(["scope", "address"], "places", where=f"transport = '' AND {hours}")
    each = {"node": _NODE, "name": "toString(name)", "last": f"max((provenance != '{BY_HTTP}', asked))"}
    named = select(
        each,
        "address_names",
        where=f"{hours} AND bitAnd(minutes, {_MINUTES}) > 0 AND (scope, address) NOT IN {inside(own)}",
        group=("node", "name"),
    )
    latest = f"arraySlice(arrayReverseSort(groupArray((last, name))), 1, {MOST_NAMES})"
    rows = select({"node": "node", "names": f"arrayMap(one -> one.2, {latest})"}, inside(named), group=("node",))
    return f"{rows}\nORDER BY max(last) DESC, node\nLIMIT {most}"


_SINCE = f"({moment('from')} - toIntervalMinute({KEPT}))"
_NODE = "concat('address:', if(scope = '', '', concat(scope, '@')), address)"


def _first_minute(time: str, up: int = 0) -> str:
    """Return the minute of the row's hour in which a time is, 0 to 60; with `up` the one that begins then or later."""
    ms = f"toUnixTimestamp64Milli({time}) - toUnixTimestamp64Milli(hour) + {up}"
    return f"toUInt8(greatest(0, least(60, intDiv({ms}, {MINUTE_MS}))))"


# The bits of the minutes of a row that are in the range.
_MINUTES = (
    f"toUInt64(bitShiftLeft(toUInt64(1), 60 - {_first_minute(_SINCE)})"
    f" - bitShiftLeft(toUInt64(1), 60 - {_first_minute(moment('to'), up=MINUTE_MS - 1)}))"
)
