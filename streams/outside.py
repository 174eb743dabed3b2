"""What the translated connections (NAT) of a host are on the wire outside of it, by the cookies of their sockets."""

from collections.abc import Iterable, Iterator, Sequence

from schemas.ids import Endpoint, format_endpoint
from schemas.raw import ConnectionBatch

Ends = tuple[str, int, str, int]  # address and port of this end and of its peer


class Outside:
    """The translated connections. Every row of a connection comes with its translation."""

    def __init__(self) -> None:
        self._ends: dict[int, Ends] = {}

    def take(self, batches: Sequence[ConnectionBatch], *, restated: bool) -> set[int]:
        """Take the translations of a window, before its connections are admitted; return those that have changed.

        A translation may become known late, and a socket may have connected anew.
        """
        before = {} if restated else {cookie: ends for batch in batches for cookie, ends in self._of(batch)}
        if restated:
            self._ends = {}
        self.forget(before)
        for batch in batches:
            for cookie, address, port, peer, peer_port in batch.translated.rows():
                self._ends[cookie] = address, port, peer, peer_port
        return {cookie for cookie, ends in before.items() if ends != self.of(cookie)}

    def _of(self, batch: ConnectionBatch) -> Iterator[tuple[int, Ends | None]]:
        if self._ends or len(batch.translated):
            yield from ((cookie, self.of(cookie)) for cookie in batch.connections.cookie)

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
