"""What is behind trouble that no callee explains: a silent host, the network, a surge, what it runs on, or itself."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from graph.culprit.departures import Split
from graph.culprit.flow import At
from graph.culprit.load import origin, surges
from graph.culprit.measures import RETRANSMITS
from graph.culprit.model import Kind, Measured
from graph.culprit.network import Network, measured, troubled
from graph.culprit.running import Running
from graph.culprit.troubles import Calls, excess

DELAYS = 0.1  # of the time that is added: a round trip that adds less explains nothing
_COMMON, _MOST_OF = 3, 0.6  # so many services, and so large a share of those on a host, have a reason in common


class Cause(NamedTuple):
    """What is behind the trouble at a place, with a share of its blame."""

    subject: str
    kind: Kind
    share: float
    reasons: list[Measured]


class Causes:
    """Finds the cause of trouble at a place."""

    def __init__(self, calls: Calls, running: Running, network: Network, at: Split, own: Mapping[At, float]) -> None:
        self._calls, self._running, self._network, self._at = calls, running, network, at
        self._own = own

    def behind(self, place: At) -> list[Cause]:
        """Return the causes of the trouble at a place; together they have all of its blame."""
        node = self._node(place)
        for found in (self._silent(node), self._lossy(place, node), self._asked(place, node), self._held(place, node)):
            if found:
                return found
        return [self._itself(place)]

    def _node(self, place: At) -> str:
        edge = self._calls.edges.get(place.subject)
        return edge.server if edge else place.subject

    def _itself(self, place: At) -> Cause:
        held = self._running.held(place.subject)
        odd = [found for _, found in self._running.odd(place.subject, place.trouble)]
        return Cause(place.subject, "resources" if held else place.trouble, 1.0, [*self._trouble(place), *held, *odd])

    def _trouble(self, place: At) -> list[Measured]:
        state = self._calls.on.get(place.subject) or self._calls.to.get(place.subject)
        found = state.of(place.trouble) if state else None
        return [found] if found else []

    def _silent(self, node: str) -> list[Cause]:
        silent = [(host, found) for host in self._running.hosts(node) if (found := self._running.silent(host))]
        return [Cause(host, "silent", 1 / len(silent), [found]) for host, found in silent]

    def _lossy(self, place: At, node: str) -> list[Cause]:
        """Return the host whose network delays or loses what is asked, if that is enough to explain the trouble."""
        edge = self._calls.edges.get(place.subject)
        edges = [edge] if edge else [each for each, _ in self._calls.troubled(place.trouble, self._calls.into[node])]
        trouble = self._trouble(place)
        hosts = {host for each in edges for end in (each.client, each.server) for host in self._running.hosts(end)}
        host = self._network.culprit(sorted(hosts))
        if not host or not trouble:
            return []
        added = excess(trouble[0]) if place.trouble == "slow" else 0.0
        known = [each for each in edges if measured(each)]
        seen = [found for each in known for found in troubled(each, self._at)] if known else self._network.reasons[host]
        enough = [one for one in seen if one.measure in RETRANSMITS or excess(one) >= DELAYS * added]
        if not enough:
            return []
        reasons = sorted(self._network.reasons[host], key=lambda one: -one.out)
        return [Cause(host, "network", 1.0, [*reasons[:4], *trouble])]

    def _asked(self, place: At, node: str) -> list[Cause]:
        state = self._calls.to.get(node)
        if state is None or not surges(state):
            return []
        source, rose = origin(self._calls, node)
        if source == node:
            return []
        return [Cause(source, "surge", 1.0, [*rose, *self._trouble(place)])]

    def _held(self, place: At, node: str) -> list[Cause]:
        if self._running.held(node) or node not in self._running.nodes:
            return []
        return next(filter(None, (self._host(place, node, host) for host in self._at_fault(place, node))), [])

    def _at_fault(self, place: At, node: str) -> Iterator[str]:
        """Yield the hosts of a node that may hold it back: those of its odd parts, or all."""
        odd = [host for part, _ in self._running.odd(node, place.trouble) for host in part.inside]
        yield from sorted(set(odd)) or self._running.hosts(node)

    def _host(self, place: At, node: str, host: str) -> list[Cause]:
        if host == node:
            return []
        held = self._running.held(host)
        troubled, known = self._running.troubled_on(host, place.trouble)
        blamed = {each for each in troubled if self._own.get(At(each, place.trouble), 0.0) > 0}
        odd = bool(self._running.odd(node, place.trouble))
        common = len(blamed) >= _COMMON and len(troubled) >= _MOST_OF * known
        if common or (held and (odd or len(blamed) > 1 or self._running.knows(node))):
            return [Cause(host, "resources", 1.0, [*held, *self._trouble(place)])]
        return []
