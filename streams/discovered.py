"""Facts that the operator's own programs print, put on the nodes of their host.

They are emitted in the first window of every minute and of every run, and whenever they are restated. A fact of a port
belongs to the process that listens there in the host's own network namespace, or to the service of all that may. Where
nobody listens, it belongs to the host.
"""

from collections.abc import Iterator
from itertools import islice

from schemas.graph import NodeFactBatch, NodeFacts
from schemas.raw import Batch, DiscoveredBatch
from schemas.topics import DISCOVERED
from streams.assembly import Window, reported
from streams.host import Host
from streams.listening import Port
from streams.minutes import begins_minute, bit_of, hour_of, minute_of

TCP, UDP = 6, 17
MOST = 4_000  # rows of a window
Node = tuple[str, str]  # process node and service; both empty for the host
HOST: Node = ("", "")


class Discovered:
    """The facts that the programs of one host print; a batch that is a keyframe restates them."""

    def __init__(self) -> None:
        self._known: list[tuple[str, str, int, int, int, str, str]] = []  # rows of schemas.raw.Discovered

    def turn(self, host: Host, header: Batch, window: Window) -> NodeFactBatch:
        """Take what a window reports; return the rows that it emits."""
        restated = window.restates(DISCOVERED.name)
        if restated:
            batches: list[DiscoveredBatch] = window.batches(DISCOVERED.name)
            self._known = sorted({fact for batch in batches for fact in batch.facts.rows()})
        elif host.outdated(window, {DISCOVERED.name}) or not _reports(window):
            self._known = []
        if not self._known or not (restated or begins_minute(header)):
            return NodeFactBatch()
        ports = _Ports(host, header, window)
        found = dict.fromkeys(
            (name, node, of, port, program, value)
            for program, name, port, pid, start, service, value in self._known
            for node, of in _nodes(host, ports, port, (pid, start), service)
        )
        minute = minute_of(header.window)
        when = header.window, bit_of(minute)
        return NodeFactBatch(
            facts=NodeFacts.of((hour_of(minute), host.name, *row, *when) for row in islice(found, MOST))
        )


def _reports(window: Window) -> bool:
    """Return whether the agent runs programs, as far as it is known."""
    return window.heartbeat is None or DISCOVERED.name in reported(window.heartbeat)


class _Ports:
    """Who listens on the ports of the host's own network namespace."""

    def __init__(self, host: Host, header: Batch, window: Window) -> None:
        self._host, self._at = host, header.window
        self._known = host.whole and "listeners" not in window.lacks()
        self._listening: dict[Port, list[list[int]]] = {}
        for (port, _), cookies in host.listening.lasting().items():
            self._listening.setdefault(port, []).append(cookies)

    def nodes(self, number: int) -> Iterator[Node]:
        """Yield who listens on a port; nothing while that may become known."""
        if not self._known:
            return
        port = next((port for port in self._of(number) if port in self._listening), None)
        if port is None:
            yield HOST
            return
        for cookies in self._listening[port]:
            who = self._host.listens(cookies, port, self._at)
            if who is not None:
                yield who.node, who.service

    def _of(self, number: int) -> Iterator[Port]:
        yield from (Port(self._host.netns, transport, number) for transport in (TCP, UDP))


def _nodes(host: Host, ports: _Ports, port: int, process: tuple[int, int], service: str) -> Iterator[Node]:
    """Yield the nodes that a fact is of: none for a process that has ended."""
    if port:
        yield from ports.nodes(port)
    elif process != (0, 0):
        known = host.running.get(process)
        if known is not None:
            yield known.node, known.service
    else:
        yield "", service
