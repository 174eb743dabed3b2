"""Find the process that accepted a connection when only its listener is known.

The holder of a listener need not serve. A parent may listen for its children (nginx, systemd). Several may listen on
one port (SO_REUSEPORT). One may accept and hand the connection on. So the answer is as exact as the evidence: the
process if only one is possible, the service if all possible processes share it, and otherwise nobody, marked as a tie.
"""

from collections.abc import Callable, Collection, Iterable

from msgspec import Struct

from streams.process import Process

MANAGERS = {"systemd", "init"}  # they listen for the processes that they start
Descends = Callable[[Process, Process], bool]


class Acceptor(Struct, frozen=True):
    """Who accepted: a `process`, or one `among` several and their children. Both are empty if it is not known."""

    process: Process | None = None
    among: tuple[Process, ...] = ()
    began: int = 0
    """Start of the youngest possible process, ms."""


def acceptor(
    listening: Collection[Process], serving: Collection[Process], running: Iterable[Process], descends: Descends
) -> Acceptor:
    """Find who accepted, from the holders of the listeners, the holders of their connections, and all processes."""
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
    """Return whether a process that holds no connection listens for others."""
    return one.name in MANAGERS or any(other is not one and descends(other, one) for other in candidates)


def _forks(one: Process, running: Iterable[Process], descends: Descends) -> bool:
    """Return whether a process has children of its own service, which may serve in its place."""
    return any(other.service == one.service and other is not one and descends(other, one) for other in running)
