"""The processes of a node."""

from graph import processes
from graph.model import Node
from graph.processes import ProcessRow
from sinks.store import Store
from view.rows import Span

MOST = 200


def members(store: Store, nodes: list[str], over: Span) -> list[Node]:
    """Return the processes of these nodes, the latest first. An address has none."""
    if all(node.startswith("address:") for node in nodes):
        return []
    parameters = {"nodes": nodes, "from": over.start, "to": over.end, "most": MOST}
    return [row.node() for row in store.rows(ProcessRow, processes.members(), parameters)]
