"""Of which times anything is stored, and which range a question is about."""

from answers.faults import NothingStored
from graph.asking import Store
from graph.reading import newest
from schemas.times import iso

LATEST_MS = 60_000


def end_of_records(store: Store) -> int:
    """Return the end of the newest window, ms; NothingStored while there is none."""
    if found := newest(store):
        return found
    raise NothingStored("nothing is stored yet: start `servicemap up`, or wait for its first windows")


def outside(start: int, end: int, begin: int, present: int) -> str:
    """Return a sentence about a range of which nothing is stored, and of what something is."""
    when = f"since {iso(start)}" if start >= present else f"up to {iso(end)}"
    return f"nothing is stored {when}: the stored data are of {iso(begin)} to {iso(present)}"


def time_range(newest_end: int, now: int, since: int | None, at: int | None) -> tuple[int, int]:
    """Return the requested range, ms: up to `at`, or up to the newest window; a minute of it without a start.

    A host with a clock that is ahead does not move the present.
    """
    if since is None:
        end = at if at is not None else min(newest_end, now)
        return end - LATEST_MS, end
    return since, at if at is not None else max(now, since)
