"""The neighbours of a node, with the edges to them."""

from collections.abc import Iterator
from typing import Any

from graph import neighbours as edges_to
from graph.health import Counts, faults, judgement
from graph.neighbours import NeighbourRow
from graph.nodes import Nodes
from graph.reading import names_of_addresses
from graph.recorded import Recorded
from graph.requests import Key, plus_requests
from schemas.counted import UNCOUNTED
from sinks.store import Store
from view.parameters import Level
from view.requests import requests_of
from view.rows import Span, read_rows

MOST_NEIGHBOURS = 200


def neighbours(
    store: Store, node: str, level: Level, over: Span, hostnames: dict[str, str], recorded: Recorded, own: set[str]
) -> Iterator[dict[str, Any]]:
    """Yield the neighbours of a node as /api/node has them, the busiest first. The hosts in `own` see the node."""
    requests = requests_of(store, level, over, node)
    text = edges_to.neighbours(level, rolled_up=over.rolled)
    rows = read_rows(store, NeighbourRow, text, over, [node], node=node, most=MOST_NEIGHBOURS)
    names = names_of_addresses(store, (row.other for row in rows), over.start, over.end)
    for row in rows:
        nodes = Nodes(hostnames, names)
        nodes.add(row.other, [row.host] if row.host else [], row.service, row.name, row.container, row.container_name)
        (other,) = nodes.in_order()
        seconds = recorded.seconds([*own, row.host])
        client, server = (row.other, node) if row.incoming else (node, row.other)
        asked = requests.get(Key(client, server, row.transport, row.port))
        counted = Counts({"opened": row.opened, "failed": row.failed, **row.counted})
        if asked:
            counted = plus_requests(counted, asked, None)
        yield {
            "id": row.other,
            "title": other.title,
            "kind": other.kind,
            "hostname": other.hostname or hostnames.get(row.host, row.host),
            "direction": "in" if row.incoming else "out",
            "transport": row.transport,
            "server_port": row.port,
            **({"port_name": row.port_name} if row.port_name else {}),
            "recorded_s": seconds,
            "bytes_s": row.moved / seconds if row.transport not in UNCOUNTED else None,
            "opened_s": row.opened / seconds,
            "active": row.active,
            "failed": row.failed,
            **counted.shares(),
            "counted": row.counted,
            "rtt_ms": row.rtt / 1000 if row.rtt == row.rtt else None,  # NaN: not measured
            **judgement(faults(counted)),
            **(asked.as_fields() if asked else {}),
        }
