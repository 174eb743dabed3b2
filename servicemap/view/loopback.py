"""Which names and addresses are of this machine alone."""

import ipaddress


def is_loopback(host: str) -> bool:
    """Say whether a name or address is of this machine alone."""
    if host.rstrip(".").lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
