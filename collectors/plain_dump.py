"""Sockets without tcp_info, listeners and those of UDP, from dump to dump: only what is new in one is read.

Of 10,000 sockets that stay as they are a dump is the same bytes as before; reading them anew takes 40 ms.
"""

from collections.abc import Iterable

from collectors import diag, netlink
from collectors.diag import Plain


class PlainDump:
    """The sockets of one family and protocol."""

    def __init__(self, protocol: int) -> None:
        self._protocol = protocol
        self._chunks: list[bytes] = []
        self._known: dict[bytes, Plain] = {}

    def take(self, chunks: Iterable[bytes]) -> bool:
        """Read a dump; say whether it differs from the last."""
        chunks = list(chunks)
        if chunks == self._chunks:
            return False
        known, protocol = self._known, self._protocol
        messages = [message for chunk in chunks for message in _messages(chunk)]
        self._known = {message: known.get(message) or diag.plain(message, 0, protocol) for message in messages}
        self._chunks = chunks
        return True

    def sockets(self) -> Iterable[Plain]:
        """Return what the last dump had."""
        return self._known.values()


def _messages(chunk: bytes) -> list[bytes]:
    return [chunk[at : at + length] for kind, at, length in netlink.messages(chunk) if kind == diag.SOCK_DIAG_BY_FAMILY]
