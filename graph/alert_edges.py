"""Alerts about edges between services: shares of connections, of counters and of requests.

Each row has its labels (client, server, port) and one number. Parameters: from, to in ms.
"""

from graph.columns import ENDS
from graph.health_sql import share
from graph.packing import plain
from graph.span import in_range, of_range
from graph.spans import ALL_AT_ONCE, spans
from graph.sql import defined, inside, select, within
from graph.titles import HOSTNAMES, title
from schemas.health import ALERTS, SHARES

MOST = 100  # an alert names so many edges, the worst first


def connections_failed() -> str:
    """Return the share of connections that failed, if enough failed."""
    counts = {name: _total(f"connections_{name}") for name in ("opened", "failed")}
    return _worst(_share("failed"), _edges(counts), f"failed >= {ALERTS['failed'].enough}")


def by_side(part: str) -> str:
    """Return the share of a counter, for the side with the greater share whose whole is large enough."""
    whole, enough = SHARES[part].whole, ALERTS[part].enough
    counts = {f"{end}_{name}": _total(f"{end}_{name}") for end in ENDS for name in (whole, part)}
    shares = (f"if({end}_{whole} < {enough}, 0, {share(f'{end}_{part}', f'{end}_{whole}')})" for end in ENDS)
    found = {SHARES[part].name: f"greatest({', '.join(shares)})"}
    return _worst(found, _edges(counts), f"{SHARES[part].name} > 0")


def requests_failed() -> str:
    """Return the share of requests that failed; an end without a service is its host, or its address.

    With sampled connections, the least number of requests applies to those that were seen, before they are scaled.
    """
    enough, all_of = ALERTS["errors"].enough, ALERTS["errors"].of
    labels = {end: _title(end) for end in ENDS} | {"port": _PORT}
    edges = select(
        {
            **labels,
            "requests": "sum(row.requests)",
            "errors": "sum(row.errors)",
            "requests_seen": "sum(row.requests / row.sampling)",
            "errors_seen": "sum(row.errors / row.sampling)",
        },
        "process_requests AS row",
        where=in_range("row.window"),
        group=labels.values(),
    )
    is_enough = f"requests_seen >= {all_of} AND errors_seen >= {enough}"
    return within([HOSTNAMES], _rows(_share("errors"), edges, is_enough))


_PORT = "concat(row.transport, ' ', toString(row.server_port))"


def _share(part: str) -> dict[str, str]:
    """Return the share of a part, by its name."""
    return {SHARES[part].name: share(part, SHARES[part].whole)}


def _total(name: str) -> str:
    return f"sum({plain(name, 'row')})"


def _named(end: str) -> str:
    service = plain(f"{end}_service", "row")
    return f"if({service} != '', {service}, {plain(f'{end}_address', 'row')})"


def _title(end: str) -> str:
    host = f"if(row.{end}_host != '', concat('host:', row.{end}_host), row.{end})"
    return f"if(row.{end}_service != '', row.{end}_service, {title(host)})"


def _edges(counts: dict[str, str]) -> str:
    """Return these counts of the edges between services; an end without a service is its address."""
    labels = {end: _named(end) for end in ENDS} | {"port": _PORT}
    return select(labels | counts, "spans AS row", group=labels.values())


def _worst(found: dict[str, str], edges: str, where: str) -> str:
    return within([of_range(), *defined(spans=spans(ALL_AT_ONCE))], _rows(found, edges, where))


def _rows(found: dict[str, str], edges: str, where: str) -> str:
    """Return the labels of the edges with one number, by its name."""
    labels = {label: label for label in ("client", "server", "port")}
    columns = labels | {name: f"toFloat64({made})" for name, made in found.items()}
    order = ", ".join([*(f"{name} DESC" for name in found), *labels])
    return f"{select(columns, inside(edges), where=where)}\nORDER BY {order}\nLIMIT {MOST}"
