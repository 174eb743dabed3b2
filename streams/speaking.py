"""What servers speak, as packets have shown a host: by the address and port that it sees."""

from collections.abc import Iterable
from typing import NamedTuple

from schemas.ids import Endpoint
from schemas.raw import RequestBatch


class Spoken(NamedTuple):
    """What a server speaks, and the name that its clients ask for."""

    protocol: str = ""
    tls_name: str = ""


UNKNOWN = Spoken()
Server = tuple[int, str, int]  # network namespace, address, port


class Speaking:
    """The servers that one host has seen; a keyframe restates them."""

    def __init__(self) -> None:
        self._known: dict[Server, Spoken] = {}

    def take(self, batches: Iterable[RequestBatch], *, restated: bool) -> bool:
        """Take what a window reports; return whether anything changed."""
        reported = {
            (batch.netns, address, port): Spoken(*spoken)
            for batch in batches
            for address, port, *spoken in batch.spoken.rows()
        }
        now = reported if restated else self._known | reported
        changed = (restated or reported) and now != self._known
        self._known = now
        return bool(changed)

    def __len__(self) -> int:
        return len(self._known)

    def of(self, netns: int, ends: Iterable[Endpoint]) -> Spoken:
        """Return what is spoken on a connection, any end of which may be the server."""
        found = (self._known.get((netns, end.address, end.port)) for end in ends)
        return next((spoken for spoken in found if spoken), UNKNOWN)
