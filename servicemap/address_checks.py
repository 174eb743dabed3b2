"""Whether each address belongs to one host."""

from graph.shared_addresses import SharedRow, shared_addresses
from schemas.times import HOUR_MS
from servicemap.check import Check
from sinks.store import Store

MOST = 5  # that are listed


def address_check(store: Store, names: dict[str, str], now: int) -> Check:
    """Look for addresses that several hosts had at once in the last hour before `now`, ms; `names` are of hosts."""
    found = store.rows(SharedRow, shared_addresses(), {"from": now - HOUR_MS})
    if not found:
        return Check("addresses", "ok", "each belongs to one host")
    listed = "; ".join(
        f"{row.address} of {' and '.join(names.get(one, one) for one in row.hosts)}" for row in found[:MOST]
    )
    more = f"; and {len(found) - MOST} more" if len(found) > MOST else ""
    return Check(
        "addresses",
        "missing",
        f"several hosts have the same ones: {listed}{more}; connections with equal ports on both are shown as one",
        "addresses that belong to one host each",
        "give one of them another address; separate networks need different address ranges",
    )
