"""A map for people: a table on a terminal, aligned text in a pipe. Long names are cut, not wrapped.

On a narrow terminal, the least important columns are left out.
"""

from collections.abc import Sequence

from msgspec import UNSET, UnsetType
from rich.table import Table
from rich.text import Text

from graph import counters
from graph.health import WORSE
from graph.labels import cut, labels, printable
from graph.model import Edge, ServiceMap
from graph.sampled import about
from servicemap.columns import aligned
from servicemap.printing import bytes_text

HEADINGS = ("CLIENT", "SERVER", "PORT", "OPEN", "NEW", "FAILED", "SENT", "RECEIVED", "RTT")
LABELS = {"PROTOCOL": "protocol", "ALIAS": "alias"}  # added where any edge has one
REQUEST_HEADINGS = ("REQ/S", "ERRORS", "P50", "P99")  # added where any edge has requests
SAMPLED = "LOOKED AT"  # added where any of them are estimates
HEALTH = "HEALTH"  # added where any edge is not well: on a terminal its rows have colours
_COLOURS = {"bad": "bold red", "warn": "yellow"}
NAMES = 2  # the first columns are names; the others are short and right-aligned
NARROWEST, WIDEST_PORT = 8, 32
NOT_KNOWN = "-"
_LEAST_IMPORTANT = ("P50", *LABELS, "NEW", "RTT", "OPEN", SAMPLED, "RECEIVED", "SENT")  # left out in this order


def headings(found: ServiceMap) -> tuple[str, ...]:
    """Return the headings of a map's columns."""
    known = (heading for heading, name in LABELS.items() if any(getattr(edge, name) for edge in found.edges))
    requests = REQUEST_HEADINGS if any(edge.requests for edge in found.edges) else ()
    sampled = (SAMPLED,) if any(sampling(edge) > 1 for edge in found.edges) else ()
    health = (HEALTH,) if any(edge.health != "ok" for edge in found.edges) else ()
    return (*HEADINGS, *known, *requests, *sampled, *health)


def rows(found: ServiceMap) -> list[tuple[str, ...]]:
    """Return the cells of the edges, failing ones first and else the busiest, then those of the nodes without edges."""
    shown = headings(found)
    titles = labels(found)
    ends = {end for edge in found.edges for end in (edge.client, edge.server)}
    ordered = sorted(found.edges, key=_place)
    return [
        *(tuple(map((_row(edge, titles) | _requests(edge)).__getitem__, shown)) for edge in ordered),
        *((titles[node.id], *[""] * (len(shown) - 1)) for node in found.nodes if node.id not in ends),
    ]


def plain(headings: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    """Align rows under their headings."""
    narrow = [[*map(cut, row[:NAMES]), *row[NAMES:]] for row in cells]
    return aligned(headings, narrow, right=range(NAMES, len(headings)))


def table(title: str, headings: Sequence[str], cells: Sequence[Sequence[str]], width: int) -> Table:
    """Return the rows as a table for a terminal. On a narrow one, names are cut, but never numbers."""
    shown = {at: 2 + max(len(row[at]) for row in [headings, *cells]) for at in range(NAMES, len(headings))}

    def room() -> int:
        return (width - sum(shown.values()) - 2) // NAMES

    for heading in _LEAST_IMPORTANT:
        if room() < NARROWEST and heading in headings:
            del shown[headings.index(heading)]
    made = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in headings[:NAMES]:
        made.add_column(heading, no_wrap=True)
    for at in shown:
        made.add_column(headings[at], no_wrap=True, justify="right")
    names = max(NARROWEST, room())
    for row in cells:
        colour = _COLOURS.get(row[headings.index(HEALTH)]) if HEALTH in headings else None
        named = (Text(cut(cell, names)) for cell in row[:NAMES])
        made.add_row(*named, *(Text(row[at]) for at in shown), style=colour)
    return made


def fault_lines(found: ServiceMap) -> list[str]:
    """Return a line for each edge with faults, the worst first."""
    titles = labels(found)
    faulty = sorted((edge for edge in found.edges if edge.why), key=_place)

    def sentence(edge: Edge) -> str:
        server = "itself" if edge.self_loop else titles[edge.server]
        ends = f"{titles[edge.client]} → {server} {printable(edge.port)}"
        return f"{edge.health}: {ends}: {'; '.join(fault['text'] for fault in edge.why)}"

    return [sentence(edge) for edge in faulty]


def _row(edge: Edge, titles: dict[str, str]) -> dict[str, str]:
    """Return the cells of an edge by their headings."""
    return {
        "CLIENT": titles[edge.client],
        "SERVER": "itself" if edge.self_loop else titles[edge.server],
        "PORT": cut(printable(edge.port), WIDEST_PORT),
        "OPEN": str(edge.connections_active),
        "NEW": str(edge.connections_opened),
        "FAILED": str(edge.connections_failed),
        "SENT": bytes_text(counters.to_server(edge.counters)) if edge.counted else NOT_KNOWN,
        "RECEIVED": bytes_text(counters.to_client(edge.counters)) if edge.counted else NOT_KNOWN,
        "RTT": _ms(counters.rtt_ms(edge.counters)),
        HEALTH: "" if edge.health == "ok" else edge.health,
        **{heading: printable(getattr(edge, name)) for heading, name in LABELS.items()},
    }


def _place(edge: Edge) -> tuple[int, int, str, str, int]:
    """Return by what an edge stands before others: the worse, then the busier one."""
    return -WORSE.index(edge.health), -_carried(edge), edge.client, edge.server, edge.server_port


def _requests(edge: Edge) -> dict[str, str]:
    if not edge.requests:
        return dict.fromkeys((*REQUEST_HEADINGS, SAMPLED), "")
    of = sampling(edge)
    numbers = {
        "REQ/S": f"{edge.requests / edge.recorded_s:.1f}",
        "ERRORS": errors(edge),
        "P50": _ms(edge.p50_ms),
        "P99": _ms(edge.p99_ms),
    }
    shown = {name: about(number, of) if number[:1].isdigit() else number for name, number in numbers.items()}
    return shown | {SAMPLED: f"1 of {of}" if of > 1 else "all"}


def sampling(edge: Edge) -> int:
    """Return of how many connections one was looked at for the requests of an edge."""
    return edge.sampling or 1


def errors(edge: Edge) -> str:
    """Return the share of requests that failed."""
    if edge.error_share is None or edge.error_share is UNSET:
        return NOT_KNOWN
    return f"{100 * edge.error_share:.1f} %" if edge.error_share else "0 %"


def _ms(time: float | UnsetType | None) -> str:
    if not time:
        return ""
    return f"{time:.1f} ms" if time >= 0.1 else f"{time:.2f} ms"


def _carried(edge: Edge) -> int:
    return counters.moved(edge.counters)
