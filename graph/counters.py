"""The counters of both ends of an edge, by the names of plain columns (graph/columns.py)."""

from collections.abc import Mapping

from graph.columns import ENDS
from graph.traffic import TO_CLIENT, TO_SERVER
from schemas.counted import COUNTERS
from schemas.health import JUDGED

NAMES = tuple(f"{end}_{name}" for end in ENDS for name in COUNTERS)
Counters = Mapping[str, int]


def to_server(of: Counters) -> int:
    """Return the bytes from the client to the server. Both ends count the same, and one may count less."""
    return max(of[name] for name in TO_SERVER)


def to_client(of: Counters) -> int:
    """Return the bytes from the server to the client."""
    return max(of[name] for name in TO_CLIENT)


def moved(of: Counters) -> int:
    """Return the bytes in both directions."""
    return to_server(of) + to_client(of)


def both(of: Counters, name: str) -> int:
    """Return the sum of a counter that each end has for itself."""
    return sum(of[f"{end}_{name}"] for end in ENDS)


def rtt_ms(of: Counters) -> float | None:
    """Return the round trip, ms, as the client measured it, or else the server; None if neither did."""
    found = of["client_rtt_us"] or of["server_rtt_us"]
    return found / 1000 if found else None


def judged(of: Counters) -> dict[str, int]:
    """Return the sums by which an edge is judged (graph/health.py)."""
    return {name: both(of, name) for name in JUDGED if name in COUNTERS}
