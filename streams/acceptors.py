"""Which process accepted a connection of which nothing but the listener is known any more.

Who holds a listener need not serve: a parent listens for its children (nginx, systemd), several listen beside each
other (SO_REUSEPORT), one accepts and hands the connection on to a child or to a stranger. So the answer is given at the
level that is certain: the process where only one is possible, else the service where all possible ones share it,
else nobody, marked as a tie.
"""

from collections.abc import Callable, Collection, Iterable

from msgspec import Struct

from streams.process import Process

MANAGERS = {"systemd", "init"}  # listen for those they start
Descends = Callable[[Process, Process], bool]


class Acceptor(Struct, frozen=True):
    """Who accepted: a `process`, or one `among` several or of those they started; where both are empty nobody knows."""

    process: Process | None = None
    among: tuple[Process, ...] = ()
    began: int = 0
    """Start of the youngest of all that come into question, ms."""


def acceptor(
    listening: Collection[Process], serving: Collection[Process], running: Iterable[Process], descends: Descends
) -> Acceptor:
    """Find who accepted, given who holds the listeners, who holds connections that they took, and all that run."""
    candidates = list(dict.fromkeys([*listening, *serving]))
    idle = [one for one in candidates if one not in serving]
    left = [one for one in candidates if one not in idle or not _hands_on(one, candidates, descends)]
    began = max(one.started for one in candidates)
    if len(left) != 1:
        return Acceptor(None, tuple(left), began)
    (only,) = left
    has_parent = any(one is not only and one.service == only.service for one in candidates)
    if has_parent or only not in listening or (only in idle and _forks(only, running, descends)):
        return Acceptor(None, (only,), began)
    return Acceptor(only, (only,), began)


def _hands_on(one: Process, candidates: Iterable[Process], descends: Descends) -> bool:
    """Return whether one that holds no connection listens for others."""
    return one.name in MANAGERS or any(other is not one and descends(other, one) for other in candidates)


def _forks(one: Process, running: Iterable[Process], descends: Descends) -> bool:
    """Return whether a process has children that may serve in its place: they are of its service."""
    return any(other.service == one.service and other is not one and descends(other, one) for other in running)
