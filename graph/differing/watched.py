"""What hosts recorded of the stretches that are compared: of the past step by step, of each range as a whole."""

from collections.abc import Collection, Iterable, Mapping, Set

from graph.asking import Store
from graph.culprit.seen import LEAST_OF_STEP
from graph.differing.stretches import Stretches
from graph.recorded import Recorded, read_hours, read_recorded
from schemas.times import HOUR_MS

_NEARLY_ALL = 0.9  # of what the others recorded


class Watched:
    """The time that hosts recorded. A host that recorded in none of the stretches is not known."""

    def __init__(self, of: Stretches, past: Recorded, before: Recorded, after: Recorded) -> None:
        self._of, self._past, self._ranges = of, past, (before, after)

    def cells(self, hosts: Iterable[str] = ()) -> Mapping[int, int]:
        """Return what at least one of these hosts recorded of each stretch, ms; of all hosts, if none is known."""
        known = [host for host in hosts if self.knows(host)]
        found = dict(self._past.cells(known)) if _any(self._past, known) else {}
        for one, recorded in zip((self._of.before, self._of.after), self._ranges, strict=True):
            found[one.start] = sum(recorded.cells(known).values()) if _any(recorded, known) else 0
        return found if any(found.values()) else {}

    def knows(self, host: str) -> bool:
        """Return whether a host recorded anything of the stretches."""
        return any(each.knows(host) for each in (self._past, *self._ranges))

    def both(self, hosts: Iterable[str] = ()) -> tuple[float, float]:
        """Return for how long any of these hosts recorded of each range, s."""
        before, after = (recorded.seconds(hosts) for recorded in self._ranges)
        return before, after

    @property
    def agents(self) -> tuple[Set[str], Set[str]]:
        """Return the hosts of which enough of each range is known."""
        before, after = (
            {host for host in recorded.hosts if recorded.seconds([host]) * 1000 >= LEAST_OF_STEP * one.length}
            for one, recorded in zip((self._of.before, self._of.after), self._ranges, strict=True)
        )
        return before, after

    def partly(self) -> list[str]:
        """Return the hosts that recorded less than others of a range, or nothing."""
        every = {host for recorded in self._ranges for host in recorded.hosts}
        return sorted(
            host
            for host in every
            if any(
                not recorded.knows(host) or recorded.seconds([host]) < _NEARLY_ALL * recorded.seconds()
                for recorded in self._ranges
            )
        )


def read_watched(store: Store, of: Stretches, level: str) -> Watched:
    """Read what was recorded of the stretches. Of a long past, hours count as a whole if anything is known of them."""
    span = of.past.start, of.past.stop, of.past.step
    by_hour = of.past.step >= HOUR_MS and level != "address"
    past = read_hours(store, *span) if by_hour else read_recorded(store, *span, level=level)
    before, after = (read_recorded(store, *one, one.length, level=level) for one in (of.before, of.after))
    return Watched(of, past, before, after)


def _any(recorded: Recorded, known: Collection[str]) -> bool:
    return not known or any(recorded.knows(host) for host in known)
