"""Edges of a map as the store returns them."""

from collections.abc import Callable, Iterator
from operator import itemgetter
from typing import Any, NamedTuple

from graph.counters import NAMES
from graph.model import Edge, iso_ms
from graph.nodes import Known
from schemas.unix_names import TRANSPORT as UNIX
from schemas.unix_names import name_of


class EdgeRow(NamedTuple):
    """A row of map_edges (graph/map.py). Times in ms; flags are 0 or 1; counters are those of graph/counters.py."""

    client: str
    server: str
    transport: str
    server_port: int
    protocol: str
    tls_name: str
    alias: str
    rule: str
    first: int
    last: int
    seen_by_client: int
    seen_by_server: int
    connections_opened: int
    connections_closed: int
    connections_active: int
    connections_failed: int
    counters: list[int]
    client_provenance: str
    client_tied: int
    server_provenance: str
    server_tied: int
    client_hosts: list[str]
    client_service: str
    client_name: str
    client_container: str
    client_container_name: str
    client_namespace: str
    client_pod: str
    server_hosts: list[str]
    server_service: str
    server_name: str
    server_container: str
    server_container_name: str
    server_namespace: str
    server_pod: str
    server_address: str

    def known(self, end: str) -> Iterator[str]:
        """Yield what is known of an end, as graph.nodes.Known has it."""
        return (getattr(self, f"{end}_{name}") for name in Known._fields)

    def edge(self, recorded_s: float, level: str) -> Edge:
        """Return the edge of a map."""
        names, values_of = _PROCESS_FIELDS if level == "process" else _FIELDS
        values = dict(zip(names, values_of(self), strict=True))
        values["first"], values["last"] = iso_ms(self.first), iso_ms(self.last)
        values["counters"] = dict(zip(NAMES, self.counters, strict=True))
        if self.transport == UNIX:
            values["port_name"] = name_of(self.server_address)
        for name in _FLAGS:
            if name in values:
                values[name] = bool(values[name])
        return Edge(**values, recorded_s=recorded_s, self_loop=self.client == self.server)


_Fields = tuple[tuple[str, ...], Callable[[EdgeRow], tuple[Any, ...]]]  # names, and what reads their values at once


def _fields(without: set[str]) -> _Fields:
    names = tuple(name for name in EdgeRow._fields if name in Edge.__struct_fields__ and name not in without)
    return names, itemgetter(*map(EdgeRow._fields.index, names))


_FLAGS = ("seen_by_client", "seen_by_server", "client_tied", "server_tied")
_PROCESS_FIELDS = _fields(without=set())
_FIELDS = _fields(without={"client_provenance", "client_tied", "server_provenance", "server_tied"})
