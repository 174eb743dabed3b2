"""An open connection of one host, and the identity of its end."""

from collections.abc import Sequence

from msgspec import Struct

from schemas.ids import Endpoint, format_endpoint
from schemas.verdict import b_serves
from streams.process import Process

Link = str  # client's service, a space, server; a string keeps its hash, and every window hashes all links
Identity = tuple[str, str, str, str, str, str, bool, int]  # a row of schemas.graph.Identities


HERE = 1_000  # `started` of an end without a process, so that it wins over an identity found in other windows only


def nobody(host: str) -> Identity:
    """Return the identity of an end of which only the host is known."""
    return (host, "", "", "", "", "", False, HERE)


def owned(host: str, owner: Process, provenance: str) -> Identity:
    """Return the identity of a process."""
    return (host, owner.node, owner.service, owner.name, owner.container, provenance, False, owner.started)


def shared(host: str, among: Sequence[Process], provenance: str, began: int) -> Identity:
    """Return what all possible processes have in common, which is the service at best.

    Its start is just after `began`, the start of the youngest of them.
    """
    service, name, container = (
        values.pop() if len(values) == 1 else ""
        for values in (
            {one.service for one in among},
            {one.name for one in among},
            {one.container for one in among},
        )
    )
    if not service:
        name = container = provenance = ""
    return (host, "", service, name, container, provenance, True, began + 1)


class Connection(Struct, eq=False):
    """An open connection. `owner` is None while the holder of its socket is not known."""

    flow: str
    end: int
    verdict: int
    transport: int
    local: Endpoint
    remote: Endpoint
    since: int
    fresh: bool
    unowned: int  # first window without an owner, ms; valid while there is none
    who: Identity
    spread: int = 0  # a hash of the flow that is the same everywhere; it decides the partition
    nth: int = 0  # its number among the connections of the flow in the window `nth_at`; 0 in all others
    nth_at: int = -1
    owner: Process | None = None
    provenance: str = ""
    among: tuple[Process, ...] = ()  # the processes of a tie, as last found
    link: Link | None = None  # set if this end is the client and its owner is known

    @property
    def serves(self) -> bool:
        """Return whether this end is the server."""
        return b_serves(self.verdict) == (self.end == 1)

    def disown(self, at: int) -> None:
        """Forget who is at this end, from a window on."""
        if self.owner is not None:
            self.unowned = at
        self.owner, self.link, self.among = None, None, ()
        self.who = nobody(self.who[0])

    def identify(self, owner: Process, provenance: str) -> None:
        """Put the owner into `who`."""
        self.owner, self.provenance, self.among = owner, provenance, ()
        self.who = owned(self.who[0], owner, provenance)
        self.link = None if self.serves else f"{owner.service} {format_endpoint(self.remote)}"

    def tie(self, among: tuple[Process, ...], provenance: str, began: int) -> None:
        """Put what all possible processes have in common into `who`.

        It holds for its window, even if only one process is left later.
        """
        self.among = among
        self.who = shared(self.who[0], among, provenance, began)
