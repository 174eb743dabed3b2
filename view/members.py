"""The processes that a node is made of."""

from typing import Any

from dashboards.queries import query
from graph.model import Node
from graph.reading import process
from sinks.store import Store
from view.rows import Span

MOST = 200


def members(store: Store, nodes: list[str], over: Span) -> list[Node]:
    """Return the processes that the nodes are or consist of, the latest first; an address has none."""
    lists: dict[str, list[str]] = {"process": [], "service": [], "container": [], "host": [], "address": []}
    for node in nodes:
        kind, _, rest = node.partition(":")
        lists[kind].append(node if kind == "process" else rest)
    if all(not found for kind, found in lists.items() if kind != "address"):
        return []
    nobody = "\t"  # a list may not be empty, and no name has a tab (schemas/text.py)
    asked: dict[str, Any] = {
        "nodes": [*lists["process"], nobody],
        "services": [*lists["service"], nobody],
        "containers": [*lists["container"], nobody],
        "hosts": [*lists["host"], nobody],
    }
    rows = store.query(query("view_members"), {**asked, "from": over.start, "to": over.end, "most": MOST})
    return [process(row) for row in rows]
