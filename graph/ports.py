"""What people call the port of a server: its number, or the name of its Unix socket (schemas/unix_names.py)."""

from graph.packing import plain
from graph.sql import text
from schemas.unix_names import ESCAPES, TRANSPORT

_ABSTRACT = r"^\\x00"
UNIX = f"'{TRANSPORT}'"


def port_name(row: str, address: str = "") -> str:
    """Return the port of a packed row of an edge; `address` is that of the server, if the row does not have it."""
    name = unix_name(address or plain("server_address", row))
    return f"if({row}.transport = {UNIX}, {name}, toString({row}.server_port))"


def unix_name(address: str) -> str:
    """Return what people call the Unix socket of a server, as schemas.unix_names.name_of does."""
    name = address
    for one, escape in ESCAPES.items():
        name = f"replaceAll({name}, {text(escape)}, {text(one)})"
    return f"replaceRegexpOne({name}, {text(_ABSTRACT)}, '@')"
