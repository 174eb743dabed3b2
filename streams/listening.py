"""The listeners of one host in one window: the open ones, and those that closed in it.

A closed listener is kept until the connections of the window are resolved. Connections that it accepted may close in
the same window. Without it they would be credited to its successor, or client and server would be exchanged.
"""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from msgspec import Struct

from schemas.raw import ListenerBatch

ANY = {"0.0.0.0", "::"}  # a listener bound to one of these takes connections to any address


class Port(NamedTuple):
    """A port of a network namespace."""

    netns: int  # inode
    transport: int
    number: int


class Listener(Struct, frozen=True):
    """A socket that waits for peers. `since` is the window in which it was first seen; 0 if that is not known."""

    cookie: int
    port: Port
    address: str
    since: int = 0

    def nearness(self, address: str) -> int:
        """Return how closely it is bound to an address; 0 if it takes no connections to that address.

        The kernel prefers a listener that is bound to the address, then one to any address of the family, then of both.
        """
        if self.address == address:
            return 3
        if self.address not in ANY:
            return 0
        if (":" in self.address) == (":" in address):
            return 2
        return int(self.address == "::")


class Listening:
    """The listeners of one host, by their ports."""

    def __init__(self) -> None:
        self._all: dict[int, Listener] = {}
        self._ended: set[int] = set()  # in the last window
        self._at: dict[Port, list[Listener]] = {}

    def take(self, batches: Iterable[ListenerBatch], *, restated: bool) -> None:
        """Take the listeners that a window reports."""
        changed = restated
        if restated:
            self._all = {}
        for batch in batches:
            for cookie, transport, address, port, *_, since in (*batch.listeners.rows(), *batch.ended.rows()):
                self._all[cookie] = Listener(cookie, Port(batch.netns, transport, port), address, since)
                changed = True
            self._ended.update(batch.gone, batch.ended.cookie)
        if changed:
            self._index()

    def forget(self) -> None:
        """Drop the listeners that closed, once their last window has been emitted."""
        if self._ended:
            for cookie in self._ended:
                self._all.pop(cookie, None)
            self._ended = set()
            self._index()

    def any(self, port: Port, address: str) -> bool:
        """Return whether a listener takes connections to an address, or did in this window."""
        return any(one.nearness(address) for one in self._at.get(port, ()))

    def lasting(self, cookies: Collection[int] | None = None) -> dict[tuple[Port, str], list[int]]:
        """Return the open listeners by port and bound address: all, or those on the ports of the given cookies."""
        ports: Iterable[Port] = self._at
        if cookies is not None:
            ports = {one.port for cookie in cookies if (one := self._all.get(cookie))}
        lasting: dict[tuple[Port, str], list[int]] = {}
        for port in sorted(ports):
            for one in self._at[port]:
                if one.cookie not in self._ended:
                    lasting.setdefault((port, one.address), []).append(one.cookie)
        return lasting

    def since(self, cookie: int) -> int:
        """Return the window in which a listener was first seen."""
        return self._all[cookie].since

    def serving(self, port: Port, address: str, *, opened: int, window: int) -> list[int]:
        """Return the listeners that may have taken a connection, which was first seen in the window `opened`.

        These are the closest ones, and others that took connections when the closest did not listen.
        """
        there = [one for one in self._at.get(port, ()) if one.nearness(address) and one.since <= opened]
        lasting = [one.nearness(address) for one in there if one.since < window and one.cookie not in self._ended]
        nearest = max(lasting, default=0)
        return [one.cookie for one in there if one.nearness(address) >= nearest]

    def _index(self) -> None:
        self._at = {}
        for _, one in sorted(self._all.items()):
            self._at.setdefault(one.port, []).append(one)
