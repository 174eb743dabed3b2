"""Read what risks are found in."""

from graph.annotations import by_host, read_annotations
from graph.asking import Store
from graph.hosts import AddressesRow, LabelsRow, addresses, labels
from graph.listeners import ListenerRow, listeners
from graph.model import ServiceMap, ms_of
from graph.of_hosts import PartRow, parts
from graph.overlays import at_time
from graph.risks.risk import Seen, is_global


def read_seen(store: Store, of: ServiceMap) -> Seen:
    """Read what stands beside a map of processes."""
    start, end = ms_of(of.start), ms_of(of.end)
    return Seen(
        of,
        store.rows(ListenerRow, listeners(), {"from": start, "to": end}),
        dict(store.rows(PartRow, parts("zone"))),
        (row.host for row in store.rows(AddressesRow, addresses()) if any(map(is_global, row.addresses))),
        at_time(read_annotations(store), end - 1),
        by_host(store.rows(LabelsRow, labels())),
    )
