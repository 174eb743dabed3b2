"""What happened on a host: processes that start and exit, agents that start or fall silent, edges that come and go.

A collector that fails is news, and so is its recovery. Meanwhile no edge vanishes, for nobody looks; and what is found
afterwards is taken for what was there before, until the state has looked on for long enough again.

An edge appears when its client opens a connection to a server it had none to, and vanishes when it has had none for a
while; both are told from the client's end, by service, so that a client that forks for every request is one thing.
"""

from typing import Any

from schemas.graph import Events
from schemas.ids import host_node, service_node
from schemas.raw import Batch, Heartbeat
from streams.assembly import STATE, Window
from streams.host import Host, Link

SETTLED_MS = 120_000  # what is new is told once a state has looked on for this long
VANISHED_MS = 60_000  # how long an edge has no connection before it counts as gone
FORGOTTEN_MS = 120_000  # after a longer silence a host is looked at anew: a reader that began meanwhile knows no better
Row = tuple[Any, ...]


class Chronicle:
    """Tells the events of one host, window by window."""

    def __init__(self) -> None:
        self._began = 0
        self._previous: int | None = None
        self._links: dict[Link, int] = {}  # window in which it last had a connection
        self._failing: frozenset[str] | None = None  # topics, as of the heartbeat before; none: not known

    def turn(self, host: Host, header: Batch, window: Window) -> Events:
        """Return the events of one window."""
        if self._previous is None or header.window - self._previous > FORGOTTEN_MS:
            self._began, self._previous = header.window, None
            self._links.clear()
            self._failing = None
        if window.lacks() & STATE:
            self._began = header.window
            self._links = dict.fromkeys(self._links, header.window)
        rows = [
            *self._agent(host, header),
            *self._collectors(host, header, window.heartbeat),
            *_processes(host, header, window),
            *self._edges(host, header),
        ]
        self._previous = header.window
        return Events.of(sorted(set(rows)))

    def _agent(self, host: Host, header: Batch) -> list[Row]:
        rows = []
        node = host_node(host.host_id)
        if header.seq == 0:
            rows.append((header.run, "agent_started", node, "", host.host_id, "", f"agent started on {host.hostname}"))
        if self._previous is not None and header.window > self._previous + 2 * header.width:
            quiet = (header.window - self._previous) // 1000
            since = self._previous + header.width
            detail = f"nothing was heard of {host.hostname} for {quiet} s"
            rows.append((since, "host_silent", node, "", host.host_id, "", detail))
        return rows

    def _collectors(self, host: Host, header: Batch, heartbeat: Heartbeat | None) -> list[Row]:
        """Tell which collectors failed or recovered. A reader that begins among failures takes them for told."""
        if heartbeat is None:
            return []
        failing = frozenset(heartbeat.failed)
        before = frozenset() if header.seq == 0 else failing if self._failing is None else self._failing
        recovered = (failing if self._failing is None else self._failing) - failing
        self._failing = failing
        node = host_node(host.host_id)
        rows = []
        for kind, topics in (("collector_failed", failing - before), ("collector_recovered", recovered)):
            for topic in topics:
                detail = f"the collector of {topic} on {host.hostname} "
                detail += f"failed: {heartbeat.failed[topic]}" if topic in failing else "is back"
                rows.append((header.window, kind, node, topic, host.host_id, "", detail))
        return rows

    def _edges(self, host: Host, header: Batch) -> list[Row]:
        rows = []
        settled = header.window - self._began >= SETTLED_MS
        links = {held.link for held in host.connections.values() if held.link is not None}
        new = links - self._links.keys()
        if new and settled:
            fresh = {held.link for held in host.connections.values() if held.fresh}
            rows += [_edge(host, header.window, "edge_appeared", link, "talks to") for link in new & fresh]
        self._links.update(dict.fromkeys(links, header.window))
        for link in [link for link, last in self._links.items() if header.window - last >= VANISHED_MS]:
            last = self._links.pop(link)
            rows.append(_edge(host, last + header.width, "edge_vanished", link, "no longer talks to"))
        return rows


def _processes(host: Host, header: Batch, window: Window) -> list[Row]:
    rows = []
    end = header.window + header.width
    for batch in window.batches("processes"):
        for key in zip(batch.processes.pid, batch.processes.start, strict=True):
            process = host.processes[key]
            if header.window <= process.started < end:
                detail = f"{process.name} started (pid {process.pid})"
                rows.append(
                    (process.started, "process_started", process.node, "", host.host_id, process.service, detail)
                )
        for pid, start, exited, code, signal in batch.exits.rows():
            gone = host.processes.get((pid, start))
            if gone is not None:
                how = f", signal {signal}" if signal else f", code {code}" if code >= 0 else ""
                detail = f"{gone.name} exited (pid {pid}{how})"
                rows.append((exited, "process_exited", gone.node, "", host.host_id, gone.service, detail))
    return rows


def _edge(host: Host, time: int, kind: str, link: Link, verb: str) -> Row:
    name, _, target = link.rpartition(" ")
    return time, kind, service_node(name), target, host.host_id, name, f"{name} {verb} {target}"
