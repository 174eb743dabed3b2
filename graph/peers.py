"""The addresses at which both ends of edges were seen, for rules of firewalls."""

from typing import NamedTuple

from graph.columns import ENDS
from graph.levels import node_at
from graph.packing import plain
from graph.span import of_range, of_windows
from graph.spans import ALL_AT_ONCE, spans
from graph.sql import inside, select


class PeersRow(NamedTuple):
    """A row of `peers`: an edge, and the addresses of its ends."""

    client: str
    server: str
    transport: str
    server_port: int
    client_addresses: list[str]
    server_addresses: list[str]


def peers(level: str) -> str:
    """Return the addresses of both ends of each edge of a level in [from, to), ms.

    Of two addresses that a process has in one minute, the roll-ups keep one.
    """
    ends = {end: node_at(end, plain, "row", level) for end in ENDS}
    columns = {
        **ends,
        "transport": "row.transport",
        "server_port": "row.server_port",
        **{
            f"{end}_addresses": f"arraySort(groupUniqArray(toString({plain(f'{end}_address', 'row')})))" for end in ENDS
        },
    }
    of_addresses = level == "address"
    rows = spans(ALL_AT_ONCE, addresses=of_addresses, names=[f"{end}_about" for end in ENDS])
    group = (*ends, "transport", "server_port")
    return (
        f"WITH {of_windows() if of_addresses else of_range()}\n{select(columns, f'{inside(rows)} AS row', group=group)}"
    )
