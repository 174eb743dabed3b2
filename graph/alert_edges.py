"""Alerts about edges between services: connections that fail, segments that are sent again, requests that fail.

Each row has its labels (client, server, port) and one number. Parameters: from, to in ms.
"""

from graph.columns import ENDS
from graph.health_sql import error_share, failed_share, retransmit_share
from graph.packing import plain
from graph.span import in_range, of_range
from graph.spans import ALL_AT_ONCE, spans
from graph.sql import defined, inside, select, within
from graph.titles import HOSTNAMES, title
from schemas.health import ALERTS

MOST = 100  # edges of one alert, the worst


def connections_failed() -> str:
    """Return the share of connections that failed, where enough did."""
    failed, share = _total("connections_failed"), failed_share("opened", "failed")
    counts = {"opened": _total("connections_opened"), "failed": failed}
    return _worst("failed_share", share, _edges(counts), f"failed >= {ALERTS['failed'].enough}")


def retransmits() -> str:
    """Return the share of segments sent again, by the side that sent more of them again and enough segments."""
    counts = {f"{end}_{name}": _total(f"{end}_{name}") for end in ENDS for name in ("sent_segments", "retransmits")}
    enough = ALERTS["retransmits"].enough
    shares = (
        f"if({end}_sent_segments < {enough}, 0, {retransmit_share(f'{end}_sent_segments', f'{end}_retransmits')})"
        for end in ENDS
    )
    edges = _edges(counts)
    return _worst("retransmitted_share", f"greatest({', '.join(shares)})", edges, "retransmitted_share > 0")


def requests_failed() -> str:
    """Return the share of requests that failed; an end without a service is its host, or its address.

    Where one of so many connections is looked at, what is enough counts what was seen, and not what it is scaled to.
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
    return within([HOSTNAMES], _rows("failed_share", error_share("requests", "errors"), edges, is_enough))


_PORT = "concat(row.transport, ' ', toString(row.server_port))"


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


def _worst(name: str, share: str, edges: str, where: str) -> str:
    return within([of_range(), *defined(spans=spans(ALL_AT_ONCE))], _rows(name, share, edges, where))


def _rows(name: str, share: str, edges: str, where: str) -> str:
    columns = {**{label: label for label in ("client", "server", "port")}, name: f"toFloat64({share})"}
    return f"{select(columns, inside(edges), where=where)}\nORDER BY {name} DESC, client, server, port\nLIMIT {MOST}"
