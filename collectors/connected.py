"""The connections of all network namespaces, Unix sockets among them, under the addresses that they have outside."""

from collections.abc import Callable

from collectors.datagrams import Datagrams
from collectors.everywhere import Everywhere
from collectors.networks import Network, Networks
from collectors.registry import Sources, Turn, register
from collectors.sockets import SocketCollector
from collectors.translations import Translations
from collectors.unix_connections import UnixConnections
from collectors.unix_sockets import UnixSockets
from collectors.window import Window
from collectors.wire import RINGS, RINGS_ELSEWHERE, Wire
from schemas.raw import Batch, ConnectionBatch
from schemas.topics import CONNECTIONS


class Connected(Everywhere):
    """The connections of all namespaces, and what they are outside of the host."""

    def __init__(
        self, networks: Networks, make: Callable[[Network], SocketCollector], unix: UnixSockets | None = None
    ) -> None:
        super().__init__(CONNECTIONS, networks, make)
        self._translations = Translations(networks)
        self._unix = UnixConnections(unix) if unix is not None else None

    def open(self, window: Window) -> None:
        """Take the baselines."""
        super().open(window)
        if self._unix is not None:
            self._unix.open(window)

    def collect(self, window: Window) -> list[Batch]:
        """Return a batch of each namespace. Translations are read last, so that they have those of all connections."""
        batches = [batch for batch in super().collect(window) if isinstance(batch, ConnectionBatch)]
        if self._unix is not None:
            batches[:1] = [self._unix.add(batches[0], window)]  # our own namespace's
        return list(self._translations.add(batches))

    def missing(self) -> dict[str, str]:
        """Return what cannot be seen."""
        unix = self._unix.missing() if self._unix is not None else {}
        return super().missing() | self._translations.missing() | unix

    def counters(self) -> dict[str, int]:
        """Return what was lost."""
        unix = self._unix.counters() if self._unix is not None else {}
        return super().counters() | self._translations.counters() | unix

    def close(self) -> None:
        """Give everything back."""
        if self._unix is not None:
            self._unix.close()
        super().close()
        self._translations.close()


@register(Turn.SOCKETS)
def collector(sources: Sources) -> Connected:
    """Return the collector of connections."""
    networks = sources.networks

    def make(network: Network) -> SocketCollector:
        network.reported = True
        elsewhere = network is not networks.own
        wire = Wire(
            sources.settings,
            network.watch.read,
            heed=lambda: network.tapped and not network.scan.traced,
            rings=RINGS_ELSEWHERE if elsewhere else RINGS,
            enter=network.enter,
        )
        datagrams = Datagrams(
            sources.settings,
            network.watch.read,
            network.inode,
            heed=lambda: network.tapped,
            elsewhere=elsewhere,
            fresh=network.fresh,
            enter=network.enter,
        )
        return SocketCollector(network.scan, wire, network.inode, fresh=network.fresh, datagrams=datagrams)

    return Connected(networks, make, sources.unix)
