"""SQL for people to copy: it selects the rows behind an answer, and runs as it is."""

from textwrap import fill

from graph.columns import ENDS
from graph.levels import is_at
from graph.orientation import seen
from graph.sql import text
from schemas.counted import COUNTERS, HAPPENED

_EDGE = ("window", "client", "server", "transport", "server_port", "rule")
_CONNECTIONS = ("connections_opened", "connections_active", "connections_failed")
_COUNTED = (f"{end}_{name}" for end in ENDS for name in COUNTERS)
_FLOW = ("window", "transport", *(f"{end}_{name}" for end in "ab" for name in ("scope", "address", "port")), "verdict")
_OF_FLOW = (f"{end}_{name}" for end in "ab" for name in (*HAPPENED, *COUNTERS))


def _wrapped(*columns: str) -> str:
    return fill(", ".join(columns), 100, initial_indent="    ", subsequent_indent="    ")


_SHOWN, _FLOWS = _wrapped(*_EDGE, *_CONNECTIONS, *_COUNTED), _wrapped(*_FLOW, *_OF_FLOW)


def map_statement(level: str, start: int, end: int) -> str:
    """Return the SQL for all rows of a range."""
    return _flows("1", start, end) if level == "address" else _edges("1", start, end)


def node_statement(node: str, level: str, start: int, end: int) -> str:
    """Return the SQL for the rows of a node."""
    if level == "address":
        return _flows(f"({_address('a', node)}) OR ({_address('b', node)})", start, end)
    return _edges(f"({is_at('client', node, level)}) OR ({is_at('server', node, level)})", start, end)


def edge_statement(client: str, server: str, transport: str, port: int, level: str, start: int, end: int) -> str:
    """Return the SQL for the rows of an edge."""
    carried = f"transport = {text(transport)}"
    if level == "address":
        ways = (("a", "b", 0), ("b", "a", 1))  # the lowest bit of a verdict is 1 where b serves
        either = " OR ".join(
            f"({_address(server_end, server)} AND {_address(client_end, client)}"
            f" AND {server_end}_port = {port} AND verdict % 2 = {serves})"
            for server_end, client_end, serves in ways
        )
        return _flows(f"{carried} AND ({either})", start, end)
    ends = f"({is_at('client', client, level)}) AND ({is_at('server', server, level)})"
    return _edges(f"{ends} AND {carried} AND server_port = {port}", start, end)


def _address(end: str, node: str) -> str:
    scope, _, address = node.partition(":")[2].rpartition("@")
    return f"{end}_scope = {text(scope)} AND {end}_address = {text(address)}"


def _edges(condition: str, start: int, end: int) -> str:
    given = condition.replace("%(from)s", str(start)).replace("%(to)s", str(end))  # where a part is looked up
    return _select(_SHOWN, "process_edges", given, start, end, "window, client, server, server_port")


def _flows(condition: str, start: int, end: int) -> str:
    return _select(_FLOWS, "edges FINAL", f"{seen()} AND ({condition})", start, end, "window, a_port, b_port")


def _select(columns: str, table: str, condition: str, start: int, end: int, order: str) -> str:
    since, until = (f"fromUnixTimestamp64Milli({moment}, 'UTC')" for moment in (start, end))
    ranged = f"window >= {since} AND window < {until}"
    return f"SELECT\n{columns}\nFROM {table}\nWHERE {ranged}\n    AND ({condition})\nORDER BY {order}\n"
