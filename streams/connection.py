"""An open connection of one host, and the identity of its end."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from msgspec import Struct

from schemas.ids import Endpoint, format_endpoint
from schemas.verdict import b_serves
from streams.listening import Port
from streams.process import Process
from streams.speaking import UNKNOWN, Spoken

Link = str  # client's service, a space, server; a string keeps its hash, and every window hashes all links
HERE = 1_000  # `started` of an end without a process, so that it wins over an identity found in other windows only


class Identity(NamedTuple):
    """A row of schemas.graph.Identities."""

    host: str
    node: str = ""
    service: str = ""
    name: str = ""
    container: str = ""
    provenance: str = ""
    tied: bool = False
    started: int = 0
    namespace: str = ""
    pod: str = ""
    container_name: str = ""


_OF_CONTAINER = ("container", "namespace", "pod", "container_name")
_IN_COMMON = ("service", "name", *_OF_CONTAINER)


def nobody(host: str) -> Identity:
    """Return the identity of an end of which only the host is known."""
    return Identity(host, started=HERE)


def owned(host: str, owner: Process, provenance: str) -> Identity:
    """Return the identity of a process."""
    return Identity(
        host,
        owner.node,
        owner.service,
        owner.name,
        owner.container,
        provenance,
        started=owner.started,
        namespace=owner.namespace,
        pod=owner.pod,
        container_name=owner.container_name,
    )


def shared(host: str, among: Sequence[Process], provenance: str, began: int) -> Identity:
    """Return what all possible processes have in common, which is the service at best.

    Its start is just after `began`, the start of the youngest of them.
    """
    known = _common(among, _IN_COMMON)
    if not known.get("service"):
        return Identity(host, tied=True, started=began + 1)
    return Identity(host, provenance=provenance, tied=True, started=began + 1, **known)


def contained(host: str, among: Sequence[Process]) -> Identity:
    """Return the container or pod that some processes are in, which began with the eldest; nobody without one."""
    known = _common(among, _OF_CONTAINER)
    if not (known.get("container") or known.get("pod")):
        return nobody(host)
    return Identity(host, started=min(one.started for one in among), **known)


def _common(among: Sequence[Process], names: Iterable[str]) -> dict[str, Any]:
    """Return what all of some processes have in common."""
    values = {name: {getattr(one, name) for one in among} for name in names}
    return {name: found.pop() for name, found in values.items() if len(found) == 1}


class Connection(Struct, eq=False, kw_only=True):
    """An open connection. `owner` is None while the holder of its socket is not known."""

    flow: str
    end: int
    ports: tuple[int, int]  # of end a and end b
    port: Port
    local: Endpoint
    remote: Endpoint
    since: int
    fresh: bool
    unowned: int  # first window without an owner, ms; valid while there is none
    who: Identity
    socket: int = 0  # the cookie of the socket whose holders are at this end
    shared: bool = False  # with other peers: it has none, and each is known by its datagrams (UDP)
    verdict: int = 0
    accepted: bool = False  # by a listener
    asking: bool = False  # it is not answered yet
    spread: int = 0  # a hash of the flow that is the same everywhere; it decides the partition
    nth: int = 0  # its number among the connections of the flow in the window `nth_at`; 0 in all others
    nth_at: int = -1
    owner: Process | None = None
    provenance: str = ""
    among: tuple[Process, ...] = ()  # the processes of a tie, as last found
    within: str = ""  # the flow as this host sees it, if that is translated (NAT)
    within_end: int = 0
    aliases: tuple[str, str] = "", ""  # address and port of this end and the other within, if these differ outside
    stack: str = ""  # the network stack whose socket it is, if other hosts may have these addresses too
    on_wire: tuple[int, str] = 0, ""  # the namespace that sends to the other end outside of this host, and its address
    cable: str = ""  # hardware addresses of both ends, if they are on one cable
    spoken: Spoken = UNKNOWN
    link: Link | None = None  # set if this end is the client and its owner is known

    @property
    def serves(self) -> bool:
        """Return whether this end is the server."""
        return b_serves(self.verdict) == (self.end == 1)

    @property
    def alias(self) -> str:
        """Return the address and port of the server as this host sees them; empty if they are the same outside."""
        own, other = self.aliases
        return own if self.serves else other

    def disown(self, at: int) -> None:
        """Forget who is at this end, from a window on."""
        if self.owner is not None:
            self.unowned = at
        self.owner, self.link, self.among = None, None, ()
        self.who = nobody(self.who.host)

    def identify(self, owner: Process, provenance: str) -> None:
        """Put the owner into `who`."""
        self.owner, self.provenance, self.among = owner, provenance, ()
        self.who = owned(self.who.host, owner, provenance)
        self.link = None if self.serves else f"{owner.service} {format_endpoint(self.remote)}"

    def tie(self, among: tuple[Process, ...], provenance: str, began: int) -> None:
        """Put what all possible processes have in common into `who`.

        It holds for its window, even if only one process is left later.
        """
        self.among = among
        self.who = shared(self.who.host, among, provenance, began)
