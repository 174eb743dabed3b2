"""Turn the ends a and b of a flow into client and server."""

from collections.abc import Iterable

from graph.columns import ENDS
from graph.identity import cut
from schemas.graph import CONTESTED


def serves(flow: str = "") -> str:
    """Return whether end b of a `flow` (an alias, or none) is the server."""
    return f"bitTest({flow}.verdict, 0)" if flow else "bitTest(verdict, 0)"


def oriented(names: Iterable[str], flow: str = "") -> dict[str, str]:
    """Return columns of client and server from those of the ends; identities are cut into their parts."""
    of, names = f"{flow}." if flow else "", tuple(names)
    columns: dict[str, str] = {}
    for end, one, other in zip(ENDS, "ab", "ba", strict=True):
        for name in names:
            column = f"if({serves(flow)}, {of}{one}_{name}, {of}{other}_{name})"
            columns[f"{end}_{name}"] = cut(column) if name == "who" else column
    return columns


def seen(flow: str = "") -> str:
    """Return whether a host saw a `flow`. One that is contested is several flows, which have rows of their own."""
    of = f"{flow}." if flow else ""
    return f"({of}a_seen OR {of}b_seen) AND bitAnd({of}elsewhere, {CONTESTED}) = 0"


def server_port(flow: str) -> str:
    """Return the server's port."""
    return f"if({serves(flow)}, {flow}.b_port, {flow}.a_port)"
