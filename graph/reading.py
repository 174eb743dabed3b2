"""Read a map from the store."""

from collections.abc import Iterable, Iterator
from itertools import islice

from graph.address_names import AddressNamesRow, Names, address_names
from graph.asking import Store
from graph.edges import EdgeRow
from graph.hosts import HostnameRow, hostnames
from graph.levels import LEVELS
from graph.map import map_edges
from graph.model import Node, ServiceMap, Wanted, iso_ms
from graph.nodes import Nodes
from graph.of_hosts import OF_HOST, PartRow, parts
from graph.pressure import PressureRow, node_pressure
from graph.processes import ProcessRow, processes
from graph.recorded import read_recorded
from graph.stored import NameRow, NewestRow, Stored, every_name, newest_window, stored_range

_NODES_A_QUERY = 1_000  # 60 bytes each; a query's text may have 256 KiB


def newest(store: Store) -> int:
    """Return the end of the newest window in the store, ms since the epoch; 0 without any."""
    found = store.row(NewestRow, newest_window())
    return found.start_ms + found.window_ms if found.start_ms else 0


def stored(store: Store, start: int, end: int) -> Stored:
    """Return what is stored, at all and of [start, end)."""
    return store.row(Stored, stored_range(), {"from": start, "to": end})


def names(store: Store) -> dict[str, set[str]]:
    """Return the names that a map can be filtered by, by their kind: service, host."""
    found: dict[str, set[str]] = {"service": set(), "host": set()}
    for row in store.rows(NameRow, every_name()):
        found[row.kind].add(row.name)
    return found


def names_of_hosts(store: Store, start: int, end: int) -> dict[str, str]:
    """Return the names of the hosts of [start, end), by their ids."""
    return {row.host: row.name for row in store.rows(HostnameRow, hostnames(), {"from": start, "to": end})}


def names_of_addresses(store: Store, nodes: Iterable[str], start: int, end: int) -> Names:
    """Return the names of addresses in [start, end), by their nodes; nothing where no address is among some nodes."""
    if not any(node.startswith("address:") for node in nodes):
        return {}
    return dict(store.rows(AddressNamesRow, address_names(), {"from": start, "to": end}))


def read_map(store: Store, wanted: Wanted) -> ServiceMap:
    """Read a map; StoreError when the store does not answer."""
    text = map_edges(wanted.level, narrowed=bool(wanted.service or wanted.host))
    time_range = {"from": wanted.start, "to": wanted.end}
    filters = {"service": wanted.service, "host": wanted.host}
    rows = store.rows(EdgeRow, text, time_range | filters)
    ends = (end for row in rows for end in (row.client, row.server))
    names = names_of_addresses(store, ends, wanted.start, wanted.end)
    of_hosts = {
        name: dict(store.rows(PartRow, parts(name), time_range))
        for name in LEVELS[wanted.level].parts
        if name in OF_HOST and wanted.everything
    }
    nodes = Nodes(names_of_hosts(store, wanted.start, wanted.end), names, of_hosts)
    recorded = read_recorded(store, wanted.start, wanted.end, level=wanted.level)
    edges = []
    for row in rows:
        seconds = recorded.seconds([*row.client_hosts, *row.server_hosts])
        edges.append(row.edge(seconds, wanted.level))
        nodes.add(row.client, row.client_hosts, *row.known("client"))
        nodes.add(row.server, row.server_hosts, *row.known("server"))
    if wanted.level == "process" or wanted.everything:
        ids = nodes.process_ids() if wanted.level == "process" else iter(())
        for process in _processes(store, ids, wanted):
            nodes.add_process(process, wanted.level)
    for held in store.rows(PressureRow, node_pressure(wanted.level), time_range):
        nodes.hold(held)
    return ServiceMap(
        start=iso_ms(wanted.start), end=iso_ms(wanted.end), level=wanted.level, nodes=nodes.in_order(), edges=edges
    )


def _processes(store: Store, ids: Iterable[str], wanted: Wanted) -> Iterator[Node]:
    remaining = iter(ids)
    everything = wanted.everything
    while (some := list(islice(remaining, _NODES_A_QUERY))) or everything:
        values = {"nodes": [*some, ""], "from": wanted.start, "to": wanted.end}
        rows = store.rows(ProcessRow, processes(everything=everything), values)
        requested = set(some)
        for row in rows:
            node = row.node()
            if node.id in requested or _passes(node, wanted):
                yield node
        everything = False


def _passes(node: Node, wanted: Wanted) -> bool:
    return wanted.service in {"", node.service} and wanted.host in {"", node.host, node.hostname}
