"""Whether the clocks of hosts agree."""

from graph.clocks import FAR_MS, off, read_clocks
from servicemap.check import Check
from sinks.store import Store

RANGE_MS = 600_000
FIX = "sudo timedatectl set-ntp true on each of them, or repair its NTP service"


def clock_check(store: Store, names: dict[str, str], now: int) -> Check:
    """Compare the clocks of hosts by their connections of ten minutes up to `now`, ms; `names` are of hosts."""
    found = read_clocks(store, now - RANGE_MS, now)
    if not found:
        return Check("clocks of hosts", "ok", "not known: no two hosts had enough connections with each other lately")
    if far := off(found):
        listed = ", ".join(f"{names.get(host, host)} is {text}" for host, text in far.items())
        return Check("clocks of hosts", "missing", listed, f"clocks within {FAR_MS // 1000} s of each other", FIX)
    most = max(clock.spread_ms for clock in found)
    agree = f"{len(found)} hosts are within {most / 1000:.1f} s of the hosts that they have connections with"
    return Check("clocks of hosts", "ok", agree)
