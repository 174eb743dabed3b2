"""Levels: the kinds of node between which the same edges are shown, and the node of an end at a level.

An end without a node at a level has the next level's node: a process without a namespace is its service, one without
a pod its container, one without a container its host, and an end without a process its host or address. Levels are
declared only here.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from graph.networks import is_local, network
from graph.of_hosts import OF_HOST, part_of
from graph.sql import templated, text

Column = Callable[[str, str], str]  # the SQL of a plain column (graph/columns.py) of a row


class Level(NamedTuple):
    """A level, with the titles of its nodes. The id of a node is the level's name and the values of its `parts`.

    Parts are columns of an end, or OF_HOST; only the last may hold a colon, and only it is always known. An end without
    that last one has its node at the level `otherwise`. Without parts the nodes are those of the rows.
    """

    name: str
    label: str
    parts: tuple[str, ...] = ()
    otherwise: str = ""

    @property
    def known(self) -> str:
        """Return the column without which an end has no node of this level."""
        return self.parts[-1] if self.parts else ""

    @property
    def node(self) -> str:
        """Return the id of a node, as a template."""
        return ":".join((self.name, *(f"{{{part}}}" for part in self.parts)))

    def values(self, node: str) -> dict[str, str]:
        """Return the parts of a node's id; {} at a level without parts."""
        found = node.partition(":")[2].split(":", len(self.parts) - 1)
        return dict(zip(self.parts, found, strict=False))


_LEVELS = (  # as the page offers them
    Level("service", "Services", ("service",), "process"),
    Level("process", "Processes"),
    Level("container", "Containers", ("host", "container"), "host"),
    Level("pod", "Pods", ("host", "namespace", "pod"), "container"),
    Level("namespace", "Namespaces", ("namespace",), "service"),
    Level("host", "Hosts", ("host",), "process"),
    Level("link", "Switches", ("switch",), "host"),
    Level("zone", "Zones", ("region", "zone"), "host"),
    Level("region", "Regions", ("region",), "host"),
    Level("address", "Addresses"),  # rows of this level have addresses for ends
)
LEVELS = {level.name: level for level in _LEVELS}
PARTS = tuple(dict.fromkeys(part for level in _LEVELS for part in level.parts))
KNOWN = tuple(part for part in PARTS if part not in OF_HOST)  # parts that are columns
_OF_ADDRESSES = "%(level)s = 'address'"


def node_at(end: str, column: Column, row: str, level: str) -> str:
    """Return the node of an end (client or server) at a level."""
    return _node(LEVELS[level], end, column, row)


def node_asked(end: str, column: Column, row: str, level: str) -> str:
    """Return the node of an end at a level that is a constant in SQL; those of addresses are the rows' own."""
    node = column(end, row)
    for one in reversed(_LEVELS):
        node = f"if({level} = '{one.name}', {_node(one, end, column, row)}, {node})" if one.known else node
    return node


def node_drawn(
    end: str, column: Column, row: str, in_network: str = "", of_host: Mapping[str, str] = MappingProxyType({})
) -> str:
    """Return the node that Grafana draws for an end of a `row` between processes, at %(level)s.

    The network of the end's address replaces an address of which nothing else is known. An address belongs to a
    process, and a local address to its host. `in_network` is a column that has the network already, and `of_host` are
    those that have OF_HOST.
    """
    node = column(end, row)
    steps = {
        _OF_ADDRESSES: _address(end, column, row),
        f"startsWith({node}, 'address:')": _place(end, column, row, in_network or network_of(end, column, row)),
        **{f"%(level)s = '{one.name}'": _node(one, end, column, row, of_host) for one in _LEVELS if one.known},
    }
    # Unlike a `multiIf`, an `if` of a constant is left out of the plan, and so is the node of each other level.
    for here, made in reversed(steps.items()):
        node = f"if({here}, {made}, {node})"
    return node


def node_of(level: str, node: str, known: Mapping[str, str]) -> str:
    """Return the node of a process at a level, in Python; `known` are its values of PARTS."""
    one = LEVELS[level]
    if not one.known:
        return node
    return one.node.format(**known) if known[one.known] else node_of(one.otherwise, node, known)


def between(kinds: Iterable[str]) -> str:
    """Return the level of an edge by the kinds of its ends: the one at which the other end may be of its kind."""
    found = set(kinds)
    ordered = sorted(found, key=list(LEVELS).index)
    return next((name for name in ordered if found <= _reached(name)), ordered[0])


def _reached(name: str) -> set[str]:
    level = LEVELS[name]
    return {name, "host", "address"} | (_reached(level.otherwise) if level.otherwise else set())


def everywhere(kind: str) -> bool:
    """Return whether nodes of a kind are the same on all hosts, as services are."""
    level = LEVELS.get(kind)
    return level is not None and bool(level.parts) and "host" not in level.parts


def values_of(node: str) -> dict[str, str]:
    """Return the values in the id of a node, by the columns of an end; {} for a process or an address."""
    level = LEVELS.get(node.partition(":")[0])
    return level.values(node) if level else {}


def parts_of(column: Callable[[str], str], of_host: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """Return the SQL of all PARTS of an end, by that of its columns; `of_host` are columns that have OF_HOST."""
    known = {name: column(name) for name in KNOWN}
    return {**known, **(of_host or {name: part_of(name, known["host"]) for name in OF_HOST})}


def is_at(end: str, node: str, level: str) -> str:
    """Return the condition that an end of a row of `process_edges` is a node of a level."""
    kind, above, one = node.partition(":")[0], [], LEVELS[level]
    parts = parts_of(f"{end}_{{}}".format)
    while one.known and one.name != kind:
        above.append(f"{parts[one.known]} = ''")
        one = LEVELS[one.otherwise]
    found = [f"{parts[part]} = {text(value)}" for part, value in one.values(node).items()]
    return " AND ".join([*(found or [f"{end} = {text(node)}"]), *above])


def network_of(end: str, column: Column, row: str) -> str:
    """Return the network that the address of an end is in."""
    return network(column(f"{end}_address", row))


def by_service(end: str, column: Column, row: str, in_network: str) -> str:
    """Return what replaces an end if there are too many nodes: its service, or the network of an address."""
    service, place = column(f"{end}_service", row), by_host(end, column, row, in_network)
    return f"if({_OF_ADDRESSES} OR {service} = '', {place}, {_id('service', service=service)})"


def by_host(end: str, column: Column, row: str, in_network: str) -> str:
    """Return what replaces an end if there are too many services: its host, or the network of an address."""
    return f"if({_OF_ADDRESSES}, concat('network:', {in_network}), {_place(end, column, row, in_network)})"


def home(end: str, column: Column, row: str) -> str:
    """Return the host of an end, by its process or by its local address; "" if it is unknown."""
    host, node = column(f"{end}_host", row), column(end, row)
    return f"if({host} != '', {host}, regexpExtract({node}, '^address:([^/@]*)[/@]', 1))"


def _node(level: Level, end: str, column: Column, row: str, of_host: Mapping[str, str] = MappingProxyType({})) -> str:
    if not level.known:
        return column(end, row)
    known = parts_of(lambda name: column(f"{end}_{name}", row), of_host)
    # Each part is named once: to look one up is much to plan.
    known[level.known] = f"nullIf({known[level.known]}, '')"
    return f"ifNull({_id(level.name, **known)}, {_node(LEVELS[level.otherwise], end, column, row, of_host)})"


def _id(level: str, **known: str) -> str:
    return templated(LEVELS[level].node, known)


def _place(end: str, column: Column, row: str, in_network: str) -> str:
    host = home(end, column, row)
    return f"if({host} != '', {_id('host', host=host)}, concat('network:', {in_network}))"


def _address(end: str, column: Column, row: str) -> str:
    node, address, host = (column(name, row) for name in (end, f"{end}_address", f"{end}_host"))
    scope = f"if({is_local(address)}, concat({host}, '@'), '')"
    return f"if(startsWith({node}, 'address:'), {node}, concat('address:', {scope}, {address}))"
