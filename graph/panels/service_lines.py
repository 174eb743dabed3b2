"""Lines of a service: its connections, as a server and as a client."""

from graph.clock import stands_ms
from graph.panels.lines import of, rates, values
from graph.panels.subjects import SERVICE
from graph.traffic import to_client, to_server

_SERVES, _CALLS = "row.serves", "row.calls"


def traffic() -> str:
    """Return bytes a second between the service and others, in both of its roles."""
    return rates(
        SERVICE,
        {
            "from its clients": f"sumIf({to_server('row')}, {_SERVES})",
            "to its clients": f"sumIf({to_client('row')}, {_SERVES})",
            "to its servers": f"sumIf({to_server('row')}, {_CALLS})",
            "from its servers": f"sumIf({to_client('row')}, {_CALLS})",
        },
        each_window=True,  # a side may have seen some windows only
    )


def connections() -> str:
    """Return connections a second that were opened."""
    opened = of("connections_opened")
    lines = {
        "opened by its clients": f"sumIf({opened}, {_SERVES})",
        "opened to its servers": f"sumIf({opened}, {_CALLS})",
    }
    return rates(SERVICE, lines)


def open_connections() -> str:
    """Return connections that were open, the mean of each point."""
    held = f"row.active * {stands_ms('row')} / 1000"
    lines = {"with its clients": f"sumIf({held}, {_SERVES})", "with its servers": f"sumIf({held}, {_CALLS})"}
    return rates(SERVICE, lines, each_window=True)


def counted(name: str) -> str:
    """Return the counters of the service a second."""
    lines = {
        "with its clients": f"sumIf({of(f'server_{name}')}, {_SERVES})",
        "with its servers": f"sumIf({of(f'client_{name}')}, {_CALLS})",
    }
    return rates(SERVICE, lines)


def round_trips() -> str:
    """Return round-trip times as the service's host measured them, microseconds, over the processes it talks to."""
    known = {
        "to its clients": f"({of('server_rtt_us')}, {_SERVES} AND {of('server_rtt_us')} > 0)",
        "to its servers": f"({of('client_rtt_us')}, {_CALLS} AND {of('client_rtt_us')} > 0)",
    }
    shares = {"median": 0.5, "95 %%": 0.95}
    lines = {
        f"{whom}, {name}": f"quantileIf({share}){rows}"
        for whom, rows in known.items()
        for name, share in shares.items()
    }
    return values(SERVICE, lines)
