"""What went over an edge, from a packed row: the hosts of both ends count the same, and one may count less."""

from graph.packing import plain


def to_server(row: str) -> str:
    """Return the bytes from the client to the server."""
    return f"greatest({plain('client_sent_bytes', row)}, {plain('server_received_bytes', row)})"


def to_client(row: str) -> str:
    """Return the bytes from the server to the client."""
    return f"greatest({plain('server_sent_bytes', row)}, {plain('client_received_bytes', row)})"


def retransmits(row: str) -> str:
    """Return the segments that both ends sent again."""
    return f"{plain('client_retransmits', row)} + {plain('server_retransmits', row)}"


def segments(row: str) -> str:
    """Return the segments that both ends sent."""
    return f"{plain('client_sent_segments', row)} + {plain('server_sent_segments', row)}"


def rtt_us(row: str) -> str:
    """Return the round trip, microseconds: as the client measured it, or the server; 0 where neither did."""
    client, server = plain("client_rtt_us", row), plain("server_rtt_us", row)
    return f"if({client} > 0, {client}, {server})"


def measured(column: str) -> str:
    """Return the mean of what was measured; NaN of nothing."""
    return f"avgIf({column}, {column} > 0)"
