"""Names and addresses that only this machine reaches."""

import ipaddress
import socket


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches a name or address, without a lookup."""
    if host.rstrip(".").lower() == "localhost":
        return True
    try:
        return _loopback(host.strip("[]"))
    except ValueError:
        return False


def stays_here(host: str) -> bool:
    """Return whether only this machine reaches a listener on a host, however it is written: 127.1, or a name."""
    if is_loopback(host):
        return True
    try:
        found = socket.getaddrinfo(host, None) if host else []
    except OSError:
        return False
    return bool(found) and all(_loopback(str(where[0])) for *_, where in found)


def _loopback(address: str) -> bool:
    found = ipaddress.ip_address(address.partition("%")[0])
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return (mapped or found).is_loopback
