"""A risk, and what is found of it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from ipaddress import ip_address
from typing import NamedTuple

from msgspec import Struct

from graph.listeners import ListenerRow
from graph.model import Edge, Node, ServiceMap
from graph.node_texts import Labels
from graph.overlays import Noted
from schemas.matching import some


class Finding(Struct, frozen=True, kw_only=True, order=True):
    """One case of a risk: what it is about, by its node's id and as people are shown it, and what was seen."""

    risk: str
    subject: str
    label: str
    sentence: str


class Seen:
    """What risks are found in: a map of processes, and what stands beside it.

    `zones` are those of hosts, `reachable` the hosts with an address on the internet, `noted` the annotations.
    """

    def __init__(
        self,
        of: ServiceMap,
        listeners: Sequence[ListenerRow] = (),
        zones: Mapping[str, str] | None = None,
        reachable: Iterable[str] = (),
        noted: Sequence[Noted] = (),
        labels: Labels | None = None,
    ) -> None:
        self.of = of
        self.listeners = listeners
        self.zones = zones or {}
        self.reachable = frozenset(reachable)
        self.noted = noted
        self.labels: Labels = labels or {}

    @cached_property
    def nodes(self) -> Mapping[str, Node]:
        """Return the nodes by their ids."""
        return {node.id: node for node in self.of.nodes}

    @cached_property
    def into(self) -> Mapping[str, list[Edge]]:
        """Return the edges into each node, without those from itself."""
        return self._by(lambda edge: edge.server)

    @cached_property
    def out_of(self) -> Mapping[str, list[Edge]]:
        """Return the edges out of each node, without those to itself."""
        return self._by(lambda edge: edge.client)

    def _by(self, end: Callable[[Edge], str]) -> dict[str, list[Edge]]:
        found: dict[str, list[Edge]] = {}
        for edge in self.of.edges:
            if edge.client != edge.server:
                found.setdefault(end(edge), []).append(edge)
        return found


class Risk(NamedTuple):
    """A kind of risk: its name, what it means, and how it is found."""

    name: str
    about: str
    find: Callable[[Seen], Iterator[Finding]]


def subject(node: Node) -> tuple[str, str]:
    """Return what a process belongs to, for people: its service, else itself; an id and a name."""
    return (f"service:{node.service}", node.service) if node.service else (node.id, node.title)


def on_internet(node: Node) -> bool:
    """Return whether a node is an address on the internet."""
    return node.kind == "address" and not node.host and is_global(node.address)


def is_global(address: str) -> bool:
    """Return whether an address is routed on the internet."""
    try:
        return ip_address(address.partition("%")[0]).is_global
    except ValueError:  # a Unix socket
        return False


def listed(names: Iterable[str]) -> str:
    """Write names in their order, each once, and the first ones of many."""
    return some(sorted(set(names)))
