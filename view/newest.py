"""The newest window that is stored."""

from typing import NamedTuple

from graph.stored import NewestRow, newest_window
from sinks.store import Store, StoreError

_NO_TABLES = {60, 81}  # UNKNOWN_TABLE, UNKNOWN_DATABASE: no sink has started on this store yet


class Newest(NamedTuple):
    """The newest window: its end and its width, ms; zeros without any."""

    end: int
    width: int


def read_newest(store: Store, now: int) -> Newest:
    """Read the newest window. It ends at `now`, ms, at the latest: the clock of a host may be ahead."""
    try:
        found = store.row(NewestRow, newest_window())
    except StoreError as error:
        if error.code in _NO_TABLES:
            return Newest(0, 0)
        raise
    end = min(found.start_ms + found.window_ms, now) if found.start_ms else 0
    return Newest(end, found.window_ms)
