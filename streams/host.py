"""The state of one host: its processes, the holders of its sockets, its listeners and connections.

One complete window after the other changes it, in order. A keyframe replaces what it restates. So a state that is
rebuilt from the last keyframes equals one that has read everything. Topics that a keyframe does not restate, because a
collector failed, stay as they were.
"""

from collections.abc import Iterable, Sequence, Set
from typing import Any
from zlib import crc32

from schemas.ids import Endpoint, format_flow, parse_flow, process_node
from schemas.raw import Batch, ConnectionBatch, Connections, Heartbeat, OwnerBatch
from schemas.unix_names import TRANSPORT, UNIX
from schemas.verdict import by_port, connected, listens
from streams.acceptors import Acceptor, acceptor
from streams.assembly import STATE, Window
from streams.cables import Cables
from streams.connection import Connection, Identity, nobody, owned, shared
from streams.listening import Listening, Port
from streams.naming import NamingRule, name_process
from streams.outside import Outside, alias
from streams.process import Holder, Process
from streams.running import Running
from streams.scope import Place, Scopes
from streams.speaking import UNKNOWN, Speaking

TCP = 6
TRANSPORTS = {TCP: "tcp", 17: "udp", UNIX: TRANSPORT}
DNS = "dns"  # which alone is seen over UDP
SYN_SENT, CLOSE = 2, 7  # include/net/tcp_states.h
SCAN, LISTENER = "scan", "listener"  # how the owner of an end is known
KNOWN_MS = 420_000  # with the next keyframe and STALE_MS, no more than a reader that starts then has read (rewind.py)
SPOKEN = {"requests"}  # the topic of what servers speak
OWNED_MS = 60_000  # within this time the holder of a listener is found, if it has one


class Host:
    """The state of one host."""

    def __init__(self, host_id: str, boot_id: str, rules: Sequence[NamingRule], name: str = "") -> None:
        self.host_id = host_id
        self.boot_id = boot_id
        self.name = name or host_id  # it differs from the id if several hosts report under one id
        self.hostname = self.name
        self.running = Running(self._process)
        self.connections: dict[int, Connection] = {}
        self._shared: set[int] = set()  # connections that are flows of sockets without a peer
        self._older: set[int] = set()  # connections that the last keyframe did not restate: it failed to read them
        self._closed: dict[int, Connection] = {}  # in the last window: an agent restarted in it reports it again
        self.holders: dict[int, tuple[Holder, ...]] = {}  # cookie -> holders of the socket
        self._named: dict[tuple[int, Holder], str] = {}  # how a holder is known, if not by a scan
        self._released: dict[int, list[Holder]] = {}  # cookie -> those who released the socket in this window
        self.listening = Listening()
        self._held: dict[Port, dict[tuple[str, int, Process], None]] | None = (
            None  # holders of connections, from before this window
        )
        self._accepting: dict[tuple[Port, str, int], Acceptor | None] = {}  # of this window
        self.netns = 0  # inode of the agent's own network namespace
        self.at: frozenset[Place] = frozenset()  # the addresses of its namespaces
        self._scopes = Scopes(self.name)
        self.outside = Outside()
        self._cables = Cables()
        self._speaking = Speaking()
        self.restated: dict[str, int] = {}  # topic -> the window that restated it last
        self.whole = False  # connections were restated when all other topics had been: it is known who serves
        self.owned_since: int | None = None  # the window since which all processes and holders have been known
        self.unsure = False  # processes may have started that were not reported
        self.stirred = True  # processes changed, or were restated, since sockets without an owner were last examined
        self._untied = False  # a tie ended in the last window
        self._rules = rules

    def outdated(self, window: Window, topics: Set[str]) -> bool:
        """Return whether a keyframe lacks one of some topics, and no window has restated it for KNOWN_MS."""
        since = window.any().window - KNOWN_MS
        return window.keyframe() and any(self.restated.get(topic, 0) < since for topic in topics & window.lacks())

    def learn(self, window: Window) -> list[Process]:
        """Take the processes, listeners and holders of a window; return the processes that it reported."""
        if window.heartbeat is not None:
            self._locate(window.heartbeat)
            self._cables.take(window.heartbeat)
        self._held, self._accepting = None, {}
        if window.restates("owners"):
            self.holders.clear()
            self._named.clear()
        at = window.any().window
        self.restated |= {topic: at for topic in window.parts if window.restates(topic)}
        if {"processes", "owners"} <= self.restated.keys():
            self.owned_since = min(self.owned_since or at, at)
        self.whole |= self.restated.keys() >= STATE and window.restates("connections")
        self.unsure = "processes" in window.lacks() or "processes" not in self.restated
        self.stirred |= self._untied or any(window.restates(topic) for topic in STATE)
        self._untied = False
        reported, renamed = self.running.take(window.batches("processes"), restated=window.restates("processes"))
        self.stirred |= bool(reported)
        for connection in self.connections.values() if renamed else ():
            if connection.owner is not None and connection.owner in renamed:
                connection.identify(connection.owner, connection.provenance)
            elif not renamed.isdisjoint(connection.among):
                connection.tie(connection.among, SCAN, _began(connection.among))
        self.listening.take(window.batches("listeners"), restated=window.restates("listeners"))
        forgotten = self.outdated(window, SPOKEN)
        if self._speaking.take(window.batches("requests"), restated=forgotten or window.restates("requests")):
            for connection in self.connections.values():
                self._speak(connection)
        for batch in window.batches("owners"):
            self._own(batch)
        if window.restates("connections"):
            self._older = set()
        elif window.keyframe():
            self._older = set(self.connections)
        if not window.restates("connections"):
            self._unsettle(window)
        return reported

    def _unsettle(self, window: Window) -> None:
        """Forget what a keyframe without connections may contradict: who serves, and the owners.

        They are found anew by what it restates, as a reader does that begins there.
        """
        disowned = window.restates("owners") or window.restates("processes")
        for connection in self.connections.values() if disowned or window.keyframe() else ():
            if window.keyframe():
                self._judge(connection)
            if disowned:
                connection.disown(window.any().window)
            elif connection.owner is not None:
                connection.identify(connection.owner, connection.provenance)

    def forget(self, window: Window) -> None:
        """Drop what ended in a window, after the window was emitted."""
        self._closed, self._released = {}, {}
        self.listening.forget()
        self._shared &= self.connections.keys()
        for batch in window.batches("connections"):
            ended = over(batch.connections)
            self.outside.forget(ended)
            self._closed |= {cookie: self.connections.pop(cookie) for cookie in ended if cookie in self.connections}
            for cookie in ended:
                for holder in self.holders.pop(cookie, ()):
                    self._named.pop((cookie, holder), None)
        for batch in window.batches("owners"):
            for cookie, pid, start in batch.gone.rows():
                self._release(cookie, (pid, start), last=True)
        self.stirred |= self.running.forget(window.batches("processes"))

    def shared(self, sockets: Set[int]) -> set[int]:
        """Return the flows of some sockets without a peer, and those of which the socket is not known."""
        found = ((cookie, self.connections[cookie].socket) for cookie in self._shared & self.connections.keys())
        return {cookie for cookie, socket in found if socket in sockets or socket == cookie}

    def resolve(self, cookie: int, connection: Connection, header: Batch) -> None:
        """Find the process that holds this end. While one of several holders may be unknown, none is named."""
        if connection.socket == cookie and connection.shared:  # it is one of several sockets
            self._settle(connection, header)
            return
        holders = self.holders.get(connection.socket, ())
        known = [process for holder in holders if (process := self.running.get(holder)) is not None]
        if "owners" not in self.restated or not known or (self.unsure and len(known) < len(holders)):
            return
        owner = self.running.eldest(known)
        if owner is None:
            connection.disown(header.window)
            connection.tie(tuple(known), SCAN, _began(known))
        elif connection.among:  # the one that is left of a tie is named from the next window on
            connection.among, connection.unowned, self._untied = (), header.window + header.width, True
        else:
            holder = owner.pid, owner.facts["start"]
            connection.identify(owner, self._named.get((connection.socket, holder), SCAN))

    def _settle(self, connection: Connection, header: Batch) -> None:
        """Find who serves on several sockets of one port, as far as that is certain."""
        found = self._accepted(connection, header.window)
        if found is None:
            return
        if found.process is None:
            connection.disown(header.window)
            connection.tie(found.among, LISTENER, found.began)
        elif connection.among:  # the one that is left of a tie is named from the next window on
            connection.among, connection.unowned, self._untied = (), header.window + header.width, True
        else:
            connection.identify(found.process, LISTENER)

    def accept(self, connection: Connection, at: int) -> None:
        """Find who accepted a connection that closed before its holder was seen, by the holders of its listener.

        If one of the holders is not known, or a listener has none, nobody is named: the others may not have served.
        """
        found = self._accepted(connection, at)
        if found is None:
            return
        if found.process is not None:
            connection.identify(found.process, LISTENER)
        else:
            connection.tie(found.among, LISTENER, found.began)

    def _accepted(self, connection: Connection, at: int) -> Acceptor | None:
        if not {"owners", "listeners"} <= self.restated.keys():
            return None
        key = connection.port, connection.local.address, connection.since
        if key not in self._accepting:  # once for all connections to it in a window
            self._accepting[key] = self._acceptor(*key, at)
        return self._accepting[key]

    def _acceptor(self, port: Port, address: str, since: int, at: int) -> Acceptor | None:
        listeners = self.listening.serving(port, address, opened=since, window=at)
        held = [(*self.holders.get(each, ()), *self._released.get(each, ())) for each in listeners]
        return self._accepts(port, listeners, held, at)

    def listens(self, listeners: Sequence[int], port: Port, at: int) -> Identity | None:
        """Return who serves on some listeners of a port, as far as it is certain; None while it may become known."""
        if not {"processes", "owners", "listeners"} <= self.restated.keys():
            return None
        held = [self.holders.get(each, ()) for each in listeners]
        found = self._accepts(port, listeners, held, at)
        if found is not None and found.process is not None:
            return owned(self.name, found.process, "")
        if found is not None:
            return shared(self.name, found.among, "", found.began)
        late = any(held) or any(self.listening.since(each) > at - OWNED_MS for each in listeners)
        return None if late else nobody(self.name)

    def _accepts(
        self, port: Port, listeners: Sequence[int], held: Sequence[tuple[Holder, ...]], at: int
    ) -> Acceptor | None:
        holders = dict.fromkeys(holder for each in held for holder in each)
        listening = [process for holder in holders if (process := self.running.get(holder)) is not None]
        if not all(held) or not listening or len(listening) < len(holders):
            return None
        serving = [
            owner
            for there, opened, owner in self._seen(port, at)
            if not set(listeners).isdisjoint(self.listening.serving(port, there, opened=opened, window=at))
        ]
        return acceptor(listening, serving, self.running, self.running.descends)

    def _seen(self, port: Port, at: int) -> Iterable[tuple[str, int, Process]]:
        """Return address, window of opening and owner of earlier connections to a port whose holder was seen."""
        if self._held is None:
            self._held = {}
            for one in self.connections.values():
                if one.owner is not None and one.provenance != LISTENER and one.since < at and one.serves:
                    there = self._held.setdefault(one.port, {})
                    there[one.local.address, one.since, one.owner] = None
        return self._held.get(port, ())

    def admit(self, batch: ConnectionBatch, moved: Set[int], *, restated: bool) -> list[Connection]:
        """Return a batch's connections row by row, making those that are new, or all where all is restated.

        A connection from before the last keyframe is made anew too: a reader that began there does not know it. So are
        those that `moved`, because other addresses have become known for them.
        """
        known, columns = self.connections, batch.connections
        found = [known.get(cookie) for cookie in columns.cookie]
        anew = (self._older | (moved & known.keys())).intersection(columns.cookie)
        if not restated and not anew and None not in found and not any(columns.opened):
            held = [connection for connection in found if connection is not None]
            if [connection.since for connection in held] == columns.since:
                return held
        admitted = []
        for row, (cookie, opened, since) in enumerate(zip(columns.cookie, columns.opened, columns.since, strict=True)):
            connection = known.get(cookie)
            if restated or opened or cookie in anew or connection is None or connection.since != since:
                before = None if cookie in anew else connection or self._closed.get(cookie)
                connection = self._connection(batch, row, before)
            known[cookie] = connection
            admitted.append(connection)
        self._older -= anew
        return admitted

    def _connection(self, batch: ConnectionBatch, row: int, before: Connection | None) -> Connection:
        """Make a connection of a row: its flow, its end, and who serves as far as this host knows.

        A socket may have connected anew. So what it was `before` counts only if the flow is the same.
        """
        columns = batch.connections
        transport, state, since = columns.transport[row], columns.state[row], columns.since[row]
        address, port = columns.local_address[row], columns.local_port[row]
        peer, peer_port = columns.remote_address[row], columns.remote_port[row]
        protocol = TRANSPORTS.get(transport, str(transport))
        local, remote = here, there = self._endpoints(address, port, peer, peer_port, netns=batch.netns)
        if outside := self.outside.of(columns.cookie[row]):
            here, there = self._endpoints(*outside, netns=batch.netns)
        flow, end = format_flow(protocol, here, there)
        ports = (there.port, here.port) if end else (here.port, there.port)
        made = Connection(
            flow=flow,
            end=end,
            ports=ports,
            port=Port(batch.netns, transport, port),
            local=local,
            remote=there,
            since=since,
            fresh=columns.fresh[row],
            unowned=batch.window,
            who=nobody(self.name),
            spread=crc32(flow.encode()),
        )
        made.socket, made.shared = columns.socket[row] or columns.cookie[row], columns.socket[row] > 0
        if made.shared:
            self._shared.add(columns.cookie[row])
        if not (here.scope or there.scope):
            made.stack = f"{self.boot_id[:8]}/{batch.netns}"
        made.on_wire = (self.netns if outside else batch.netns), there.address
        made.accepted, made.asking = columns.accepted[row], state == SYN_SENT
        self._judge(made)
        if outside:
            made.within, made.within_end = format_flow(protocol, local, remote)
            made.aliases = alias(here, local), alias(there, remote)
        self._speak(made)
        if before is not None and before.flow == flow:
            made.nth, made.nth_at = before.nth, before.nth_at
            if before.owner is None:
                made.unowned = before.unowned
        return made

    def _judge(self, connection: Connection) -> None:
        """Decide who serves, and by which cable, as far as this host knows."""
        end, ports = connection.end, connection.ports
        connection.cable = self._cables.of(*connection.on_wire)
        # The listener may be gone before its connections.
        listening = not connection.shared and self.listening.any(connection.port, connection.local.address)
        if connection.accepted or listening:
            connection.verdict = listens(end, *ports)
        elif connection.asking or connection.shared or "listeners" in self.restated:
            connection.verdict = connected(end, *ports)
        else:
            connection.verdict = by_port(*ports)

    def _speak(self, connection: Connection) -> None:
        """Put what is spoken on a connection to it, by its ends as the host and those outside see them."""
        connection.spoken = UNKNOWN
        if self._speaking:
            within = parse_flow(connection.within)[1:] if connection.within else ()
            ends = (connection.local, connection.remote, *within)
            spoken = self._speaking.of(connection.port.netns, ends)
            if connection.port.transport == TCP or spoken.protocol == DNS:
                connection.spoken = spoken

    def _endpoints(
        self, address: str, port: int, peer: str, peer_port: int, *, netns: int
    ) -> tuple[Endpoint, Endpoint]:
        scope = self._scopes.of
        return Endpoint(scope(address, netns), address, port), Endpoint(scope(peer, netns), peer, peer_port)

    def _locate(self, heartbeat: Heartbeat) -> None:
        if (heartbeat.keyframe and not heartbeat.failed.keys() & {"hosts", "heartbeats"}) or len(heartbeat.interfaces):
            at = frozenset(
                Place(netns or heartbeat.netns, address.partition("%")[0], prefix, local, segment)
                for _, address, prefix, _, local, netns, segment in heartbeat.interfaces.rows()
                if address
            )
            if at != self.at:
                self.at, self._scopes = at, Scopes(self.name, at, heartbeat.netns)
        self.netns = heartbeat.netns
        self.hostname = heartbeat.hostname or self.hostname

    def scope(self, address: str, netns: int) -> str:
        """Return where an address means something that a network namespace sees."""
        return self._scopes.of(address, netns)

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
            namespace=facts["namespace"],
            pod=facts["pod"],
            container_name=facts["runtime_name"] or facts["container_name"],
        )

    def _own(self, batch: OwnerBatch) -> None:
        for cookie, pid, start, provenance in batch.owners.rows():
            held = self.holders.get(cookie, ())
            if (pid, start) not in held:
                self.holders[cookie] = (*held, (pid, start))
                if provenance != SCAN:
                    self._named[cookie, (pid, start)] = provenance
        for cookie, pid, start in batch.gone.rows():
            self._release(cookie, (pid, start), last=False)
            self._released.setdefault(cookie, []).append((pid, start))

    def _release(self, cookie: int, holder: Holder, *, last: bool) -> None:
        """End a holding. The last holder of a socket keeps it until the window that closes it has been emitted."""
        left = tuple(held for held in self.holders.get(cookie, ()) if held != holder)
        if left:
            self.holders[cookie] = left
        elif last:
            self.holders.pop(cookie, None)
        if last or left:
            self._named.pop((cookie, holder), None)


def _began(processes: Iterable[Process]) -> int:
    """Return when the youngest of several processes started."""
    return max(process.started for process in processes)


def over(columns: Connections) -> list[int]:
    """Return the connections of a window that are over: they close in it, or had closed before."""
    return [
        cookie
        for cookie, closed, state in zip(columns.cookie, columns.closed, columns.state, strict=True)
        if closed or state == CLOSE
    ]
