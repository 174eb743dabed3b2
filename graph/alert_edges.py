"""Alerts about edges between services: shares of connections, of counters and of requests.

Each row has its labels (client, server, port) and one number. Parameters: from, to in ms.
"""

from collections.abc import Callable

from graph.asked import summed
from graph.columns import ENDS
from graph.health_sql import share, whole
from graph.packing import plain
from graph.span import in_range, of_range
from graph.spans import ALL_AT_ONCE, spans
from graph.sql import defined, inside, select, within
from graph.titles import HOSTNAMES, title
from schemas.health import ALERTS, OF_REQUESTS, SHARES

MOST = 100  # an alert names so many edges, the worst first


def connections_failed() -> str:
    """Return the share of connections that failed, if enough failed."""
    counts = {name: _total(f"connections_{name}") for name in ("opened", "failed")}
    return _worst(_share("failed"), _edges(counts), f"failed >= {ALERTS['failed'].enough}")


def by_side(part: str) -> str:
    """Return the share of a counter, for the side with the greater share whose whole is large enough."""
    counts = {f"{end}_{name}": _total(f"{end}_{name}") for end in ENDS for name in (SHARES[part].whole, part)}
    shares = (_of_side(part, f"{end}_{{}}".format) for end in ENDS)
    found = {SHARES[part].name: f"greatest({', '.join(shares)})"}
    return _worst(found, _edges(counts), f"{SHARES[part].name} > 0")


def requests_failed() -> str:
    """Return the share of requests that failed; an end without a service is its host, or its address.

    With sampled connections, the least number of requests applies to those that were looked at, before they are scaled.
    """
    looked_at = "{}_looked_at".format
    labels = {end: _title(end) for end in ENDS} | {"port": _PORT}
    edges = select(
        {
            **labels,
            **summed(OF_REQUESTS, "row"),
            **{looked_at(name): f"sum(row.{name} / row.sampling)" for name in OF_REQUESTS},
        },
        "process_requests AS row",
        where=in_range("row.window"),
        group=labels.values(),
    )
    alert = ALERTS["errors"]
    is_enough = f"{whole('errors', looked_at)} >= {alert.of} AND {looked_at('errors')} >= {alert.enough}"
    return within([HOSTNAMES], _rows(_share("errors"), edges, is_enough))


_PORT = "concat(row.transport, ' ', toString(row.server_port))"


def _share(part: str) -> dict[str, str]:
    """Return the share of a part, by its name."""
    return {SHARES[part].name: share(part, str)}


def _of_side(part: str, sums: Callable[[str], str]) -> str:
    """Return the share of a counter of a side; 0 if its whole is not large enough."""
    return f"if({whole(part, sums)} < {ALERTS[part].enough}, 0, {share(part, sums)})"


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
