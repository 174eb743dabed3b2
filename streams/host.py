"""What is known of one host at one moment of its own time: processes, who holds which socket, listeners, connections.

Changed by one complete window at a time, in order. A keyframe replaces what it restates, so that a state rebuilt from
the last keyframes equals one that has read everything.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct

from schemas.ids import Endpoint, format_flow, process_node
from schemas.raw import ConnectionBatch, Heartbeat, ListenerBatch, OwnerBatch, ProcessBatch
from schemas.verdict import CONNECTED, LISTENER, PORT, b_serves, verdict
from streams.assembly import Window
from streams.naming import NamingRule, program, service
from streams.scope import Network, local_networks, scope

TRANSPORTS = {6: "tcp", 17: "udp"}
SYN_SENT = 2  # include/net/tcp_states.h
EPHEMERAL = 32_768  # default of net.ipv4.ip_local_port_range
Holder = tuple[int, int]  # pid, start
Link = tuple[str, Endpoint]  # client's service, server
Identity = tuple[str, str, str, str, str, str, bool, int]  # a row of schemas.graph.Identities


class Process(Struct, eq=False):
    """A process and what its facts make of it."""

    node: str
    pid: int
    started: int
    parent: int
    name: str
    service: str
    container: str
    facts: dict[str, Any]


class Connection(Struct, eq=False):
    """An open connection. `owner` is none while nobody is known to hold its socket."""

    flow: str
    end: int
    verdict: int
    local_port: int
    transport: int
    since: int
    fresh: bool
    remote: Endpoint
    first: int  # window of its first row in this state, ms
    who: Identity
    owner: Process | None = None
    provenance: str = ""
    tied: bool = False
    link: Link | None = None  # to whom it connects, where this end is the client and its owner is known

    def identify(self) -> None:
        """Put what is known of the owner into `who`."""
        host, owner = self.who[0], self.owner
        if owner is None:
            self.who = (host, "", "", "", "", "", self.tied, 0)
        else:
            self.who = (
                host,
                owner.node,
                owner.service,
                owner.name,
                owner.container,
                self.provenance,
                self.tied,
                owner.started,
            )
            serves = b_serves(self.verdict) == (self.end == 1)
            self.link = None if serves else (owner.service, self.remote)


class Host:
    """The state of one host."""

    def __init__(self, host_id: str, boot_id: str, rules: Sequence[NamingRule]) -> None:
        self.host_id = host_id
        self.boot_id = boot_id
        self.hostname = host_id
        self.processes: dict[Holder, Process] = {}
        self.connections: dict[int, Connection] = {}
        self._by_pid: dict[int, Process] = {}
        self.holders: dict[int, tuple[Holder, ...]] = {}  # cookie -> who holds the socket
        self._listeners: dict[int, tuple[int, int]] = {}  # cookie -> transport, port
        self._listening: dict[tuple[int, int], int] = {}  # transport, port -> cookie
        self._networks: tuple[Network, ...] = ()
        self._rules = rules

    def learn(self, window: Window) -> list[Process]:
        """Take in who runs, listens and holds what; return the processes that are new or changed."""
        if window.heartbeat is not None:
            self._locate(window.heartbeat)
        changed = self._processes(window.batches("processes"))
        for batch in window.batches("listeners"):
            self._listen(batch)
        for batch in window.batches("owners"):
            self._own(batch)
        return changed

    def forget(self, window: Window) -> None:
        """Drop the connections, holdings and processes that ended in the window, once the window has been told."""
        for batch in window.batches("connections"):
            for cookie, closed in zip(batch.connections.cookie, batch.connections.closed, strict=True):
                if closed:
                    self.connections.pop(cookie, None)
        for batch in window.batches("owners"):
            for cookie, pid, start in batch.gone.rows():
                self._release(cookie, (pid, start), last=True)
        for batch in window.batches("processes"):
            for pid, start in zip(batch.exits.pid, batch.exits.start, strict=True):
                self.processes.pop((pid, start), None)

    def resolve(self, cookie: int, connection: Connection, *, closed: bool) -> None:
        """Find the process at this end. One that closed without a known holder was accepted by its listener's."""
        holders = self.holders.get(cookie, ())
        provenance = "scan"
        if not holders and closed and connection.owner is None:
            listener = self._listening.get((connection.transport, connection.local_port))
            holders = self.holders.get(listener, ()) if listener is not None else ()
            provenance = "listener"
        if not holders:
            return
        owner, connection.tied = self._eldest(holders)
        if owner is not None:
            connection.owner, connection.provenance = owner, provenance
        connection.identify()

    def restate(self, cookies: set[int]) -> None:
        """Drop every connection that a keyframe does not name."""
        self.connections = {cookie: held for cookie, held in self.connections.items() if cookie in cookies}

    def admit(self, batch: ConnectionBatch) -> list[Connection]:
        """Return a batch's connections row by row, making those that are new."""
        known = self.connections
        found = [known.get(cookie) for cookie in batch.connections.cookie]
        if None not in found:
            return [connection for connection in found if connection is not None]
        admitted = []
        for row, connection in zip(batch.connections.rows(), found, strict=True):
            made = connection or known.get(row[0]) or self._connection(batch, row)
            known[row[0]] = made
            admitted.append(made)
        return admitted

    def _connection(self, batch: ConnectionBatch, row: tuple[Any, ...]) -> Connection:
        """Make a connection of its first row: its flow, its end, and who serves as far as this host can tell."""
        _, transport, address, port, peer, peer_port, state, _, since, _, fresh, *_ = row
        here = scope(address, self.host_id, batch.netns, self._networks)
        there = scope(peer, self.host_id, batch.netns, self._networks)
        remote = Endpoint(there, peer, peer_port)
        flow, end = format_flow(TRANSPORTS.get(transport, str(transport)), Endpoint(here, address, port), remote)
        if (transport, port) in self._listening:
            decided = verdict(LISTENER, end == 1)
        elif state == SYN_SENT or port >= EPHEMERAL > peer_port:
            decided = verdict(CONNECTED, end == 0)
        else:
            decided = verdict(PORT, (port < peer_port) == (end == 1))
        nobody: Identity = (self.host_id, "", "", "", "", "", False, 0)
        return Connection(flow, end, decided, port, transport, since, fresh, remote, batch.window, nobody)

    def _locate(self, heartbeat: Heartbeat) -> None:
        local = zip(heartbeat.interfaces.address, heartbeat.interfaces.prefix, heartbeat.interfaces.local, strict=True)
        self._networks = local_networks((address, prefix) for address, prefix, only_here in local if only_here)
        self.hostname = heartbeat.hostname or self.host_id

    def _processes(self, batches: list[ProcessBatch]) -> list[Process]:
        if batches and batches[0].keyframe:
            told = [columns for batch in batches for columns in (batch.processes, batch.exits)]
            stated = {key for columns in told for key in zip(columns.pid, columns.start, strict=True)}
            self.processes = {key: process for key, process in self.processes.items() if key in stated}
        changed = []
        for batch in batches:
            for row in batch.processes.rows():
                facts = dict(zip(batch.processes.__struct_fields__, row, strict=True))
                known = self.processes.get((facts["pid"], facts["start"]))
                if known is None or known.facts != facts:
                    known = self._changed(known, facts)
                changed.append(known)
        if batches:
            ordered = sorted(self.processes.items(), key=lambda item: item[0][1])
            self._by_pid = {pid: process for (pid, _), process in ordered}
        return changed

    def _changed(self, known: Process | None, facts: dict[str, Any]) -> Process:
        made = self._process(facts)
        if known is None:
            self.processes[facts["pid"], facts["start"]] = made
            return made
        for name in made.__struct_fields__:  # in place: connections point to it
            setattr(known, name, getattr(made, name))
        return known

    def _process(self, facts: dict[str, Any]) -> Process:
        name = program(facts["comm"], facts["exe"], facts["cmdline"])
        return Process(
            node=process_node(self.host_id, self.boot_id, facts["pid"], facts["start"]),
            pid=facts["pid"],
            started=facts["started"],
            parent=facts["parent"],
            name=name,
            service=service(self._rules, name, facts["cmdline"], facts["unit"], facts["container"], facts["user"]),
            container=facts["container"],
            facts=facts,
        )

    def _listen(self, batch: ListenerBatch) -> None:
        if batch.keyframe and batch.part == 0:
            self._listeners.clear()
        for cookie in batch.gone:
            self._listeners.pop(cookie, None)
        rows = batch.listeners
        for cookie, transport, port in zip(rows.cookie, rows.transport, rows.port, strict=True):
            self._listeners[cookie] = (transport, port)
        self._listening = {key: cookie for cookie, key in sorted(self._listeners.items(), reverse=True)}

    def _own(self, batch: OwnerBatch) -> None:
        if batch.keyframe and batch.part == 0:
            self.holders.clear()
        for cookie, pid, start in batch.gone.rows():
            self._release(cookie, (pid, start), last=False)
        for cookie, pid, start in zip(batch.owners.cookie, batch.owners.pid, batch.owners.start, strict=True):
            held = self.holders.get(cookie, ())
            if (pid, start) not in held:
                self.holders[cookie] = (*held, (pid, start))

    def _release(self, cookie: int, holder: Holder, *, last: bool) -> None:
        """End a holding. The last holder of a socket keeps it until the window that closes it has been told."""
        left = tuple(held for held in self.holders.get(cookie, ()) if held != holder)
        if left:
            self.holders[cookie] = left
        elif last:
            self.holders.pop(cookie, None)

    def _eldest(self, holders: Iterable[Holder]) -> tuple[Process | None, bool]:
        """Return the one holder or the one all others descend from, and whether there is a tie instead."""
        known = [self.processes[holder] for holder in holders if holder in self.processes]
        for candidate in known:
            if all(other is candidate or self._descends(other, candidate) for other in known):
                return candidate, False
        return None, len(known) > 1

    def _descends(self, process: Process, ancestor: Process) -> bool:
        seen: set[int] = set()
        while process is not ancestor and process.parent not in seen and process.parent in self._by_pid:
            seen.add(process.parent)
            process = self._by_pid[process.parent]
        return process is ancestor
