"""A host as an operating system: its boot, process ids, network namespaces, and the clock that may be wrong."""

from collections.abc import Iterator
from hashlib import sha256
from itertools import count
from random import Random

from schemas.ids import process_node
from schemas.times import DAY_MS
from simulation.fleet import Host
from simulation.kernel import Kernel

OWN_NETNS = 4_026_531_840
_FIRST_NETNS = 4_026_532_201
_FIRST_PORT, _LAST_PORT = 32_768, 60_999  # net.ipv4.ip_local_port_range
_LAST_PID = 4_194_303


class Network:
    """A network namespace with its address, and the ports of clients in it."""

    __slots__ = ("_bound", "_held", "_next", "address", "inode", "kernel")

    def __init__(self, address: str, inode: int, kernel: Kernel | None, first: int) -> None:
        self.address = address
        self.inode = inode
        self.kernel = kernel  # None: nobody watches
        self._next = _FIRST_PORT + first % (_LAST_PORT - _FIRST_PORT + 1)
        self._held: set[int] = set()  # of connections that last; asked for members alone
        self._bound: set[int] = set()  # of servers: the kernel gives them to no client; likewise

    def take_port(self, *, keep: bool) -> int:
        """Return the next port that no lasting connection has, and no server."""
        held, bound = self._held, self._bound
        for _ in range(_FIRST_PORT, _LAST_PORT + 1):
            port = self._next
            self._next = port + 1 if port < _LAST_PORT else _FIRST_PORT
            if port not in held and port not in bound:
                break
        else:
            raise OSError(f"{self.address} has no port left for another connection")
        if keep:
            held.add(port)
        return port

    def bind(self, *ports: int) -> None:
        """Let somebody here listen on ports; they stay theirs, as a server that ends is started again."""
        self._bound.update(ports)

    def give_port(self, port: int) -> None:
        """Give back the port of a connection that lasted."""
        self._held.discard(port)


class Machine:
    """A host that runs, watched or not."""

    def __init__(self, host: Host, start_ms: int, random: Random, scanning: float) -> None:
        self.host = host
        self.traced = random.random() >= scanning  # programs in the kernel say who opens a connection
        self.kernel = Kernel(random.randrange(1 << 20)) if host.agent else None
        self.watched = host.agent  # its agent runs
        mark = random.getrandbits(64)
        self.boot_id = f"{mark >> 32:08x}-{mark >> 16 & 0xFFFF:04x}-4{mark & 0xFFF:03x}-8000-{host.number:012x}"
        self.booted = start_ms - DAY_MS - random.randrange(60 * DAY_MS)  # on true time
        self.own = Network(host.address, OWN_NETNS, self.kernel, random.getrandbits(16))
        self.networks: dict[int, Network] = {OWN_NETNS: self.own}
        self.loss = 0.0
        self.delay_us = 0
        self.pressure = 0.0
        self._salt = mark
        self._pids = random.randrange(600, 30_000)
        self._used: set[int] = set()  # asked for members alone
        self._inodes: Iterator[int] = count(_FIRST_NETNS + random.randrange(300))

    def calm(self) -> None:
        """Let nothing be wrong here."""
        self.loss, self.delay_us, self.pressure = 0.0, 0, 0.0

    def ticks(self, at: int) -> int:
        """Return a time as clock ticks since the boot."""
        return (at - self.booted) // 10

    def node(self, pid: int, start: int) -> str:
        """Return the id of a process on the map."""
        return process_node(self.host.name, self.boot_id, pid, start)

    def container_id(self, pid: int, start: int) -> str:
        """Return the id of the container that a process begins in."""
        return sha256(f"{self._salt} {pid} {start}".encode()).hexdigest()

    def fork(self, random: Random) -> int:
        """Return the pid of a new process."""
        while True:
            self._pids = self._pids % _LAST_PID + random.randrange(1, 40)
            if self._pids not in self._used and self._pids <= _LAST_PID:
                return self._pids

    def begin(self, pid: int) -> None:
        """Note that a process has a pid."""
        self._used.add(pid)

    def end(self, pid: int) -> None:
        """Note that a pid is free."""
        self._used.discard(pid)

    def network(self, address: str, random: Random) -> Network:
        """Return a network namespace for an address of its own, or that of the host."""
        if address == self.host.address:
            return self.own
        made = Network(address, next(self._inodes), self.kernel, random.getrandbits(16))
        self.networks[made.inode] = made
        return made

    def drop(self, network: Network) -> None:
        """Take down a network namespace."""
        if network is not self.own:
            del self.networks[network.inode]
