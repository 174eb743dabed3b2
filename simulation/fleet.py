"""An architecture on hosts: who stands where, and at which address."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from simulation.architecture import Architecture, Service, Within


@dataclass(frozen=True, slots=True)
class Host:
    """A virtual host. Its agent may be missing, and its clock may be off by `clock_ms`."""

    number: int
    name: str  # hostname; the host's id too
    address: str
    region: str = ""  # "": in all, as a CDN is
    zone: str = ""
    agent: bool = True
    clock_ms: int = 0

    @property
    def labels(self) -> Mapping[str, str]:
        """Return the labels that its agent reports."""
        return {name: value for name, value in (("region", self.region), ("zone", self.zone)) if value}


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance of a service. On a host with others of its service it has a port of its own."""

    service: Service
    number: int  # in its service; instances in no zone are numbered in each region
    name: str  # homepage15
    full_name: str  # netflixoss.us-east-1.zoneA.homepage15; * is any region or zone
    host: Host
    address: str  # the host's, or its container's own
    port: int  # 0: it serves nobody
    peer_port: int = 0


class Reach(NamedTuple):
    """Servers that clients choose from, and what these clients have in common."""

    to: str
    within: Within
    region: str
    zone: str


@dataclass(frozen=True)
class Fleet:
    """All hosts and instances of an architecture. The order is that of the architecture's services."""

    architecture: Architecture
    hosts: Sequence[Host]
    instances: Sequence[Instance]
    of_service: Mapping[str, Sequence[Instance]]
    reached: dict[tuple[str, str, str, str], Sequence[Instance]] = field(
        default_factory=dict, repr=False, compare=False
    )
    """The servers within reach of clients, as far as somebody has asked for them (`routes`)."""
