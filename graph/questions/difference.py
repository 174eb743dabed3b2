"""Difference: what appeared, vanished or changed between two ranges of time, and what may explain it.

A measure has changed if it is further from what it was then than its own past usually varies (graph/culprit), and than
chance explains. An edge that was often away before, or is not new, comes and goes. What nobody could see at one of both
times, because there was no agent then, has neither appeared nor vanished.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Literal, NamedTuple, TypeVar, get_args

from msgspec import Struct, field
from msgspec.structs import replace

from graph.culprit import sums
from graph.culprit.model import Edge, Values, Witness
from graph.questions.variation import Change, Counts, change

COMPARED = ("requests", "failing", "p50", "p99", "opened", "bytes", "client_retransmits", "server_retransmits")
Kind = Literal["appeared", "vanished", "changed", "unseen"]
_UNNAMED = ("address:", "host:")  # kinds of nodes of which nobody knows the process
_MOST_WITNESSES = 8
_Found = TypeVar("_Found", "EdgeDifference", "NodeDifference")


class Traced(Struct, frozen=True, kw_only=True):
    """An edge at both times and before: its series end with the values then and now.

    `there` has for each step of the series whether the edge was there, `counts` how much each measure is made of. The
    hosts are those on which its ends ran, by the time.
    """

    edge: Edge
    there: Sequence[bool]
    client_hosts: Collection[str] = ()
    server_hosts: Collection[str] = ()
    counts: Mapping[str, Counts] = field(default_factory=dict)

    @property
    def before(self) -> bool:
        """Return whether it was there then."""
        return self.there[-2]

    @property
    def after(self) -> bool:
        """Return whether it is there now."""
        return self.there[-1]


class Compared(Struct, frozen=True, kw_only=True):
    """All that is compared: the edges that may differ, and all nodes and the hosts with agents then and now.

    So many steps of the past as `lasting` are as long as the time now. `replaced` are nodes whose processes are new,
    elsewhere or run something else, as `witnesses` report. `addresses` are nodes with the addresses of hosts, by these.
    """

    edges: Sequence[Traced]
    lasting: int = 1
    nodes_before: Collection[str]
    nodes_after: Collection[str]
    agents_before: Collection[str]
    agents_after: Collection[str]
    addresses: Mapping[str, str] = field(default_factory=dict)
    replaced: Collection[str] = ()
    witnesses: Sequence[Witness] = ()


class EdgeDifference(Struct, frozen=True, kw_only=True):
    """An edge that differs, and how. One that `comes_and_goes` was away, or there, at other times before too.

    `agents` are hosts without an agent at one of both times, for what is unseen; such an edge may stand `instead` of
    one that is known by its name at the other time.
    """

    edge: Edge
    kind: Kind
    measures: list[Change]
    comes_and_goes: bool = False
    agents: list[str] = field(default_factory=list)
    instead: str = ""
    because: list[Witness] = field(default_factory=list)


class NodeDifference(Struct, frozen=True, kw_only=True):
    """A node that appeared, vanished or changed; one is unseen if all its edges are."""

    node: str
    kind: Kind
    because: list[Witness] = field(default_factory=list)


class Difference(Struct, frozen=True, kw_only=True):
    """The nodes and edges that differ: what appeared or vanished first, and then what changed most."""

    nodes: list[NodeDifference]
    edges: list[EdgeDifference]


def difference(of: Compared) -> Difference:
    """Return what differs."""
    edges = _instead([found for one in of.edges if (found := _edge(one, of))])
    nodes = list(_nodes(of, edges))
    by_node: dict[str, list[Witness]] = defaultdict(list)
    for witness in of.witnesses:
        by_node[witness.node].append(witness)
    hosts = {one.edge.id: [f"host:{host}" for host in (*one.client_hosts, *one.server_hosts)] for one in of.edges}
    return Difference(
        nodes=[_explained(one, [one.node], by_node) for one in nodes],
        edges=sorted(
            (_explained(one, [one.edge.client, one.edge.server, *hosts[one.edge.id]], by_node) for one in edges),
            key=_rank,
        ),
    )


def _edge(one: Traced, of: Compared) -> EdgeDifference | None:
    """Return how an edge differs; None if it does not."""
    past = [there for there, known in zip(one.there[:-2], _recorded(one), strict=True) if known]
    measures = list(_changes(one))
    if one.before and one.after:
        found = [each for each in measures if each.unusual]
        return EdgeDifference(edge=one.edge, kind="changed", measures=_furthest_first(found)) if found else None
    agents = _unwatched(one, of)
    return EdgeDifference(
        edge=one.edge,
        kind="unseen" if agents else "vanished" if one.before else "appeared",
        measures=[each for each in measures if each.before or each.after],
        comes_and_goes=any(past) and (one.after or _away(past) >= of.lasting),
        agents=agents,
    )


def _away(there: Iterable[bool]) -> int:
    """Return the most steps in a row in which an edge was not there."""
    return max((len(list(some)) for is_there, some in groupby(there) if not is_there), default=0)


def _recorded(one: Traced) -> Iterator[bool]:
    """Yield for each step of the past whether anything is known of it."""
    known = [values for values in one.edge.series.values() if len(values) == len(one.there)]
    for index, there in enumerate(one.there[:-2]):
        yield there or any(values[index] is not None for values in known)


def _changes(one: Traced) -> Iterator[Change]:
    series = one.edge.series
    found: Mapping[str, Values] = {**series, "failing": sums.failing(series)}
    for name in COMPARED:
        if values := found.get(name):
            before = values[-2] if one.before else 0.0
            after = values[-1] if one.after else 0.0
            if before is not None and after is not None:
                yield change(name, values[:-2], before, after, one.counts.get(name))


def _unwatched(one: Traced, of: Compared) -> list[str]:
    """Return the hosts of an end that had an agent when the edge was seen, if none has one at the other time.

    Where an end is the address of a host without an agent, these are hosts that had one at the other time.
    """
    here, there = (of.agents_before, of.agents_after) if one.before else (of.agents_after, of.agents_before)
    for hosts in (one.client_hosts, one.server_hosts):
        seen = {host for host in hosts if host in here}
        if seen and not any(host in there for host in hosts):
            return sorted(seen)
    owners = {of.addresses[end] for end in (one.edge.client, one.edge.server) if end in of.addresses}
    return sorted(host for host in owners if host in there and host not in here)


def _instead(edges: list[EdgeDifference]) -> list[EdgeDifference]:
    """Mark edges to or from an address or a host that stand for one whose name nobody could see at that time."""
    named: dict[tuple[str, str, str], EdgeDifference] = {}
    for one in edges:
        if one.kind == "unseen":
            named["client", one.edge.client, one.edge.port] = one
            named["server", one.edge.server, one.edge.port] = one

    def stands_for(one: EdgeDifference) -> EdgeDifference | None:
        if one.kind not in ("appeared", "vanished"):
            return None
        if one.edge.server.startswith(_UNNAMED) and (same := named.get(("client", one.edge.client, one.edge.port))):
            return same
        return named.get(("server", one.edge.server, one.edge.port)) if one.edge.client.startswith(_UNNAMED) else None

    return [
        EdgeDifference(edge=one.edge, kind="unseen", measures=one.measures, agents=same.agents, instead=same.edge.id)
        if (same := stands_for(one))
        else one
        for one in edges
    ]


def _nodes(of: Compared, edges: Iterable[EdgeDifference]) -> Iterator[NodeDifference]:
    """Yield the nodes that differ, by their kind and id."""
    kinds: dict[str, set[str]] = defaultdict(set)
    for one in edges:
        for end in (one.edge.client, one.edge.server):
            kinds[end].add(one.kind)
    before, after = set(of.nodes_before), set(of.nodes_after)
    kind: Kind
    for kind, nodes in (
        ("appeared", after - before),
        ("vanished", before - after),
        ("changed", set(of.replaced) & before & after),
    ):
        for node in sorted(nodes):
            yield NodeDifference(node=node, kind="unseen" if kinds[node] == {"unseen"} else kind)


class _Order(NamedTuple):
    kind: int
    usual: bool
    out: float
    amount: float
    name: str


def _rank(one: EdgeDifference) -> _Order:
    """Sort what comes and goes, or could not be seen, after what is news."""
    out = max((abs(each.out) for each in one.measures), default=0.0) if one.kind == "changed" else 0.0
    amount = max((max(each.before, each.after) for each in one.measures if each.measure == "bytes"), default=0.0)
    return _Order(get_args(Kind).index(one.kind), one.comes_and_goes, -out, -amount, one.edge.id)


def _explained(one: _Found, about: Iterable[str], witnesses: Mapping[str, list[Witness]]) -> _Found:
    """Return what differs with what happened to it or near it, in the order of time."""
    near = {witness for each in dict.fromkeys(about) for witness in witnesses.get(each, ())}
    because = sorted(near, key=lambda witness: (witness.time, witness.text))[:_MOST_WITNESSES]
    return replace(one, because=because)


def _furthest_first(changes: Iterable[Change]) -> list[Change]:
    return sorted(changes, key=lambda one: (-abs(one.out), one.measure))
