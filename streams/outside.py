"""What the translated connections (NAT) of a host are on the wire outside of it, by the cookies of their sockets."""

from collections.abc import Iterable, Sequence

from schemas.ids import Endpoint, format_endpoint
from schemas.raw import ConnectionBatch

Ends = tuple[str, int, str, int]  # address and port of this end and of its peer


class Outside:
    """The translated connections. Every row of a connection comes with its translation."""

    def __init__(self) -> None:
        self._ends: dict[int, Ends] = {}

    def take(self, batches: Sequence[ConnectionBatch], *, restated: bool) -> None:
        """Take the translations of a window, before its connections are admitted."""
        if restated:
            self._ends = {}
        for batch in batches if self._ends else ():  # a socket may have connected anew
            self.forget(batch.connections.cookie)
        for batch in batches:
            for cookie, address, port, peer, peer_port in batch.translated.rows():
                self._ends[cookie] = address, port, peer, peer_port

    def of(self, cookie: int) -> Ends | None:
        """Return the ends of a connection outside; None if they are those of its socket."""
        return self._ends.get(cookie)

    def forget(self, cookies: Iterable[int]) -> None:
        """Forget connections."""
        for cookie in cookies if self._ends else ():
            self._ends.pop(cookie, None)


def alias(outside: Endpoint, within: Endpoint) -> str:
    """Return an endpoint as its host sees it, if it is another one outside."""
    return format_endpoint(within) if within != outside else ""
