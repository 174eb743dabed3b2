"""GEXF 1.2 (gexf.net), for Gephi."""

import networkx as nx

from graph.model import ServiceMap
from servicemap.exports.fields import as_graph


def text(found: ServiceMap) -> str:
    """Return a map as GEXF."""
    return "\n".join([*nx.generate_gexf(as_graph(found), version="1.2draft"), ""])
