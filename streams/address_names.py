"""Names of addresses by DNS: each as its host reports it, in the hour and minute of the window.

A keyframe restates the names in use, once a minute. So nothing is kept here.
"""

from itertools import islice

from schemas.graph import AddressNameBatch, AddressNames
from schemas.raw import BY_DNS, Batch, RequestBatch
from streams.assembly import Window
from streams.host import Host
from streams.minutes import bit_of, hour_of, minute_of
from streams.scope import is_loopback

MOST = 4_000  # rows of a window
LONGEST = 253  # characters of a name


def address_names(host: Host, header: Batch, window: Window) -> AddressNameBatch:
    """Return the names that a window reports, in the scopes of their addresses."""
    batches: list[RequestBatch] = window.batches("requests")
    latest: dict[tuple[str, str, str], tuple[int, str]] = {}
    for batch in batches:
        for address, name, asked, provenance in batch.names.rows():
            if name and len(name) <= LONGEST and not is_loopback(address):
                key = host.scope(address, batch.netns), address, name
                before = latest.get(key, (0, ""))
                latest[key] = max(asked, before[0]), max(provenance or BY_DNS, before[1])
    minute = minute_of(header.window)
    when = header.window, bit_of(minute)
    return AddressNameBatch(
        names=AddressNames.of(
            (hour_of(minute), host.name, *key, *how, *when) for key, how in islice(sorted(latest.items()), MOST)
        )
    )
