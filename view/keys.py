"""Ids of edges."""

from graph.requests import Key


def edge_id(edge: Key) -> str:
    """Return the id of an edge: its client, server, transport and port, separated by tabs, which no name contains."""
    return "\t".join(map(str, edge))
