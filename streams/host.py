"""What is known of one host at one moment of its own time: processes, who holds which socket, listeners, connections.

Changed by one complete window at a time, in order. A keyframe replaces what it restates, so that a state rebuilt from
the last keyframes equals one that has read everything. What a keyframe does not restate, because a collector failed,
stays as it was.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from zlib import crc32

from msgspec import Struct

from schemas.ids import Endpoint, format_endpoint, format_flow, process_node
from schemas.raw import ConnectionBatch, Heartbeat, ListenerBatch, OwnerBatch, ProcessBatch
from schemas.verdict import b_serves, by_port, connected, listens
from streams.assembly import STATE, Window
from streams.naming import NamingRule, name_process
from streams.scope import Network, local_networks, scope

TRANSPORTS = {6: "tcp", 17: "udp"}
SYN_SENT = 2  # include/net/tcp_states.h
ANY = {"0.0.0.0", "::"}  # a listener bound to one of these takes what comes to any address
Holder = tuple[int, int]  # pid, start
Link = str  # client's service, a space, server; text because every window hashes them all and text keeps its hash
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
    transport: int
    local: Endpoint
    remote: Endpoint
    since: int
    fresh: bool
    unowned: int  # first window told without an owner, ms; while there is none
    who: Identity
    spread: int = 0  # of the flow, for partitions: a hash that is the same everywhere
    nth: int = 0  # its number among the connections of the flow in the window `nth_at`; 0 in all others
    nth_at: int = -1
    owner: Process | None = None
    provenance: str = ""
    tied: bool = False
    link: Link | None = None  # to whom it connects, where this end is the client and its owner is known

    def identify(self) -> None:
        """Put what is known of the owner into `who`."""
        host, owner = self.who[0], self.owner
        if owner is None:
            self.who = (host, "", "", "", "", "", self.tied, 0)
            self.link = None
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
            self.link = None if serves else f"{owner.service} {format_endpoint(self.remote)}"


class Host:
    """The state of one host."""

    def __init__(self, host_id: str, boot_id: str, rules: Sequence[NamingRule], name: str = "") -> None:
        self.host_id = host_id
        self.boot_id = boot_id
        self.name = name or host_id  # another one where several hosts report under one id
        self.hostname = self.name
        self.processes: dict[Holder, Process] = {}
        self.connections: dict[int, Connection] = {}
        self._closed: dict[int, Connection] = {}  # in the last window, of which an agent restarted in it tells again
        self._by_pid: dict[int, Process] = {}
        self.holders: dict[int, tuple[Holder, ...]] = {}  # cookie -> who holds the socket
        self._listeners: dict[int, tuple[int, int, str]] = {}  # cookie -> transport, port, address
        self._listening: dict[tuple[int, int], list[tuple[str, int]]] = {}  # transport, port -> addresses, cookies
        self.networks: tuple[Network, ...] = ()
        self.restated: set[str] = set()  # topics of which all has been known at some time
        self.whole = False  # connections have been restated while all else was known: it is known who serves
        self.owned_since: int | None = None  # window from which on all that run and all that is held has been known
        self.unsure = False  # processes may have started that were not reported
        self.stirred = True  # who runs has changed, or all was restated, since sockets without an owner were looked at
        self._rules = rules

    def learn(self, window: Window) -> list[Process]:
        """Take in who runs, listens and holds what; return the processes that were told of."""
        if window.heartbeat is not None:
            self._locate(window.heartbeat)
        if window.restates("listeners"):
            self._listeners.clear()
        if window.restates("owners"):
            self.holders.clear()
        self.restated |= {topic for topic in STATE if window.restates(topic)}
        if {"processes", "owners"} <= self.restated:
            at = window.any().window
            self.owned_since = min(self.owned_since or at, at)
        self.whole |= self.restated >= STATE and window.restates("connections")
        self.unsure = "processes" in window.lacks() or "processes" not in self.restated
        self.stirred |= any(window.restates(topic) for topic in STATE)
        told = self._processes(window.batches("processes"), restated=window.restates("processes"))
        for batch in window.batches("listeners"):
            self._listen(batch)
        for batch in window.batches("owners"):
            self._own(batch)
        if (window.restates("owners") or window.restates("processes")) and not window.restates("connections"):
            self._unsettle(window.any().window)
        return told

    def _unsettle(self, at: int) -> None:
        """Forget who is at every connection: it is found anew from what was restated, as new readers find it."""
        for connection in self.connections.values():
            if connection.owner is not None:
                connection.unowned = at
            connection.owner, connection.tied = None, False
            connection.identify()

    def forget(self, window: Window) -> None:
        """Drop the connections, holdings and processes that ended in the window, once the window has been told."""
        self._closed = {}
        for batch in window.batches("connections"):
            for cookie, closed in zip(batch.connections.cookie, batch.connections.closed, strict=True):
                if closed and cookie in self.connections:
                    self._closed[cookie] = self.connections.pop(cookie)
        for batch in window.batches("owners"):
            for cookie, pid, start in batch.gone.rows():
                self._release(cookie, (pid, start), last=True)
        for batch in window.batches("processes"):
            self.stirred |= len(batch.exits) > 0
            for pid, start in zip(batch.exits.pid, batch.exits.start, strict=True):
                self.processes.pop((pid, start), None)

    def resolve(self, cookie: int, connection: Connection, *, closed: bool) -> None:
        """Find the process at this end. One that closed without a known holder was accepted by its listener's.

        Of several holders, or listeners, that which a reader knows may not be the one, before it knows them all.
        """
        if "owners" not in self.restated:
            return
        holders: Iterable[Holder] = self.holders.get(cookie, ())
        provenance = "scan"
        if not holders and closed and connection.owner is None and "listeners" in self.restated:
            listeners = self._serving(connection.transport, connection.local.address, connection.local.port)
            holders = {holder for each in listeners for holder in self.holders.get(each, ())}
            provenance = "listener"
        owner, tied = self._eldest(holders)
        if owner is not None or tied:
            connection.owner, connection.tied, connection.provenance = owner, tied, provenance
            connection.identify()

    def admit(self, batch: ConnectionBatch, *, restated: bool) -> list[Connection]:
        """Return a batch's connections row by row, making those that are new, or all where all is restated."""
        known, columns = self.connections, batch.connections
        found = [known.get(cookie) for cookie in columns.cookie]
        if not restated and None not in found and not any(columns.opened):
            held = [connection for connection in found if connection is not None]
            if [connection.since for connection in held] == columns.since:
                return held
        admitted = []
        for row, opened, since in zip(columns.rows(), columns.opened, columns.since, strict=True):
            connection = known.get(row[0])
            if restated or opened or connection is None or connection.since != since:
                connection = self._connection(batch, row, connection or self._closed.get(row[0]))
            known[row[0]] = connection
            admitted.append(connection)
        return admitted

    def _connection(self, batch: ConnectionBatch, row: tuple[Any, ...], before: Connection | None) -> Connection:
        """Make a connection of a row: its flow, its end, and who serves as far as this host can tell.

        A socket may have connected anew, so nothing is taken over from what it was `before` to another peer.
        """
        _, transport, address, port, peer, peer_port, state, _, since, _, fresh, accepted, *_ = row
        here = scope(address, self.name, batch.netns, self.networks)
        there = scope(peer, self.name, batch.netns, self.networks)
        remote = Endpoint(there, peer, peer_port)
        local = Endpoint(here, address, port)
        flow, end = format_flow(TRANSPORTS.get(transport, str(transport)), local, remote)
        ports = (peer_port, port) if end else (port, peer_port)
        if accepted or self._serving(transport, address, port):  # the listener may be gone before its connections
            decided = listens(end, *ports)
        elif state == SYN_SENT or "listeners" in self.restated:
            decided = connected(end, *ports)
        else:
            decided = by_port(*ports)
        nobody: Identity = (self.name, "", "", "", "", "", False, 0)
        spread = crc32(flow.encode())
        made = Connection(flow, end, decided, transport, local, remote, since, fresh, batch.window, nobody, spread)
        if before is not None and before.flow == flow:
            made.nth, made.nth_at = before.nth, before.nth_at
            if before.owner is None:
                made.unowned = before.unowned
        return made

    def _serving(self, transport: int, address: str, port: int) -> list[int]:
        """Return the listeners that take what comes to an address; one bound to it goes before one bound to any."""
        bound = self._listening.get((transport, port), ())
        return [cookie for at, cookie in bound if at == address] or [cookie for at, cookie in bound if at in ANY]

    def _locate(self, heartbeat: Heartbeat) -> None:
        local = zip(heartbeat.interfaces.address, heartbeat.interfaces.prefix, heartbeat.interfaces.local, strict=True)
        if (heartbeat.keyframe and not heartbeat.failed.keys() & {"hosts", "heartbeats"}) or len(heartbeat.interfaces):
            self.networks = local_networks((address, prefix) for address, prefix, only_here in local if only_here)
        self.hostname = heartbeat.hostname or self.hostname

    def _processes(self, batches: list[ProcessBatch], *, restated: bool) -> list[Process]:
        if restated:
            stating = [columns for batch in batches for columns in (batch.processes, batch.exits)]
            stated = {key for columns in stating for key in zip(columns.pid, columns.start, strict=True)}
            self.processes = {key: process for key, process in self.processes.items() if key in stated}
        told = []
        renamed = set()
        for batch in batches:
            for row in batch.processes.rows():
                facts = dict(zip(batch.processes.__struct_fields__, row, strict=True))
                known = self.processes.get((facts["pid"], facts["start"]))
                if known is None:
                    known = self.processes[facts["pid"], facts["start"]] = self._process(facts)
                elif known.facts != facts:
                    self._rename(known, facts)
                    renamed.add(known)
                told.append(known)
        self.stirred |= bool(told)
        if batches:
            ordered = sorted(self.processes.items(), key=lambda item: item[0][1])
            self._by_pid = {pid: process for (pid, _), process in ordered}
        if renamed:
            for connection in self.connections.values():
                if connection.owner in renamed:
                    connection.identify()
        return told

    def _rename(self, known: Process, facts: dict[str, Any]) -> None:
        made = self._process(facts)
        for name in made.__struct_fields__:  # in place: connections point to it
            setattr(known, name, getattr(made, name))

    def _process(self, facts: dict[str, Any]) -> Process:
        named = name_process(self._rules, facts)
        return Process(
            node=process_node(self.host_id, self.boot_id, facts["pid"], facts["start"]),
            pid=facts["pid"],
            started=facts["started"],
            parent=facts["parent"],
            name=named.program.name,
            service=named.service.name,
            container=facts["container"],
            facts=facts,
        )

    def _listen(self, batch: ListenerBatch) -> None:
        for cookie in batch.gone:
            self._listeners.pop(cookie, None)
        rows = batch.listeners
        for cookie, transport, port, address in zip(rows.cookie, rows.transport, rows.port, rows.address, strict=True):
            self._listeners[cookie] = (transport, port, address)
        self._listening = {}
        for cookie, (transport, port, address) in sorted(self._listeners.items()):
            self._listening.setdefault((transport, port), []).append((address, cookie))

    def _own(self, batch: OwnerBatch) -> None:
        for cookie, pid, start in zip(batch.owners.cookie, batch.owners.pid, batch.owners.start, strict=True):
            held = self.holders.get(cookie, ())
            if (pid, start) not in held:
                self.holders[cookie] = (*held, (pid, start))
        for cookie, pid, start in batch.gone.rows():
            self._release(cookie, (pid, start), last=False)

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
        if self.unsure and any(holder not in self.processes for holder in holders):
            return None, False
        for candidate in known:
            if all(other is candidate or self._descends(other, candidate) for other in known):
                return candidate, False
        return None, len(known) > 1

    def _descends(self, process: Process, ancestor: Process) -> bool:
        seen: set[int] = set()
        while process is not ancestor and process.parent not in seen and process.parent in self._by_pid:
            seen.add(process.parent)
            parent = self._by_pid[process.parent]
            if parent.facts["start"] > process.facts["start"]:
                return False  # the parent is gone, and its pid another's
            process = parent
        return process is ancestor
