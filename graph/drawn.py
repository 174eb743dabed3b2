"""The node that Grafana draws for an end: that of a level, where networks stand for unknown addresses.

The level is a variable of a dashboard, %(level)s. Rows of all levels are between processes, so an address is that of a
process, and a local one is its host's.
"""

from collections.abc import Callable

from graph.levels import node_at
from graph.networks import is_local, network

Column = Callable[[str, str], str]  # the SQL of a plain column (graph/columns.py) of a row
_OF_ADDRESSES = "%(level)s = 'address'"


def drawn_at(end: str, column: Column, row: str, in_network: str = "") -> str:
    """Return the node of an end; `in_network` is the network of its address, where a column has it."""
    node, address = column(end, row), column(f"{end}_address", row)
    place = _place(end, column, row, in_network or network(address))
    return (
        f"multiIf({_OF_ADDRESSES}, {_address(end, column, row)}, startsWith({node}, 'address:'), {place}, "
        f"{node_at(end, column, row)})"
    )


def by_service(end: str, column: Column, row: str, in_network: str) -> str:
    """Return what stands for an end where there are too many nodes: its service; of addresses their network."""
    service, place = column(f"{end}_service", row), by_host(end, column, row, in_network)
    return f"if({_OF_ADDRESSES} OR {service} = '', {place}, concat('service:', {service}))"


def by_host(end: str, column: Column, row: str, in_network: str) -> str:
    """Return what stands for an end where there are too many services: its host; of addresses their network."""
    return f"if({_OF_ADDRESSES}, concat('network:', {in_network}), {_place(end, column, row, in_network)})"


def home(end: str, column: Column, row: str) -> str:
    """Return the host of an end, which may be the one that its address is local to; "" for none."""
    host, node = column(f"{end}_host", row), column(end, row)
    return f"if({host} != '', {host}, regexpExtract({node}, '^address:([^/@]*)[/@]', 1))"


def _place(end: str, column: Column, row: str, in_network: str) -> str:
    host = home(end, column, row)
    return f"if({host} != '', concat('host:', {host}), concat('network:', {in_network}))"


def _address(end: str, column: Column, row: str) -> str:
    node, address, host = (column(name, row) for name in (end, f"{end}_address", f"{end}_host"))
    scope = f"if({is_local(address)}, concat({host}, '@'), '')"
    return f"if(startsWith({node}, 'address:'), {node}, concat('address:', {scope}, {address}))"
