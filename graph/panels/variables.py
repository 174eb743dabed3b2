"""Values of the dashboards' variables about edges: node ids of a level, and their titles."""

from graph.clock import EACH_POINT, ROLLED_FIRST, clock
from graph.levels import node_drawn
from graph.packing import plain
from graph.spans import spans
from graph.sql import defined, select, within


def clients() -> str:
    """Return the clients of edges in a range."""
    return _nodes("client")


def servers() -> str:
    """Return the servers that a client has in a range."""
    return _nodes("server", f"{node_drawn('client', plain, 'row')} = %(client)s")


def _nodes(end: str, where: str = "") -> str:
    seen = select([f"DISTINCT {node_drawn(end, plain, 'row')} AS node"], "spans AS row", where=where)
    text = "if(startsWith(node, 'service:'), substring(node, 9), node)"
    parts = [*clock(), *defined(spans=spans(EACH_POINT, reach=ROLLED_FIRST), seen=seen)]
    return within(parts, f"SELECT node AS value, {text} AS text\nFROM seen\nORDER BY lower(text), value\nLIMIT 1000")
