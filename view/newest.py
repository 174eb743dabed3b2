"""Which window is the newest that is stored."""

from typing import NamedTuple

from dashboards.queries import query
from sinks.store import Store, StoreError

_NOT_MADE = {60, 81}  # UNKNOWN_TABLE, UNKNOWN_DATABASE: the sink has not yet started on this store


class Newest(NamedTuple):
    """The newest window: when it ends, and how wide it is, ms; zeros when there is none."""

    end: int
    width: int


def read_newest(store: Store, now: int) -> Newest:
    """Read which window is the newest. A host whose clock is ahead moves nothing beyond `now`, ms."""
    try:
        ((start, width),) = store.query(query("map_newest"))
    except StoreError as error:
        if error.code in _NOT_MADE:
            return Newest(0, 0)
        raise
    return Newest(min(start + width, now) if start else 0, width)
