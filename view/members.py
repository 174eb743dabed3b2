"""The processes of a node."""

from typing import Any

from graph import processes
from graph.model import Node
from graph.processes import ProcessRow
from sinks.store import Store
from view.rows import Span

MOST = 200
NOBODY = "\t"  # a list in SQL may not be empty, and no name contains a tab (schemas/text.py)


def members(store: Store, nodes: list[str], over: Span) -> list[Node]:
    """Return the processes of these nodes, the latest first. An address has none."""
    lists: dict[str, list[str]] = {"process": [], "service": [], "container": [], "host": [], "address": []}
    for node in nodes:
        kind, _, rest = node.partition(":")
        lists[kind].append(node if kind == "process" else rest)
    if all(not found for kind, found in lists.items() if kind != "address"):
        return []
    parameters: dict[str, Any] = {
        "nodes": [*lists["process"], NOBODY],
        "services": [*lists["service"], NOBODY],
        "containers": [*lists["container"], NOBODY],
        "hosts": [*lists["host"], NOBODY],
    }
    parameters |= {"from": over.start, "to": over.end, "most": MOST}
    return [row.node() for row in store.rows(ProcessRow, processes.members(), parameters)]
