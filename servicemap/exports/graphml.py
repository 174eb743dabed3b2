"""GraphML (graphml.graphdrawing.org), for yEd, Gephi, igraph and networkx."""

import networkx as nx

from graph.model import ServiceMap
from servicemap.exports.fields import as_graph


def text(found: ServiceMap) -> str:
    """Return a map as GraphML."""
    return "\n".join([*nx.generate_graphml(as_graph(found), named_key_ids=True), ""])
