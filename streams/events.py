"""Events of a host: processes that start and exit, agents that start or fall silent, edges that appear and vanish.

A collector that fails is an event, and so is its recovery. In between no edge vanishes, because nobody looks. Edges
that are found afterwards count as old ones, until the host has been seen as a whole for long enough again.

An edge appears when a client opens a connection to a server to which it had none. It vanishes when it has had none for
a while. Both events are emitted from the client's end and by service, so that a client that forks is one client.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from schemas.graph import Events
from schemas.ids import distinct_id, host_node, service_node
from schemas.lives import Life, Notice
from schemas.raw import Batch, Heartbeat
from streams.assembly import STATE, Window
from streams.connection import Link
from streams.host import Host

SETTLED_MS = 120_000  # new edges are emitted once the host has been seen as a whole for this long
VANISHED_MS = 60_000  # how long an edge has no connection before it counts as gone
LEAST_GAP_MS = 100  # a shorter gap is the time that a look takes
MOST_WINDOWS = 24  # the most windows of a gap that are listed
ALL_OF_IT = ": its next report covers all of that time"
BLIND_MS = 180_000  # an edge unseen for longer vanishes without an event: a reader that started late never knew it
FORGOTTEN_MS = 120_000  # after a longer silence a host starts anew, as it does for a reader that started meanwhile
Row = tuple[Any, ...]


class Chronicle:
    """Emits the events of one host, window by window."""

    def __init__(self) -> None:
        self._began = 0
        self._blind = 0  # last window in which not all of the host could be seen
        self._previous: int | None = None
        self._until = 0  # the end of what was looked at, ms
        self._links: dict[Link, int] = {}  # window in which it last had a connection
        self._unseen = set(STATE)  # topics that have not been restated since they were lacking
        self._complete = False  # all have been, and connections with them or later
        self._failing: frozenset[str] | None = None  # topics, by the heartbeat before; None if there was none

    def turn(self, host: Host, header: Batch, window: Window) -> Events:
        """Return the events of one window."""
        if self._previous is None or header.window - self._previous > FORGOTTEN_MS:
            self._began, self._previous = header.window, None
            self._links.clear()
            self._failing, self._unseen, self._complete = None, set(STATE), False
        sees = self._look(window) and host.whole
        if not sees:
            self._began = self._blind = header.window
        rows = [
            *self._agent(host, header),
            *_incomplete(host, header, window),
            *self._collectors(host, header, window.heartbeat),
            *_processes(host, header, window),
            *(self._edges(host, header) if sees else ()),
        ]
        self._previous = header.window
        self._until = (window.heartbeat and window.heartbeat.stopped) or header.window + header.width
        return Events.of(sorted(set(rows)))

    def _look(self, window: Window) -> bool:
        """Return whether all can be seen: by any reader, also one that began after what was lacking."""
        lacking = window.lacks() & STATE
        self._unseen = (self._unseen | lacking) - {topic for topic in STATE if window.restates(topic)}
        self._complete = not lacking and (self._complete or (not self._unseen and window.restates("connections")))
        return self._complete

    def _agent(self, host: Host, header: Batch) -> list[Row]:
        rows = []
        node = host_node(host.name)
        if header.seq == 0:
            rows.append((header.run, "agent_started", node, "", host.name, "", f"agent started on {host.hostname}"))
        if self._previous is None:
            return rows
        begins = header.window + header.width - (header.covers or header.width)
        lost = self._lost(begins, header.width)
        if header.window > self._previous + 2 * header.width:
            quiet = (header.window - self._previous) // 1000
            since = self._previous + header.width
            detail = f"{host.hostname} reported nothing for {quiet} s" + (lost or ALL_OF_IT)
            rows.append((since, "host_silent", node, "", host.name, "", detail))
        elif lost:
            detail = f"{host.hostname} was not looked at for {(begins - self._until) / 1000:.1f} s{lost}"
            rows.append((self._until, "gap", node, "", host.name, "", detail))
        return rows

    def _lost(self, begins: int, width: int) -> str:
        """List the windows up to a time that were not looked at, or not all the time, with the seconds lost of each."""
        if begins - self._until < LEAST_GAP_MS:
            return ""
        lost = []
        for at in range(self._until // width * width, begins, width):
            share = min(begins, at + width) - max(self._until, at)
            lost.append(f"{_clock(at)} ({share / 1000:.1f} s)")
        more = f" and {len(lost) - MOST_WINDOWS} more" if len(lost) > MOST_WINDOWS else ""
        windows = ", ".join(lost[:MOST_WINDOWS]) + more
        return (
            f", in windows {windows}: connections that opened and closed meanwhile are not known, "
            "the bytes of those that stayed open are caught up"
        )

    def _collectors(self, host: Host, header: Batch, heartbeat: Heartbeat | None) -> list[Row]:
        """Return the events of collectors that failed or recovered. Failures at a reader's start count as emitted."""
        if heartbeat is None:
            return []
        failing = frozenset(heartbeat.failed)
        before = frozenset() if header.seq == 0 else failing if self._failing is None else self._failing
        recovered = (failing if self._failing is None else self._failing) - failing
        self._failing = failing
        node = host_node(host.name)
        rows = []
        for kind, topics in (("collector_failed", failing - before), ("collector_recovered", recovered)):
            for topic in topics:
                detail = f"the collector of {topic} on {host.hostname} "
                detail += f"failed: {heartbeat.failed[topic]}" if topic in failing else "is back"
                rows.append((header.window, kind, node, topic, host.name, "", detail))
        return rows

    def _edges(self, host: Host, header: Batch) -> list[Row]:
        """Return the events of edges. Edges that a reader finds before it has seen the whole host count as emitted."""
        settled = header.window - self._began >= SETTLED_MS
        links = {held.link for held in host.connections.values() if held.link is not None}
        rows: list[Row] = []
        new = links - self._links.keys()
        if new and settled:
            fresh = {held.link for held in host.connections.values() if held.fresh}
            rows += [_edge(host, header.window, "edge_appeared", link, "talks to") for link in new & fresh]
        self._links.update(dict.fromkeys(links, header.window))
        if header.window - self._blind < VANISHED_MS:
            return rows
        for link in [link for link, last in self._links.items() if header.window - last >= VANISHED_MS]:
            seen = self._links.pop(link)
            last = max(seen, self._blind)
            if header.window - seen <= BLIND_MS + VANISHED_MS:
                rows.append(_edge(host, last + header.width, "edge_vanished", link, "no longer talks to"))
        return rows


def _incomplete(host: Host, header: Batch, window: Window) -> list[Row]:
    """Return the event of an incomplete window, one without its heartbeat or without parts that were sent."""
    if window.complete():
        return []
    beat = window.heartbeat
    sent = beat.sent.items() if beat else ()
    missing = sorted(topic for topic, count in sent if len(window.parts.get(topic, ())) < count)
    lacks = " and ".join(missing) if missing else "the end"
    detail = f"{lacks} of {host.hostname}'s window {_clock(header.window)} never came"
    return [(header.window, "window_incomplete", host_node(host.name), "", host.name, "", detail)]


def _processes(host: Host, header: Batch, window: Window) -> list[Row]:
    rows = []
    end = header.window + header.width
    for batch in window.batches("processes"):
        for key in zip(batch.processes.pid, batch.processes.start, strict=True):
            process = host.running.get(key)
            if process is not None and header.window <= process.started < end:
                detail = f"{process.name} started (pid {process.pid})"
                rows.append((process.started, "process_started", process.node, "", host.name, process.service, detail))
        for pid, start, exited, code, signal, oom in batch.exits.rows():
            gone = host.running.get((pid, start))
            if gone is not None:
                how = f", signal {signal}" if signal else f", code {code}" if code >= 0 else ""
                why = ", killed by the kernel for want of memory" if oom else ""
                detail = f"{gone.name} exited (pid {pid}{how}{why})"
                rows.append((exited, "process_exited", gone.node, "", host.name, gone.service, detail))
    return rows


def _edge(host: Host, time: int, kind: str, link: Link, verb: str) -> Row:
    name, _, target = link.rpartition(" ")
    return time, kind, service_node(name), target, host.name, name, f"{name} {verb} {target}"


def sharing(notices: Iterable[Notice]) -> Events:
    """Return the events of agents that begin or cease to share a host id."""
    return Events.of(_sharing(*notice) for notice in notices)


def _sharing(time: int, shared: bool, elder: Life, younger: Life, left: Life | None) -> Row:
    host_id = elder.host_id
    if younger.spot == elder.spot:
        subject, object_ = host_node(host_id), f"agent:{younger.run[1]}"
        advice = f"{younger.described()} reports too and is set aside: stop one of them"
    else:
        subject, object_ = host_node(distinct_id(host_id, *younger.spot)), host_node(host_id)
        advice = f"{younger.described()} does too: give one of them an id of its own (--host-id)"
    if shared:
        detail = f"{elder.described()} reports under host id {host_id}, and {advice}"
        return time, "host_id_shared", subject, object_, host_id, "", detail
    assert left is not None
    stays = younger if left is elder else elder
    detail = f"host id {host_id} is of {stays.described()} alone: {left.described()} no longer reports"
    return time, "host_id_unshared", subject, object_, host_id, "", detail


def _clock(at: int) -> str:
    return f"{datetime.fromtimestamp(at / 1000, UTC):%H:%M:%S}"
