"""What an edge is called."""

from graph.requests import Key


def edge_id(edge: Key) -> str:
    """Return the id of an edge: its client, server, transport and port, with tabs between, which no name has."""
    return "\t".join(map(str, edge))
