"""The true owners of the ends, from what the programs print and from what the laboratory knows about them."""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from tests.truth.oracle import End
from tests.truth.packets import Spot

_SLACK_NS = 20_000_000


class Claim(NamedTuple):
    """Pids of a host that served or made connections.

    `held` are those that had the socket for a moment without using it, such as an acceptor that passes it on. A field
    that is None matches everything.
    """

    host: str
    pids: frozenset[int]
    held: frozenset[int] = frozenset()
    local_port: int | None = None
    remote: Spot | None = None
    remote_port: int | None = None
    since: float = 0.0
    until: float = float("inf")
    transport: str = "tcp"  # of a claim that a program printed

    def fits(self, end: End) -> bool:
        """Return whether it is about an end."""
        return (
            end.host == self.host
            and self.remote in (None, end.remote)
            and self.local_port in (None, end.local[1])
            and self.remote_port in (None, end.remote[1])
            and self.since * 1e9 - _SLACK_NS <= end.began <= self.until * 1e9 + _SLACK_NS
        )

    def allows(self, process: tuple[str, int]) -> bool:
        """Return whether a process was there."""
        return process[0] == self.host and process[1] in self.pids | self.held

    def serves(self, host: str, port: int) -> bool:
        """Return whether it is about the servers of a port."""
        return self.host == host and self.local_port == port


class Owners:
    """Finds the owners of ends. A claim that a program printed about a connection wins over claims about its port."""

    def __init__(self, claims: Iterable[Claim], printed: Iterable[Claim]) -> None:
        self._claims = list(claims)
        self._printed: dict[tuple[str, str, int | None, Spot | None], list[Claim]] = defaultdict(list)
        for claim in printed:
            self._printed[claim.transport, claim.host, claim.local_port, claim.remote].append(claim)
        for of_one in self._printed.values():
            of_one.sort(key=lambda claim: claim.since)

    def of(self, alike: list[End]) -> list[Claim | None]:
        """Return the owner of each of the ends of one flow at one host, in the order in which they began."""
        printed = self._printed.get(_place_of(alike[0]), [])
        good = [end for end in alike if end.established]
        if printed and len(printed) == len(good):
            exact = dict(zip(map(id, good), printed, strict=True))
            return [exact.get(id(end)) or self._known(end) for end in alike]
        return [self._known(end) for end in alike]

    def claimed(self, end: End) -> bool:
        """Return whether a program printed a claim about the connections of an end."""
        return _place_of(end) in self._printed

    def _known(self, end: End) -> Claim | None:
        """Return the latest claim that fits."""
        fitting = [claim for claim in self._claims if claim.fits(end)]
        return max(fitting, key=lambda claim: claim.since, default=None)


def _place_of(end: End) -> tuple[str, str, int | None, Spot | None]:
    return end.transport, end.host, end.local[1], end.remote
