"""The traffic of an edge, from a packed row. The hosts of both ends count the same, and one may count less."""

from graph.columns import ENDS
from graph.packing import plain
from schemas.counted import COUNTERS, OWN, SUMS

# Each direction as both ends count it: plain columns of an edge (graph/columns.py), the sender's first.
TO_SERVER, TO_CLIENT = (
    (f"{sender}_sent_bytes", f"{receiver}_{COUNTERS['sent_bytes'].mirror}") for sender, receiver in ENDS.items()
)
OWN_SUMS = tuple(name for name in SUMS if name in OWN)  # those of both ends add up


def to_server(row: str) -> str:
    """Return the bytes from the client to the server."""
    return _greatest(TO_SERVER, row)


def to_client(row: str) -> str:
    """Return the bytes from the server to the client."""
    return _greatest(TO_CLIENT, row)


def both(name: str, row: str) -> str:
    """Return the sum of a counter that each end has for itself."""
    return " + ".join(plain(f"{end}_{name}", row) for end in ENDS)


def added(row: str) -> str:
    """Return the sums of all counters that each end has for itself, by name (OWN_SUMS), as `counted` reads them."""
    return f"[{', '.join(both(name, row) for name in OWN_SUMS)}]"


def counted(array: str) -> str:
    """Return an array of `added` as a map, by the name of the counter."""
    return f"mapFromArrays({list(OWN_SUMS)}, {array})"


def rtt_us(row: str) -> str:
    """Return the round trip, microseconds, as the client measured it, or else the server; 0 if neither did."""
    client, server = plain("client_rtt_us", row), plain("server_rtt_us", row)
    return f"if({client} > 0, {client}, {server})"


def measured(column: str) -> str:
    """Return the mean of the measured values; NaN if there are none."""
    return f"avgIf({column}, {column} > 0)"


def _greatest(columns: tuple[str, ...], row: str) -> str:
    return f"greatest({', '.join(plain(column, row) for column in columns)})"
