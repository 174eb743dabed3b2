"""Reading a map from the store."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

from dashboards.queries import query
from graph.model import Edge, Node, ServiceMap, Wanted, iso_ms
from graph.nodes import Nodes
from graph.recorded import read_recorded
from sinks.store import Store

_NODES_A_QUERY = 1_000  # 60 bytes each; a query's text may have 256 KiB


def newest(store: Store) -> int:
    """Return when the newest window in the store ends, ms since the epoch; 0 when there is none."""
    ((window, width),) = store.query(query("map_newest"))
    return int(window) + int(width) if window else 0


class Stored(NamedTuple):
    """What is stored: when it begins, ms since the epoch, 0 for nothing; whether any of it is of a stretch."""

    begin: int
    covers: bool


def stored(store: Store, start: int, end: int) -> Stored:
    """Return what is stored, of [start, end) and at all."""
    ((begin, covers),) = store.query(query("map_stored"), {"from": start, "to": end})
    return Stored(int(begin), bool(covers))


def names(store: Store) -> dict[str, set[str]]:
    """Return every name that a map can be narrowed to, by its kind: service, host."""
    found: dict[str, set[str]] = {"service": set(), "host": set()}
    for kind, name in store.query(query("map_names")):
        found[kind].add(name)
    return found


def read_map(store: Store, wanted: Wanted) -> ServiceMap:
    """Read a map; StoreError when the store does not answer."""
    text = query("map_addresses" if wanted.level == "address" else "map_edges")
    asked = {"from": wanted.start, "to": wanted.end}
    rows = store.query(text, {**asked, "level": wanted.level, "service": wanted.service, "host": wanted.host})
    hostnames = {str(host): str(name) for host, name in store.query(query("map_hosts"), asked)}
    recorded = read_recorded(store, wanted.start, wanted.end)
    found = Nodes(hostnames)
    edges = []
    for row in rows:
        client, server = row[_COUNT : _COUNT + 4], row[_COUNT + 4 :]
        edges.append(_edge(row, recorded.seconds([*client[0], *server[0]]), process=wanted.level == "process"))
        found.add(row[0], *client)
        found.add(row[1], *server)
    if wanted.level == "process" or wanted.everything:
        asked_for = found.processes() if wanted.level == "process" else iter(())
        for each in _processes(store, asked_for, wanted):
            found.add_process(each, wanted.level)
    return ServiceMap(
        start=iso_ms(wanted.start), end=iso_ms(wanted.end), level=wanted.level, nodes=found.listed(), edges=edges
    )


def _processes(store: Store, nodes: Iterable[str], wanted: Wanted) -> Iterator[Node]:
    remaining = iter(nodes)
    everything = wanted.everything
    while (some := list(islice(remaining, _NODES_A_QUERY))) or everything:
        rows = store.query(
            query("map_processes"),
            {"nodes": [*some, ""], "everything": int(everything), "from": wanted.start, "to": wanted.end},
        )
        asked = set(some)
        for row in rows:
            node = process(row)
            if node.id in asked or _passes(node, wanted):
                yield node
        everything = False


def _passes(node: Node, wanted: Wanted) -> bool:
    return wanted.service in {"", node.service} and wanted.host in {"", node.host, node.hostname}


def process(row: tuple[Any, ...]) -> Node:
    """Return a process by a row of map_processes."""
    node_id, host, hostname, pid, started, parent, service, name, user, exe, cmdline, container, unit = row
    return Node(
        id=node_id,
        kind="process",
        title=f"{name}[{pid}]",
        host=host,
        hostname=hostname,
        pid=pid,
        started=iso_ms(started) if started else "",
        parent=parent,
        service=service,
        name=name,
        user=user,
        exe=exe,
        cmdline=cmdline,
        container=container,
        unit=unit,
    )


_REQUESTS = {"requests", "errors", "given_up", "p50_ms", "p99_ms", "usual_ms"}
_ELSEWHERE = {"self_loop", "recorded_s", "health", "why", *_REQUESTS}
_FIELDS = tuple(name for name in Edge.__struct_fields__ if name not in _ELSEWHERE)  # as the queries give them
_COUNT = len(_FIELDS)
_MERGED = {"client_provenance", "client_tied", "server_provenance", "server_tied"}


def _edge(row: tuple[Any, ...], recorded_s: float, *, process: bool) -> Edge:
    values = {**dict(zip(_FIELDS, row, strict=False)), "recorded_s": recorded_s}
    values["first"], values["last"] = iso_ms(values["first"]), iso_ms(values["last"])
    for flag in ("seen_by_client", "seen_by_server", "client_tied", "server_tied"):
        values[flag] = bool(values[flag])
    if not process:
        values = {name: value for name, value in values.items() if name not in _MERGED}
    return Edge(**values, self_loop=values["client"] == values["server"])
