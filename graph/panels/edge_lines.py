"""Lines of an edge, as each of its two sides counts them."""

from graph.clock import stands_ms
from graph.columns import ENDS
from graph.panels.lines import of, rates, values
from graph.panels.subjects import EDGE
from graph.traffic import TO_CLIENT, TO_SERVER

_DIRECTIONS = {"to the server": TO_SERVER, "to the client": TO_CLIENT}


def payload() -> str:
    """Return payload bytes a second, as each side counts them."""
    return rates(
        EDGE,
        {
            f"{whither}, by the {name.partition('_')[0]}": f"sum({of(name)})"
            for whither, names in _DIRECTIONS.items()
            for name in names
        },
    )


def disagreement() -> str:
    """Return the difference of both sides' byte counts, as a share of the greater; of rows that both sides saw.

    Bytes in flight at the end of a window count in different windows, so a small difference is usual. More is a loss of
    records.
    """
    both = f"{of('seen_by_client')} AND {of('seen_by_server')}"
    lines = {}
    for whom, names in _DIRECTIONS.items():
        one, other = (f"sumIf({of(name)}, {both})" for name in names)
        lines[whom] = f"abs({one} - {other}) / greatest({one}, {other})"
    return values(EDGE, lines)


def connections() -> str:
    """Return connections a second that were opened and closed."""
    return rates(EDGE, {name: f"sum({of(f'connections_{name}')})" for name in ("opened", "closed")})


def open_connections() -> str:
    """Return connections that were open, the mean of each point."""
    return rates(EDGE, {"open": f"sum(row.active * {stands_ms('row')} / 1000)"}, each_window=True)


def counted(name: str) -> str:
    """Return the counters of each side a second."""
    return rates(EDGE, {f"by the {end}": f"sum({of(f'{end}_{name}')})" for end in ENDS})


def round_trips() -> str:
    """Return round-trip times, microseconds: the median over pairs of processes, and the least that was measured."""
    medians = {f"{end}, median": f"quantileIf(0.5)({of(f'{end}_rtt_us')}, {of(f'{end}_rtt_us')} > 0)" for end in ENDS}
    least = {f"{end}, least": f"minIf({of(f'{end}_min_rtt_us')}, {of(f'{end}_min_rtt_us')} > 0)" for end in ENDS}
    return values(EDGE, medians | least, "isFinite(value) AND value > 0")
