"""The fold of a host's requests into requests by flow. The identities of the ends are in the edge of the flow.

A connection may open after the sockets were scanned, and have requests before the packets were read. Such requests wait
for the next window, which knows the connection, and count there. Requests on other hosts' connections, such as traffic
that is forwarded for containers, are not emitted. Nothing waits if the collector of connections failed, or has not
restated them yet: what is known then depends on when the reader started.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from schemas.graph import FlowRequestBatch, FlowRequests
from schemas.ids import Endpoint, format_flow, parse_flow
from schemas.raw import Batch, RequestBatch
from schemas.shares import covered, shares
from streams.assembly import Window
from streams.connection import Connection
from streams.host import TRANSPORTS, Host

BATCH_ROWS = 1_000  # the most rows of one message; a row with a wide sketch takes some kilobytes
Key = tuple[str, int]  # flow, end
Seen = tuple[int, str, int]  # network namespace, and flow and end as it sees them


class Count(Struct):
    """The counts of the requests on one flow."""

    sampling: int
    answered: Mapping[str, int]
    latency: Mapping[int, int]
    unanswered: int
    given_up: int

    def plus(self, other: "Count | None") -> "Count":
        """Return the sum of both."""
        if other is None:
            return self
        return Count(
            max(self.sampling, other.sampling),
            _sum(self.answered, other.answered),
            _sum(self.latency, other.latency),
            self.unanswered + other.unanswered,
            self.given_up + other.given_up,
        )

    def any(self) -> bool:
        """Return whether anything was counted."""
        return bool(self.answered or self.unanswered or self.given_up)

    def split(self, parts: int) -> "list[Count]":
        """Split it into parts that are as equal as whole numbers can be."""
        answered = {name: shares(value, [1] * parts) for name, value in self.answered.items()}
        latency = {name: shares(value, [1] * parts) for name, value in self.latency.items()}
        unanswered, given_up = (shares(value, [1] * parts) for value in (self.unanswered, self.given_up))
        return [
            Count(
                self.sampling,
                {name: each[n] for name, each in answered.items() if each[n]},
                {name: each[n] for name, each in latency.items() if each[n]},
                unanswered[n],
                given_up[n],
            )
            for n in range(parts)
        ]


class RequestFold:
    """The requests of one host, window by window."""

    def __init__(self, counters: Counter[str]) -> None:
        self._counters = counters
        # The last window and what it emitted: an agent that was restarted in it reports it again.
        self._last: tuple[int, dict[Key, Count]] = (-1, {})
        self._waiting: tuple[int, dict[Seen, Count]] = (-1, {})  # the next window, and what waits for it

    def turn(self, host: Host, header: Batch, window: Window) -> list[FlowRequestBatch]:
        """Return the requests of one window, before the host forgets what closed in it."""
        seen = self._seen(host, window.batches("requests"))
        at, waiting = self._waiting
        if not seen and not waiting:
            return []
        ends = _ends(host)
        seen, waiting = (_gathered(counts, ends) for counts in (seen, waiting))
        unknown = {one: seen.pop(one) for one in list(seen) if one[1:] not in ends}
        if "connections" in window.lacks() or "connections" not in host.restated:
            self._counters["requests_without_connection"] += len(unknown)
            unknown = {}
        self._waiting = (header.window + header.width, unknown)
        for one, count in waiting.items():
            if at == header.window and one[1:] in ends:
                seen[one] = count.plus(seen.get(one))
            elif at > header.window:  # an agent that was restarted in this window reports it again
                unknown[one] = count.plus(unknown.get(one))
            else:
                self._counters["requests_without_connection"] += 1
        counted = _by_connection(seen, ends)
        batches = window.batches("requests")
        grid = covered(header.window, header.width, batches[0].covers if batches else 0, len(counted))
        parts = {key: count.split(len(grid)) for key, count in counted.items()} if len(grid) > 1 else {}
        past = [
            (at, {key: split[n] for key, split in parts.items() if split[n].any()}) for n, at in enumerate(grid[:-1])
        ]
        counted = {key: split[-1] for key, split in parts.items()} or counted
        emitted = [*past, (header.window, self._whole(header.window, counted))]
        return [batch for at, counts in emitted for batch in _batches(header.width, at, counts)]

    def _seen(self, host: Host, batches: list[RequestBatch]) -> dict[Seen, Count]:
        seen: dict[Seen, Count] = {}
        for batch in batches:
            for client, port, server, serving, serves, *count, transport in batch.requests.rows():
                one, other = (
                    Endpoint(host.scope(address, batch.netns), address, number)
                    for address, number in ((server, serving), (client, port))
                )
                flow, end = format_flow(TRANSPORTS.get(transport, "tcp"), one, other)
                key = (batch.netns, flow, end if serves else 1 - end)
                seen[key] = Count(batch.sampling, *count).plus(seen.get(key))
        return seen

    def _whole(self, window: int, counted: dict[Key, Count]) -> dict[Key, Count]:
        """Add what was emitted for the same window before, if the agent was restarted in it."""
        last, before = self._last
        if last == window:
            counted = before | {key: count.plus(before.get(key)) for key, count in counted.items()}
        self._last = (window, counted)
        return counted


def _ends(host: Host) -> dict[Key, Connection]:
    """Return the connections by their ends, and by the ends that their host sees where they are translated (NAT)."""
    ends: dict[Key, Connection] = {}
    for one in host.connections.values():
        ends[one.flow, one.end] = one
        ends.setdefault((one.flow, 1 - one.end), one)
        if one.within:
            ends[one.within, one.within_end] = one
            ends.setdefault((one.within, 1 - one.within_end), one)
    return ends


def _gathered(counts: dict[Seen, Count], ends: dict[Key, Connection]) -> dict[Seen, Count]:
    """Put requests from ports that come and go, of which no connection is known, on the one that stands for them."""
    gathered: dict[Seen, Count] = {}
    for (netns, flow, end), count in counts.items():
        key = flow, end
        if key not in ends and flow.startswith("udp "):
            key = next((one for one in _portless(flow, end) if one in ends), key)
        gathered[netns, *key] = count.plus(gathered.get((netns, *key)))
    return gathered


def _portless(flow: str, end: int) -> Iterator[Key]:
    """Yield a flow as it is if the ports of one end come and go."""
    transport, *both = parse_flow(flow)
    own, other = both[end], both[1 - end]
    yield format_flow(transport, own._replace(port=0), other)
    yield format_flow(transport, own, other._replace(port=0))


def _by_connection(seen: dict[Seen, Count], ends: dict[Key, Connection]) -> dict[Key, Count]:
    """Return the counts by the flow of their connection.

    Packets of a translated connection pass several namespaces, and each counts them. That of its socket counts.
    """
    counted: dict[Key, Count] = {}
    for (netns, flow, end), count in seen.items():
        connection = ends[flow, end]
        if connection.port.netns != netns:
            continue
        turned = flow != connection.flow and connection.end != connection.within_end
        key = (connection.flow, end ^ turned)
        counted[key] = count.plus(counted.get(key))
    return counted


def _batches(width: int, window: int, counted: dict[Key, Count]) -> list[FlowRequestBatch]:
    rows: list[tuple[Any, ...]] = [
        (
            window,
            flow,
            end,
            width,
            count.sampling,
            _sum(count.answered),
            _sum(count.latency),
            count.unanswered,
            count.given_up,
        )
        for (flow, end), count in sorted(counted.items())
    ]
    return [
        FlowRequestBatch(requests=FlowRequests.of(rows[start : start + BATCH_ROWS]))
        for start in range(0, len(rows), BATCH_ROWS)
    ]


def _sum(*tallies: Mapping[Any, int]) -> dict[Any, int]:
    """Return the sum of tallies with sorted names, because the store compares them as text."""
    names = sorted({name for tally in tallies for name in tally})
    return {name: sum(tally.get(name, 0) for tally in tallies) for name in names}
