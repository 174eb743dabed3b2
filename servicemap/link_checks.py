"""Which switch and port each host is connected to, as the switches announce."""

from graph.links import LinkRow, links
from servicemap.check import Check
from sinks.store import Store

RANGE_MS = 600_000
MOST = 10  # links that are listed


def link_check(store: Store, names: dict[str, str], now: int) -> Check:
    """List the links of hosts as of `now`, ms; `names` are of hosts."""
    rows = store.rows(LinkRow, links(), {"from": now - RANGE_MS, "to": now, "host": "", "switch": ""})
    if not rows:
        return Check("switches", "ok", "not known: none has announced itself to an agent (LLDP, CDP)")
    listed = [f"{names.get(row.host) or row.host} {row.words}" for row in rows[:MOST]]
    more = f" and {len(rows) - MOST} more" if len(rows) > MOST else ""
    return Check("switches", "ok", "; ".join(listed) + more)
