"""Who really was at the ends, by the programs' own reports, and by the laboratory that started them."""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from tests.truth.oracle import End
from tests.truth.packets import Spot

_SLACK_NS = 20_000_000


class Claim(NamedTuple):
    """Pids of a host that served or made connections.

    `held` are those that had the socket in their hands for a moment and did nothing with it, as an acceptor that passes
    it on. None means unknown.
    """

    host: str
    pids: frozenset[int]
    held: frozenset[int] = frozenset()
    local_port: int | None = None
    remote: Spot | None = None
    remote_port: int | None = None
    since: float = 0.0
    until: float = float("inf")
    transport: str = "tcp"  # of a program's report

    def fits(self, end: End) -> bool:
        """Return whether it speaks of an end."""
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
        """Return whether it speaks of the servers of a port."""
        return self.host == host and self.local_port == port


class Owners:
    """Finds the owners of ends. A program's report of one connection stands above what is known of its port."""

    def __init__(self, claims: Iterable[Claim], reported: Iterable[Claim]) -> None:
        self._claims = list(claims)
        self._reported: dict[tuple[str, str, int | None, Spot | None], list[Claim]] = defaultdict(list)
        for claim in reported:
            self._reported[claim.transport, claim.host, claim.local_port, claim.remote].append(claim)
        for of_one in self._reported.values():
            of_one.sort(key=lambda claim: claim.since)

    def of(self, alike: list[End]) -> list[Claim | None]:
        """Return who was at each of the ends of one flow at one host, in the order in which they began."""
        reported = self._reported.get(_key_of(alike[0]), [])
        good = [end for end in alike if end.established]
        if reported and len(reported) == len(good):
            exact = dict(zip(map(id, good), reported, strict=True))
            return [exact.get(id(end)) or self._known(end) for end in alike]
        return [self._known(end) for end in alike]

    def spoke(self, end: End) -> bool:
        """Return whether a program reported the connections of an end."""
        return _key_of(end) in self._reported

    def _known(self, end: End) -> Claim | None:
        """Return the latest that could have been there."""
        fitting = [claim for claim in self._claims if claim.fits(end)]
        return max(fitting, key=lambda claim: claim.since, default=None)


def _key_of(end: End) -> tuple[str, str, int | None, Spot | None]:
    return end.transport, end.host, end.local[1], end.remote
