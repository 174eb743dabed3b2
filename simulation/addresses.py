"""Private addresses and ports: every host and container has an address of its own, and every server a port."""

from ipaddress import IPv4Address

from simulation.architecture import Program
from simulation.mistakes import Mistake

_HOSTS, _CONTAINERS = IPv4Address("10.0.0.0"), IPv4Address("10.128.0.0")  # half of 10.0.0.0/8 each
_HALF = 1 << 23
_NETWORK = 1 << 16  # a zone begins with a network of its own
_EPHEMERAL = 32_768  # the kernel gives ports from here on to clients
_SPARE = 20_000  # where ports go on that would be above


class HostAddresses:
    """Addresses of hosts, those of each zone in networks of their own."""

    def __init__(self) -> None:
        self._taken = 0

    def begin_zone(self) -> None:
        """Go on with the next network."""
        self._taken = -(-self._taken // _NETWORK) * _NETWORK

    def next(self) -> str:
        """Return an address that no other host has."""
        self._taken += 1
        while self._taken & 0xFF in (0, 0xFF):  # looks like that of a network, or of all its hosts
            self._taken += 1
        return _address(_HOSTS, self._taken)


class ContainerAddresses:
    """Addresses of containers, those of a host in a network of its own."""

    def __init__(self, per_host: int) -> None:
        self._size = 1 << (per_host + 1).bit_length()  # with one for the network, and one for the host's own end
        self._taken: dict[int, int] = {}

    def next(self, host: int) -> str:
        """Return an address that no other container has, in the network of a host."""
        taken = self._taken[host] = self._taken.get(host, 1) + 1
        return _address(_CONTAINERS, host * self._size + taken)


class Ports:
    """Ports of servers: those of their programs, or the next that nobody else has at their address."""

    def __init__(self) -> None:
        self._taken: set[tuple[str, int]] = set()

    def take(self, address: str, program: Program) -> tuple[int, int]:
        """Return the port for clients and the one for peers; both are 0 for a program that serves nobody."""
        port = self._next(address, program.port) if program.port else 0
        return port, self._next(address, program.peer_port) if program.peer_port else port

    def _next(self, address: str, port: int) -> int:
        while (address, port) in self._taken:
            port = _SPARE if port + 1 == _EPHEMERAL else port + 1
        self._taken.add((address, port))
        return port


def _address(first: IPv4Address, number: int) -> str:
    if number >= _HALF:
        raise Mistake(f"the hosts need more than {_HALF:,} addresses; give fewer of them, or fewer instances")
    return str(first + number)
