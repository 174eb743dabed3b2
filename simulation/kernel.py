"""What the kernel of a watched host shows: sockets with cookies and counters, listeners, processes.

Its agent looks at some moment of a window, because its clock may be off. What happens after that moment waits in
`later`, in order, until the agent has looked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from simulation.machine import Network
    from simulation.seats import Process

ESTABLISHED, SYN_SENT, CLOSE = 1, 2, 7  # include/net/tcp_states.h
NEVER = 1 << 60


class Socket:
    """One end of a connection: who holds it, and what it counted since the agent last looked."""

    __slots__ = (
        "accepted", "again", "answered", "closed", "cookie", "failed", "fresh", "given_up", "into", "kernel",
        "known", "latency", "least_rtt_us", "local", "local_port", "netns", "out", "owner",
        "received", "received_total", "remote", "remote_port", "rtt_us", "sent", "sent_total", "since", "state",
        "touched", "unanswered",
    )  # fmt: skip

    def __init__(
        self, kernel: Kernel, network: Network, owner: Process, ends: tuple[str, int, str, int], *, accepted: bool
    ) -> None:
        self.kernel = kernel
        self.cookie = 0
        self.netns = network.inode
        self.owner = owner
        self.known = False  # the agent knows that
        self.local, self.local_port, self.remote, self.remote_port = ends
        self.accepted = accepted
        self.since = 0
        self.fresh = True
        self.state = ESTABLISHED
        self.closed = False
        self.failed = False
        self.sent_total = 0
        self.received_total = 0
        self.rtt_us = 0
        self.least_rtt_us = 0
        self.forget()

    def forget(self) -> None:
        """Begin a window."""
        self.touched = False
        self.sent = self.received = self.out = self.into = self.again = 0
        self.answered: dict[str, int] = _NOTHING
        self.latency: dict[int, int] = _NOTHING
        self.unanswered = 0
        self.given_up = 0


_NOTHING: dict[Any, int] = {}


class Moved(NamedTuple):
    """What passed a connection, from its client and back: payload, segments, those sent again; and the round trip."""

    asked: int
    answered: int
    out: int
    back: int
    out_again: int
    back_again: int
    rtt_us: int


class Said(NamedTuple):
    """What is said of requests that were answered. The client waits longer than the server takes."""

    results: dict[str, int]
    by_server: dict[int, int]
    by_client: dict[int, int]


class Listener(NamedTuple):
    """A socket that waits for peers. `since` is the window in which the agent first saw it."""

    cookie: int
    process: Process
    port: int
    since: int


class Kernel:
    """What can be seen on one host."""

    def __init__(self, cookies: int) -> None:
        self.cut = NEVER  # ms from the beginning of this window to the next look of the agent
        self.window = 0  # the one that the agent will report next, ms on the host's clock
        self.clock_ms = 0  # how far that clock is ahead
        self.later: list[tuple[int, Callable[..., None], tuple[Any, ...]]] = []
        self.open: dict[int, Socket] = {}
        self.touched: list[Socket] = []
        self.begun: list[Socket] = []  # opened since the last look
        self.listeners: dict[int, Listener] = {}
        self.unlistened: list[Listener] = []
        self.listened: list[Listener] = []
        self.processes: dict[Process, None] = {}
        self.started: list[Process] = []
        self.exits: list[tuple[Process, int, int, bool]] = []  # when on true time, signal, for want of memory
        self.moved_house = False  # an address came or went
        self.speaks: dict[tuple[int, str, int], str] = {}  # by network, address and port of a server
        self.spoken: list[tuple[int, str, int]] = []  # news of it
        self._cookies = cookies

    def act(self, at: int, what: Callable[..., None], *arguments: Any) -> None:
        """Let something happen at a moment of the window."""
        if at < self.cut:
            what(*arguments)
        else:
            self.later.append((at, what, arguments))

    def catch_up(self) -> None:
        """Let happen what came after the last look and before the next one."""
        waiting, self.later = self.later, []
        for at, what, arguments in waiting:
            self.act(at, what, *arguments)

    def cookie(self) -> int:
        """Return the cookie of a new socket."""
        self._cookies += 1
        return self._cookies

    def start(self, process: Process, ports: tuple[int, ...]) -> None:
        """Let a process start, and listen on ports."""
        self.processes[process] = None
        self.started.append(process)
        for port in ports:
            made = Listener(self.cookie(), process, port, self.window)
            self.listeners[made.cookie] = made
            self.listened.append(made)

    def exit(self, process: Process, at_ms: int, signal: int, oom: bool) -> None:
        """Let a process end; what it held is closed."""
        self.processes.pop(process, None)
        self.exits.append((process, at_ms, signal, oom))
        for socket in [one for one in self.open.values() if one.owner is process]:
            self.end(socket)
        for listener in [one for one in self.listeners.values() if one.process is process]:
            del self.listeners[listener.cookie]
            self.unlistened.append(listener)

    def move(self) -> None:
        """Note that an address came or went."""
        self.moved_house = True

    def begin(self, socket: Socket, protocol: str) -> None:
        """Let a connection begin at this end."""
        socket.cookie = self.cookie()
        socket.since = self.window
        self.open[socket.cookie] = socket
        self.begun.append(socket)
        self._touch(socket)
        if protocol:
            server = (socket.local, socket.local_port) if socket.accepted else (socket.remote, socket.remote_port)
            if (socket.netns, *server) not in self.speaks:
                self.speaks[socket.netns, *server] = protocol
                self.spoken.append((socket.netns, *server))

    def end(self, socket: Socket) -> None:
        """Let a connection end at this end."""
        if socket.closed:  # its process is gone, which closed it
            return
        socket.closed, socket.state = True, CLOSE
        self.open.pop(socket.cookie, None)
        self._touch(socket)

    def fail(self, socket: Socket) -> None:
        """Let a connect fail."""
        socket.failed = not socket.closed
        self.end(socket)

    def count(self, socket: Socket, moved: Moved, said: Said | None = None) -> None:
        """Let something pass this end."""
        asked, answered, out, back, again, back_again, rtt = moved
        if socket.accepted:
            asked, answered, out, back, again = answered, asked, back, out - again, back_again
        else:
            back -= back_again
        socket.sent += asked
        socket.received += answered
        socket.sent_total += asked
        socket.received_total += answered
        socket.out += out
        socket.into += back
        socket.again += again
        if rtt:
            socket.rtt_us = rtt
            if rtt < socket.least_rtt_us or not socket.least_rtt_us:
                socket.least_rtt_us = rtt
        if not socket.touched:
            socket.touched = True
            self.touched.append(socket)
        if said is not None:
            latency = said.by_server if socket.accepted else said.by_client
            socket.answered = _sum(socket.answered, said.results) if socket.answered else said.results
            socket.latency = _sum(socket.latency, latency) if socket.latency else latency

    def give_up(self, socket: Socket) -> None:
        """Let a request have no answer, as its client left."""
        socket.given_up += 1
        self._touch(socket)

    def leave_open(self, socket: Socket) -> None:
        """Let a request have no answer, as its server ended."""
        socket.unanswered += 1
        self._touch(socket)

    def forget(self) -> None:
        """Begin a window of the agent, or of nobody."""
        for socket in self.touched:
            socket.forget()
        for news in (self.touched, self.begun, self.unlistened, self.listened, self.started, self.exits, self.spoken):
            news.clear()
        self.moved_house = False

    def _touch(self, socket: Socket) -> None:
        if not socket.touched:
            socket.touched = True
            self.touched.append(socket)


def _sum(one: dict[Any, int], other: dict[Any, int]) -> dict[Any, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in (*one, *(key for key in other if key not in one))}
