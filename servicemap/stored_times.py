"""Of which times anything is stored, and the sentences about times of which nothing is."""

from graph.reading import newest
from servicemap.options import Failure, iso
from sinks.store import Store


def end_of_records(store: Store) -> int:
    """Return the end of the newest window, ms; Failure while there is none."""
    if found := newest(store):
        return found
    raise Failure("nothing is stored yet: start `servicemap up`, or wait for its first windows")


def outside(start: int, end: int, begin: int, present: int) -> str:
    """Return a sentence about a range of which nothing is stored, and of what something is."""
    when = f"since {iso(start)}" if start >= present else f"up to {iso(end)}"
    return f"nothing is stored {when}: the stored data are of {iso(begin)} to {iso(present)}"
