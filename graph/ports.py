"""What people call the port of a server: its number, or the name of its Unix socket (schemas/unix_names.py)."""

from graph.packing import plain
from schemas.unix_names import TRANSPORT

UNIX = f"'{TRANSPORT}'"


def port_name(row: str, address: str = "") -> str:
    """Return the port of a packed row of an edge; `address` is that of the server, if the row does not have it."""
    name = f"replaceRegexpOne({address or plain('server_address', row)}, '^\\\\\\\\x00', '@')"
    return f"if({row}.transport = {UNIX}, {name}, toString({row}.server_port))"
