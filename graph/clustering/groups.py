"""Sets of things that are found to belong together."""

from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

Thing = TypeVar("Thing", bound=Hashable)


class Groups(Generic[Thing]):
    """Things in groups, each alone at first. The order of joins changes nothing."""

    def __init__(self, things: Iterable[Thing] = ()) -> None:
        self._above: dict[Thing, Thing] = {thing: thing for thing in things}

    def join(self, one: Thing, other: Thing) -> None:
        """Put two things, and all that are with them, into one group."""
        self._above[self._top(one)] = self._top(other)

    def all(self) -> list[list[Thing]]:
        """Return the groups. Their order, and that in each of them, is that in which the things came."""
        found: dict[Thing, list[Thing]] = {}
        for thing in self._above:
            found.setdefault(self._top(thing), []).append(thing)
        return list(found.values())

    def _top(self, thing: Thing) -> Thing:
        above = self._above.setdefault(thing, thing)
        while above != thing:
            self._above[thing] = self._above[above]
            thing, above = above, self._above[above]
        return thing
