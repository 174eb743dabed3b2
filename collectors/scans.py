"""The sockets of all network namespaces as one, for who asks which process holds them."""

from typing import Protocol

from collectors.networks import Network, Networks
from collectors.socket_scan import Seen
from collectors.unix_sockets import UnixSeen, UnixSockets


class Sockets(Protocol):
    """Sockets that are looked at once a window."""

    @property
    def inodes(self) -> dict[int, int]:
        """Return inode -> cookie of every socket that a process may hold."""

    def open(self) -> None:
        """Begin to look."""

    def look(self, window: int) -> Seen:
        """Return the sockets as of this window."""

    def closed_since(self, inode: int) -> bool:
        """Return whether a socket that the last look saw first has been closed by its process meanwhile."""


class Scans:
    """Looks at every namespace. What needs to be told apart by namespace asks its own scan."""

    def __init__(self, networks: Networks, unix: UnixSockets | None = None) -> None:
        self._networks = networks
        self._unix = unix
        self._window: int | None = None
        self._seen = Seen()
        self._before: set[Network] = set()  # those of the look before

    @property
    def inodes(self) -> dict[int, int]:
        """Return the sockets of all namespaces."""
        return self._networks.inodes

    def open(self) -> None:
        """Open the scan of our own namespace."""
        self._networks.own.scan.open()

    def look(self, window: int) -> Seen:
        """Return the sockets as of this window, as far as holding them goes."""
        if window != self._window:
            self._seen = self._look(window)
            self._window = window
        return self._seen

    def closed_since(self, inode: int) -> bool:
        """Return whether a socket that the last scan saw first has been closed by its process meanwhile."""
        return any(network.scan.closed_since(inode) for network in self._reported())

    def _reported(self) -> list[Network]:
        return [network for network in self._networks if network.reported]

    def _look(self, window: int) -> Seen:
        gone = self._networks.released()
        networks = self._reported()
        new = set(networks) - self._before - {self._networks.own}
        self._before = set(networks)
        found = [network.scan.look(window) for network in networks]
        unix = self._unix.look(window) if self._unix is not None else UnixSeen()
        if len(found) == 1 and not (gone or unix.opened or unix.closed):
            return found[0]
        merged = Seen(at=found[0].at)
        for seen in found:
            merged.tcp |= seen.tcp
            merged.listening |= seen.listening
            merged.inodes_added |= seen.inodes_added
            merged.inodes_removed |= seen.inodes_removed
        for network in new:
            merged.inodes_added |= network.scan.held()  # its baseline was taken since the look before
        merged.inodes_removed |= gone
        for pair in unix.opened:
            merged.inodes_added.update(pair.inodes)
        for pair in unix.closed:
            merged.inodes_removed.update(pair.inodes)
        return merged
