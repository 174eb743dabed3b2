"""A small world whose hosts talk to each other, and what their agents log of it: restarts, losses and repeats included.

Time is counted in windows. Everything is drawn from one `Random`, so that a number names a world.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from random import Random

from msgspec import structs

from log.protocol import Record
from schemas.codec import encode
from schemas.raw import Heartbeat
from schemas.unix_names import UNIX
from tests.streams import build
from tests.streams.build import T0, Row

WIDTH = 20_000
KEYFRAME = 3  # every minute
LOGGED_MS = 500
FAILING = ("processes", "connections", "listeners", "owners", "requests", "discovered")  # whose collectors may fail


@dataclass
class Life:
    """A life from the first window to the last, both included."""

    first: int
    last: int

    def at(self, window: int) -> bool:
        return self.first <= window <= self.last


@dataclass
class Held(Life):
    """A process that holds a socket, and the first window in which an agent can see that."""

    pid: int
    start: int
    found: int


@dataclass
class Proc(Life):
    pid: int
    start: int
    parent: int
    execs: int  # window in which it executes another program


@dataclass
class Socket(Life):
    cookie: int
    holders: list[Held]


@dataclass
class Listen(Socket):
    address: str
    port: int
    transport: int = 6


@dataclass
class Conn(Socket):
    local: str
    remote: str
    syn: bool
    asks: bool
    unix: bool = False
    socket: int = 0  # of UDP: whose flow it is; its own cookie: not known


@dataclass
class Machine:
    """One host as it really is."""

    name: str
    address: str
    processes: list[Proc] = field(default_factory=list)
    listeners: list[Listen] = field(default_factory=list)
    connections: list[Conn] = field(default_factory=list)


class World:
    """Some hosts over some windows."""

    def __init__(self, seed: int, hosts: int = 2, windows: int = 30) -> None:
        self.random = Random(seed)
        self.windows = windows
        self.machines = [Machine(f"h{n}", f"10.0.0.{n}") for n in range(1, hosts + 1)]
        self._cookies = 0
        for machine in self.machines:
            self._populate(machine)
        for _ in range(5 * hosts):
            self._talk()
        for machine in self.machines:
            self._talk_by_unix_sockets(machine, Random(f"{seed} {machine.name} unix"))
        for machine in self.machines:
            self._talk_by_datagrams(machine, Random(f"{seed} {machine.name} datagrams"))

    def _life(self, within: Life) -> Life:
        first = self.random.randint(max(within.first, -3), within.last)
        return Life(first, min(within.last, first + self.random.choice((0, 0, 1, 3, 10, 40))))

    def _populate(self, machine: Machine) -> None:
        always = Life(-5, self.windows)
        for pid in range(10, 15):
            born = -5
            while born < self.windows:
                died = min(self.windows, born + self.random.choice((6, 15, 60)))
                parent = self.random.choice([1, *range(10, pid)])
                execs = self.random.choice((-9, self.random.randint(0, self.windows)))
                machine.processes.append(Proc(born, died, pid, 1000 + born, parent, execs))
                born = died + self.random.randint(1, 3)  # the pid is used again
        for port in (80, 5432, 40_000):
            life = self.random.choice((always, self._life(always)))
            address = self.random.choice(("0.0.0.0", machine.address, "127.0.0.1"))
            holders = self._holders(machine, life)
            machine.listeners.append(Listen(life.first, life.last, self._cookie(), holders, address, port))
        self._succeed(machine)

    def _succeed(self, machine: Machine) -> None:
        """Let servers be started again on their ports, at once or later, by the same processes or by others."""
        own = Random(f"{machine.name} {len(machine.processes)} {machine.listeners}")
        for number, one in enumerate(machine.listeners.copy()):
            first = one.last + 1 + own.choice((0, 0, 1, 5))
            if first >= self.windows or own.random() < 0.2:
                continue
            able = [process for process in machine.processes if process.at(first)]
            some = own.sample(able, min(len(able), own.choice((1, 1, 2, 3))))
            last = min(self.windows, first + own.choice((0, 1, 10, 60)))
            held = [Held(first, min(last, each.last), each.pid, each.start, first) for each in some]
            cookie = 1_000_000 + 10 * int(machine.name[1:]) + number
            machine.listeners.append(Listen(first, last, cookie, held, own.choice(("0.0.0.0", one.address)), one.port))

    def _cookie(self) -> int:
        self._cookies += 1
        return self._cookies

    def _holders(self, machine: Machine, life: Life) -> list[Held]:
        able = [one for one in machine.processes if one.at(life.first)]
        some = self.random.sample(able, min(len(able), self.random.choice((0, 1, 1, 1, 2))))
        held = [Held(life.first, min(life.last, one.last), one.pid, one.start, self._found(life.first)) for one in some]
        if held and held[0].last > life.first + 1 and self.random.random() < 0.2:  # it passes to another process
            heir = self.random.choice(able)
            middle = (held[0].first + held[0].last) // 2
            held[0].last = middle
            if heir.at(middle) and (heir.pid, heir.start) not in {(one.pid, one.start) for one in held}:
                held.append(Held(middle, min(life.last, heir.last), heir.pid, heir.start, self._found(middle)))
        return held

    def _found(self, first: int) -> int:
        return first + self.random.choice((0, 0, 0, 1, 2, 5))

    def _talk(self) -> None:
        """Add connections from a host to another, to itself, or to an unknown host; some reuse a flow."""
        client, server = self.random.choice(self.machines), self.random.choice([*self.machines, None])
        port = self.random.choice((80, 5432, 40_000))
        there = server.address if server else "192.0.2.7"
        here = client.address
        if server is client and self.random.random() < 0.5:
            here = there = "127.0.0.1"
        local, remote = f"{here}:{self.random.choice((33_001, 33_002, 40_000))}", f"{there}:{port}"
        if local == remote:
            return
        first = self.random.randint(-3, self.windows)
        for _ in range(self.random.choice((1, 1, 2, 3))):
            last = min(self.windows, first + self.random.choice((0, 0, 1, 3, 10, 40)))
            life = Life(first, last)
            if self._free(client, local, remote, life) and (server is None or self._free(server, remote, local, life)):
                self._connect(client, local, remote, life, syn=self.random.random() < 0.2, asks=True)
                if server is not None:
                    self._connect(server, remote, local, life, syn=False, asks=False)
            first = last + self.random.choice((0, 0, 1))

    def _talk_by_unix_sockets(self, machine: Machine, own: Random) -> None:
        """Add connections within a host whose ends close in one window, or at least are not seen longer."""
        for number in range(own.choice((0, 2, 4))):
            first = own.randint(-3, self.windows)
            last = min(self.windows, first + own.choice((0, 0, 1, 3, 10, 40)))
            cookie = 2_000_000 + 100 * int(machine.name[1:]) + 2 * number
            ends = f"client-{cookie >> 16:x}:{cookie & 0xFFFF}", f"/run/{own.choice('ab')}.sock:700"
            for end, (local, remote) in enumerate((ends, ends[::-1])):
                held = self._of(machine, Life(first, last), own)
                made = Conn(first, last, cookie + end, held, local, remote, syn=False, asks=not end, unix=True)
                machine.connections.append(made)

    def _talk_by_datagrams(self, machine: Machine, own: Random) -> None:
        """Add UDP sockets with several peers, and what clients send whose sockets are not known."""
        cookie = 3_000_000 + 1_000 * int(machine.name[1:])
        bound: list[Listen] = []
        for port in own.choice(((), (53, 41_000), (53, 53, 41_000))):
            first = own.randint(-3, self.windows)
            life = Life(first, min(self.windows, first + own.choice((1, 10, 60))))
            cookie += 1
            bound.append(Listen(life.first, life.last, cookie, self._of(machine, life, own), "0.0.0.0", port, 17))
        machine.listeners += bound
        ends = [(f"{machine.address}:{one.port}", one) for one in bound for _ in range(own.choice((1, 2, 3)))]
        for local, one in [*ends, (f"{machine.address}:0", None)]:
            others = one and [each for each in bound if each is not one and each.port == one.port]
            asks = one is None or one.port == 41_000
            remote = f"{own.choice(('10.0.0.1', '10.0.0.2', '192.0.2.7'))}:{53 if asks else own.choice((0, 41_000))}"
            within = one or Life(-3, self.windows)
            first = own.randint(within.first, within.last)
            cookie += 1
            last = min(within.last + 1, self.windows, first + own.choice((0, 3, 10, 40)))
            socket = cookie if one is None or others else one.cookie
            made = Conn(first, last, cookie, [], local, remote, syn=False, asks=asks, socket=socket)
            if self._free(machine, local, remote, made):
                machine.connections.append(made)

    @staticmethod
    def _of(machine: Machine, life: Life, own: Random) -> list[Held]:
        able = [process for process in machine.processes if process.at(life.first)]
        return [
            Held(life.first, min(life.last, one.last), one.pid, one.start, life.first + own.choice((0, 0, 1, 5)))
            for one in own.sample(able, min(len(able), own.choice((0, 1, 1, 2))))
        ]

    def _free(self, machine: Machine, local: str, remote: str, life: Life) -> bool:
        """Return whether a new connection fits. A flow has one at a time, but two may be in one window."""
        same = [one for one in machine.connections if (one.local, one.remote) == (local, remote)]
        return all(one.last <= life.first for one in same)

    def _connect(self, machine: Machine, local: str, remote: str, life: Life, *, syn: bool, asks: bool) -> None:
        holders = self._holders(machine, life)
        machine.connections.append(Conn(life.first, life.last, self._cookie(), holders, local, remote, syn, asks))


class Agent:
    """Writes the log of one machine, run by run; a run reports what changed, and everything on keyframes."""

    def __init__(self, machine: Machine, world: World, *, chaos: bool, fails: int = 0) -> None:
        self._machine = machine
        self._fails = fails
        self._random = world.random
        self._windows = world.windows
        self._chaos = chaos
        self._reports_ended = Random(machine.name + str(machine.listeners)).random() < 0.7  # older agents do not
        self.logged: list[tuple[str, int, bytes]] = []  # topic, window, value

    def live(self) -> list[tuple[str, int, bytes]]:
        window, run = self._random.choice((0, 0, 1, 4)), 0
        while window < self._windows:
            last = window + self._random.choice((0, 1, 5, 12, 60) if self._chaos else (60,))
            run = max(T0 + window * WIDTH + self._random.randint(0, WIDTH - 2), run + 1)
            killed = self._random.random() < 0.6
            for seq, at in enumerate(range(window, min(last, self._windows - 1) + 1)):
                self._report(at, seq, run, killed=killed and at == last)
            window = last + self._random.choice((0, 1, 2, 6))
        return self.logged

    def go_on(self) -> list[tuple[str, int, bytes]]:
        """Report two whole windows after the last, so that no batch waits for a later one."""
        self.logged, self._fails, self._chaos = [], 0, False
        for seq, at in enumerate((self._windows, self._windows + 1)):
            self._report(at, seq, T0 + self._windows * WIDTH, killed=False)
        return self.logged

    def _report(self, at: int, seq: int, run: int, *, killed: bool) -> None:
        keyframe = seq == 0 or at % KEYFRAME == 0
        failed = {topic: "OSError: it broke" for topic in FAILING if self._failing(topic, run, at)}
        whole = {topic: keyframe or (seq > 0 and self._failing(topic, run, at - 1)) for topic in FAILING}
        whole["discovered"] |= self._discovered(at) != self._discovered(at - 1)
        reported = build.batches(
            at,
            host=self._machine.name,
            run=run,
            seq=seq,
            width=WIDTH,
            keyframe=keyframe,
            hostname=self._machine.name,
            processes=[
                self._process(one, at) for one in self._machine.processes if self._news(one, at, whole["processes"])
            ],
            exits=[
                {"pid": one.pid, "start": one.start, "exited": T0 + one.last * WIDTH + 5}
                for one in self._machine.processes
                if one.last == at
            ],
            connections=self._connections(at, at - seq, keyframe=whole["connections"]),
            listeners=[
                self._listener(one, at - seq)
                for one in self._machine.listeners
                if one.at(at) and (whole["listeners"] or one.first == at)
            ],
            unlistened=[one.cookie for one in self._machine.listeners if one.last + 1 == at],
            ended=[
                self._listener(one, at - seq)
                for one in self._machine.listeners
                if one.last + 1 == at and self._reports_ended
            ],
            owners=self._owners(at, at - seq, keyframe=whole["owners"]),
            disowned=[
                {"cookie": socket.cookie, "pid": held.pid, "start": held.start}
                for socket in [*self._machine.connections, *self._machine.listeners]
                for held in socket.holders
                if held.last + 1 == at <= socket.last and self._found(socket, held, at - seq) <= held.last
            ],
            requests=self._requests(at),
            spoken=self._spoken(at, keyframe=whole["requests"]),
            names=self._names(at, keyframe=whole["requests"]),
            discovered=self._discovered(at) if whole["discovered"] else [],
            sampling=1 + at % 2,
            interfaces=[
                {"name": "docker0", "address": "172.17.0.1", "prefix": 16, "local": True},
                {"name": "eth0", "address": self._machine.address, "prefix": 24},
                {"name": "lo", "address": "127.0.0.1", "prefix": 8},
            ],
        )
        for topic in FAILING:
            reported[topic] = structs.replace(reported[topic], keyframe=whole[topic])
        beat = reported["heartbeats"]
        assert isinstance(beat, Heartbeat)
        sent = {topic: count for topic, count in beat.sent.items() if topic not in failed}
        reported["heartbeats"] = structs.replace(beat, sent=sent, failed=failed)
        for topic, batch in reported.items():
            if topic in failed:
                continue
            broken = self._chaos and self._random.random() < 0.01
            if killed and (topic == "heartbeats" or self._random.random() < 0.5):
                continue
            self.logged.append((topic, at, b"{" if broken else encode(batch)))

    def _failing(self, topic: str, run: int, at: int) -> bool:
        """Return whether a collector fails. Now and then it fails for up to half of some windows."""
        if not self._fails:
            return False
        drawn = Random(f"{self._machine.name} {topic} {run} {at // self._fails}")
        half = self._fails // 2
        return drawn.random() < 0.4 and drawn.randint(0, half - 1) <= at % self._fails < half

    def _listener(self, one: Listen, began: int) -> Row:
        row = build.listener(one.cookie, one.port, one.address, one.transport, at=max(one.first, began))
        return row if self._reports_ended else {**row, "since": 0}

    def _news(self, one: Proc, at: int, keyframe: bool) -> bool:
        return one.at(at) and (keyframe or at in (one.first, one.execs))

    def _process(self, one: Proc, at: int) -> Row:
        name = f"exec{one.pid}" if 0 <= one.execs <= at else f"p{one.pid}"
        row = build.process(one.pid, one.start, parent=one.parent, name=name)
        return {**row, "started": T0 + one.first * WIDTH + 7}

    def _connections(self, at: int, began: int, *, keyframe: bool) -> list[Row]:
        rows = []
        for one in self._machine.connections:
            moved = Random(f"{one.cookie} {at}").choice((0, 0, 100, 2000))
            opened = one.first == at > began
            moved = 0 if one.unix or one.socket else moved
            if one.at(at) and (keyframe or moved or opened or one.last == at):
                row = build.connection(one.cookie, one.local, one.remote, fresh=one.first > began, sent=moved)
                row |= {"transport": UNIX, "accepted": not one.asks} if one.unix else {}
                row |= {"transport": 17, "accepted": not one.asks, "socket": one.socket} if one.socket else {}
                flags = {"opened": opened, "closed": one.last == at, "state": 2 if one.syn and opened else 1}
                rows.append({**row, **flags, "since": T0 + max(one.first, began) * WIDTH, "rtt_us": moved // 2})
        return rows

    def _requests(self, at: int) -> list[Row]:
        """Report the requests of some connections, now and then of one that is known only in the next window."""
        rows: dict[tuple[str, str], Row] = {}
        for one in self._machine.connections:
            count = Random(f"{one.local} {one.remote} {at}").choice((0, 1, 5))
            if count and not (one.unix or one.socket) and (one.at(at) or one.first == at + 1):
                client, server = (one.local, one.remote) if one.asks else (one.remote, one.local)
                if (client, server) not in rows or not one.asks:  # both ends here: counted once, as the server's
                    rows[client, server] = build.request(client, server, count, serves=not one.asks)
        return list(rows.values())

    def _spoken(self, at: int, *, keyframe: bool) -> list[Row]:
        """Report what servers speak: those of new connections, in a keyframe of all."""
        rows: dict[str, Row] = {}
        for one in self._machine.connections:
            server = one.remote if one.asks else one.local
            protocol = Random(f"{server} speaks").choice(("", "redis", "tls 1.3"))
            if protocol and not one.socket and one.at(at) and (keyframe or one.first == at):
                rows[server] = build.speaks(server, protocol, "api.example.com" if protocol > "t" else "")
        return list(rows.values())

    def _names(self, at: int, *, keyframe: bool) -> list[Row]:
        """Report names of the peers of new connections, in a keyframe of all."""
        peers = {
            one.remote.rpartition(":")[0]: one.first
            for one in self._machine.connections
            if one.asks and not one.unix and one.at(at) and (keyframe or one.first == at)
        }
        return [build.named(address, f"{address}.example.com", at=first) for address, first in peers.items()]

    def _discovered(self, at: int) -> list[Row]:
        """Report facts of the host, of its processes and of ports, those of the latter also where nobody listens."""
        version = str(max(at, 0) // 7)
        rows: list[Row] = [{"name": "version", "value": version}, {"name": "owner", "value": "blue", "service": "p1"}]
        rows += [
            {"name": "package", "pid": one.pid, "start": one.start, "value": "1"} for one in self._machine.processes
        ]
        rows += [{"name": "end", "port": one.port, "value": "soon"} for one in self._machine.listeners]
        return [{"program": "all", **row} for row in rows]

    def _owners(self, at: int, began: int, *, keyframe: bool) -> list[Row]:
        rows = []
        for socket in [*self._machine.connections, *self._machine.listeners]:
            for held in socket.holders:
                found = self._found(socket, held, began)
                if held.at(at) and socket.at(at) and found <= at and (keyframe or at == found):
                    provenance = "BPF" if self._named(socket, held, began) else "scan"
                    rows.append(
                        {"cookie": socket.cookie, "pid": held.pid, "start": held.start} | {"provenance": provenance}
                    )
        return rows

    def _found(self, socket: Socket, held: Held, began: int) -> int:
        return held.first if self._named(socket, held, began) else held.found

    @staticmethod
    def _named(socket: Socket, held: Held, began: int) -> bool:
        """Return whether a program reported who opened a socket: to the run that watched then."""
        watched = isinstance(socket, Conn) and held.first == socket.first > began
        return watched and held is socket.holders[0] and Random(f"{socket.cookie} named").random() < 0.5


def log(
    seed: int,
    *,
    hosts: int = 2,
    windows: int = 30,
    partitions: int = 1,
    chaos: bool = True,
    fails: bool = False,
    fails_among: int = 8,
    goes_on: bool = False,
) -> list[Record]:
    """Return what all agents of a world logged, in the order of its logging; repeats and failures included.

    If it `fails`, a collector may fail in up to half of so many windows. If it `goes_on`, two whole windows of each
    host follow.
    """
    world = World(seed, hosts, windows)
    records: list[tuple[int, int, str, bytes]] = []
    agents = [Agent(machine, world, chaos=chaos, fails=fails_among if fails else 0) for machine in world.machines]
    for number, agent in enumerate(agents):
        for topic, at, value in agent.live():
            records.append((at, number, topic, value))
    records.sort(key=lambda record: record[0])  # stable: a host's order stays
    if chaos:
        repeated = [(at, record) for at, record in enumerate(records) if world.random.random() < 0.05]
        for at, record in reversed(repeated):
            records.insert(min(len(records), at + world.random.randint(1, 30)), record)
    if goes_on:
        last = [(at, number, topic, value) for number, agent in enumerate(agents) for topic, at, value in agent.go_on()]
        records += sorted(last, key=lambda record: record[0])
    offsets: defaultdict[tuple[str, int], int] = defaultdict(int)
    messages = []
    now = 0
    for at, number, topic, value in records:
        now = max(now, at)
        partition = number % partitions
        timestamp = T0 + (now + 1) * WIDTH + LOGGED_MS
        messages.append(Record(topic, partition, offsets[topic, partition], timestamp, b"h%d" % (number + 1), value))
        offsets[topic, partition] += 1
    return messages
