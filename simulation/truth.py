"""What really happened, beside what the agents saw of it: edges window by window, events and faults."""

from collections.abc import Mapping
from typing import NamedTuple

from msgspec import Struct

from simulation.faults import Fault
from simulation.fleet import Instance


class TrueEnd(NamedTuple):
    """An end of an edge: a process by its node id on the map, whatever its agent knows, and whose it is.

    One outside of the fleet is its address.
    """

    node: str  # process:HOST:BOOT:PID:START
    instance: str
    service: str
    host: str
    zone: str  # region/zone, "" for none
    address: str
    agent: bool  # an agent watched its host all through the window
    owner_known: bool = True  # that agent sees which process holds each socket, however short
    container: str = ""  # its id on the map
    namespace: str = ""
    pod: str = ""


class TrueKey(NamedTuple):
    """What makes an edge one: who asks whom, at which port."""

    client: str  # node ids
    server: str
    transport: str
    port: int


class TrueEdge(Struct, kw_only=True):
    """What an edge really carried in a window: payload, connections, requests, and the median time to answer."""

    opened: int = 0  # those that failed among them, as they do among those that closed
    closed: int = 0
    failed: int = 0
    active: int = 0
    to_server_bytes: int = 0
    to_client_bytes: int = 0
    lost_segments: int = 0
    requests: int = 0
    errors: int = 0
    unanswered: int = 0  # part of requests: their servers ended
    given_up: int = 0  # no part of requests: their clients left
    median_us: int = 0

    def add(self, other: "TrueEdge") -> None:
        """Add what was counted elsewhere, or in another window."""
        for name in _COUNTED:
            setattr(self, name, getattr(self, name) + getattr(other, name))


_COUNTED = tuple(name for name in TrueEdge.__struct_fields__ if name not in {"active", "median_us"})


class TrueEvent(NamedTuple):
    """Something that happened to a process or a host: started, exited, killed, moved."""

    at_ms: int
    kind: str
    node: str
    instance: str


class TrueWindow(Struct, kw_only=True):
    """The truth of one window, on true time: hosts with wrong clocks report it elsewhere.

    What does not change is not copied: `open`, `ends` and `instances` are to be read before the next window is made.
    """

    number: int
    start_ms: int
    width_ms: int
    edges: dict[TrueKey, TrueEdge]  # that carried something, or of which a connection opened, closed or failed
    open: Mapping[TrueKey, int]  # connections that are open at its end, of all edges
    ends: Mapping[str, TrueEnd]  # by node; all that were there in the window, and some that had been before
    events: list[TrueEvent]
    faults: list[Fault]  # that last
    instances: Mapping[str, Instance]  # by node; processes that ran
