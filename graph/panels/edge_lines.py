"""Lines of an edge, as each of its two sides counts them."""

from graph.clock import stands_ms
from graph.panels.lines import of, rates, values
from graph.panels.subjects import EDGE


def payload() -> str:
    """Return payload bytes a second, as each side counts them."""
    return rates(
        EDGE,
        {
            "to the server, says the client": f"sum({of('client_sent_bytes')})",
            "to the server, says the server": f"sum({of('server_received_bytes')})",
            "to the client, says the server": f"sum({of('server_sent_bytes')})",
            "to the client, says the client": f"sum({of('client_received_bytes')})",
        },
    )


def disagreement() -> str:
    """Return the difference of both sides' byte counts, as a share of the greater; of rows that both sides saw.

    What is on the way at the end of a window is in two windows, so a little is usual. More is loss of records.
    """
    both = f"{of('seen_by_client')} AND {of('seen_by_server')}"
    sums = {
        "to the server": ("client_sent_bytes", "server_received_bytes"),
        "to the client": ("server_sent_bytes", "client_received_bytes"),
    }
    lines = {}
    for whom, names in sums.items():
        one, other = (f"sumIf({of(name)}, {both})" for name in names)
        lines[whom] = f"abs({one} - {other}) / greatest({one}, {other})"
    return values(EDGE, lines)


def connections() -> str:
    """Return connections a second that were opened and closed."""
    return rates(EDGE, {name: f"sum({of(f'connections_{name}')})" for name in ("opened", "closed")})


def open_connections() -> str:
    """Return connections that were open, the mean of each point."""
    return rates(EDGE, {"open": f"sum(row.active * {stands_ms('row')} / 1000)"}, each_window=True)


def retransmits() -> str:
    """Return segments a second that each side sent again."""
    return rates(EDGE, {f"by the {end}": f"sum({of(f'{end}_retransmits')})" for end in ("client", "server")})


def round_trips() -> str:
    """Return round-trip times, microseconds: the median over pairs of processes, and the least that was measured."""
    medians = {
        f"{end}, median": f"quantileIf(0.5)({of(f'{end}_rtt_us')}, {of(f'{end}_rtt_us')} > 0)"
        for end in ("client", "server")
    }
    least = {
        f"{end}, least": f"minIf({of(f'{end}_min_rtt_us')}, {of(f'{end}_min_rtt_us')} > 0)"
        for end in ("client", "server")
    }
    return values(EDGE, medians | least, "isFinite(value) AND value > 0")
