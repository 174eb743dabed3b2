"""Listeners that nobody used: left over, or not yet in use. Each is a port that can be attacked."""

from collections.abc import Iterator
from ipaddress import ip_address

from graph.listeners import ListenerRow
from graph.risks.risk import Finding, Risk, Seen, listed

_EPHEMERAL = 32_768  # UDP sockets of clients look like listeners; the kernel takes their ports from here on


def _find(seen: Seen) -> Iterator[Finding]:
    used = {
        (seen.nodes[edge.server].host, edge.transport, edge.server_port)
        for edge in seen.of.edges
        if edge.connections_failed < max(1, edge.connections_opened + edge.connections_active)
    }
    hosts = {node.host: node.hostname for node in seen.of.nodes if node.host}
    unused: dict[tuple[str, str], list[ListenerRow]] = {}
    for row in seen.listeners:
        if _is_open(row) and (row.host, row.transport, row.port) not in used:
            unused.setdefault((row.host, row.service or row.name), []).append(row)
    for (host, name), rows in unused.items():
        ports = listed(f"{row.transport}/{row.port}" for row in rows)
        yield Finding(
            risk=RISK.name,
            subject=f"service:{rows[0].service}" if rows[0].service else f"host:{host}",
            label=name or "a program",
            sentence=f"listens on {ports} of {hosts.get(host, host)}, and nobody connects",
        )


def _is_open(row: ListenerRow) -> bool:
    """Return whether others than the host itself can connect, and the socket is not that of somebody who asks."""
    asks = row.transport == "udp" and row.port >= _EPHEMERAL
    return not asks and not all(ip_address(one.partition("%")[0]).is_loopback for one in row.addresses)


RISK = Risk("unused-listener", "a port that is open to other hosts and that nobody used in the range", _find)
