"""Sockets whose owner a program reported, for as long as something may still be reported of them."""

from collections.abc import Collection, Iterable, Iterator

from collectors.traced import Owner, Process


class Named:
    """Owners by cookie. The first report of a socket counts.

    They are kept for a window after the one they came in, and then as long as the socket is open.
    """

    def __init__(self) -> None:
        self._new: dict[int, Process] = {}
        self._before: dict[int, Process] = {}
        self._open: dict[int, Process] = {}

    def take(self, owners: Iterable[Owner]) -> None:
        """Take reports, the first one first."""
        setdefault = self._new.setdefault
        for cookie, process in owners:
            setdefault(cookie, process)

    def settle(self, held: Collection[int]) -> None:
        """Leave out what was known before, given the cookies of sockets of which scans have found the holders."""
        for known in (held, self._before.keys(), self._open.keys()):
            for cookie in self._new.keys() & known:
                del self._new[cookie]

    def of(self, cookie: int) -> Process | None:
        """Return the owner of a socket."""
        return self._new.get(cookie) or self._before.get(cookie) or self._open.get(cookie)

    def new(self) -> Iterable[Owner]:
        """Return what came in this window."""
        return self._new.items()

    def all(self) -> Iterator[Owner]:
        """Yield all that are kept."""
        yield from self._open.items()
        yield from self._before.items()
        yield from self._new.items()

    def turn(self, living: Collection[int]) -> None:
        """End the window, given the cookies of all sockets that are open."""
        kept = self._open.keys() | self._before.keys()
        self._open = {cookie: self._open.get(cookie) or self._before[cookie] for cookie in kept if cookie in living}
        self._before, self._new = self._new, {}
