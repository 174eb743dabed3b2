"""From one client to one server: how far it is, what is wrong in between, and the connections that there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from simulation.architecture import Call
from simulation.fleet import Host
from simulation.order import Step
from simulation.seats import Party, Process, Seat
from simulation.times import Times
from simulation.truth import TrueEdge, TrueKey

if TYPE_CHECKING:
    from simulation.answers import Answers
    from simulation.connections import Connection

_SAME_HOST_US, _SAME_ZONE_US, _SAME_REGION_US, _ANYCAST_US = 40, 250, 900, 4_000
_OTHER_REGION_US, _EACH_REGION_US = 20_000, 15_000
_FAR_LOSS = 0.0002  # between regions
_FROM_OUTSIDE_US = 24_000


class Way:
    """A client, and a server that it calls for one purpose."""

    __slots__ = (
        "answers", "call", "client", "connections", "cut", "edge", "edge_at", "ends", "key", "loss", "moment",
        "port", "rtt_us", "seat", "server", "stuck", "turn",
    )  # fmt: skip

    def __init__(self, client: Party, step: Step, seat: Seat, moment: int) -> None:
        self.client = client
        self.call: Call = step.call
        self.ends = step.ends
        self.seat = seat
        self.server: Process | None = None  # who the connections are to
        self.connections: list[Connection] = []
        self.answers: Answers | None = None  # None: the times have changed
        self.turn = 0
        self.stuck = 0  # connections on which somebody waits for an answer that will not come
        self.rtt_us = 0
        self.loss = 0.0
        self.cut = False
        self.moment = moment  # when it talks, ms of each window
        self.port = 0
        self.key = TrueKey(client.node, "", "tcp", 0)
        self.edge = TrueEdge()
        self.edge_at = -2  # the window that `edge` is of

    @property
    def times(self) -> Times:
        """Return how long its server takes."""
        return self.seat.alone if self.ends else self.seat.times

    def to(self, server: Process) -> None:
        """Go to the process that holds the seat now."""
        if server is not self.server:
            self.server = server
            self.port = (self.call.peers and self.seat.peer_port) or self.seat.port
            self.key = TrueKey(self.client.node, server.node, "tcp", self.port)
            self.edge_at = -2


class Fan:
    """All servers that a client may choose from for one call, in turn."""

    __slots__ = ("call", "share", "turn", "ways")

    def __init__(self, step: Step, ways: list[Way], turn: int) -> None:
        self.call = step.call
        self.share = step.share
        self.ways = ways
        self.turn = turn  # who is next


def distance_us(client: Host | None, server: Host, regions: Sequence[str]) -> int:
    """Return the round trip between two hosts with nothing wrong; None is somebody outside."""
    if client is None:
        return _FROM_OUTSIDE_US
    if client is server:
        return _SAME_HOST_US
    if "" in (client.region, server.region):
        return _ANYCAST_US
    if client.region == server.region:
        return _SAME_ZONE_US if client.zone == server.zone else _SAME_REGION_US
    apart = abs(regions.index(client.region) - regions.index(server.region))
    return _OTHER_REGION_US + apart * _EACH_REGION_US


def usual_loss(client: Host | None, server: Host) -> float:
    """Return the share of segments that are lost with nothing wrong."""
    return 0.0 if client is None or client.region == server.region else _FAR_LOSS
