"""The host: what it is, its addresses, and how loaded it was in the window."""

import os
import platform
import re
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache, cached_property
from importlib.metadata import PackageNotFoundError, version
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from collectors import neighbours
from collectors.inside import is_unique
from collectors.interfaces import read_interfaces
from collectors.rtnetlink import InterfaceAddress
from collectors.segments import PRIVATE
from collectors.settings import Settings
from collectors.window import Inert, Window
from schemas import ids
from schemas.raw import HostFacts, Interfaces, Neighbours
from schemas.text import shown, to_text
from schemas.topics import HOSTS

MOST_ADDRESSES = 512  # reported, 50 bytes each
Row = tuple[str, str, int, str, bool, int, str]  # in the order of schemas.raw.Interfaces


def find_host_id(settings: Settings, etc: str = "/etc", sys: str = "/sys") -> str:
    """Return this host's id: as set, else the machine id, else the firmware's, else the host's name."""
    for candidate in _ids(settings, etc, sys):
        if ids.HOST_ID.fullmatch(candidate) and candidate != "uninitialized":
            return candidate
    raise ValueError("this host has no id of its own: set host_id (1 to 128 letters, digits, dots and dashes)")


def _ids(settings: Settings, etc: str, sys: str) -> Iterator[str]:
    if settings.host_id:
        yield settings.host_id
        return
    yield _text(f"{etc}/machine-id")
    yield _text(f"{sys}/class/dmi/id/product_uuid").lower()
    yield re.sub(r"[^A-Za-z0-9._-]", "-", _hostname()).lstrip("._-")


def find_boot_id(proc: str = "/proc") -> str:
    """Return the id of this boot."""
    found = _text(f"{proc}/sys/kernel/random/boot_id")
    return found if ids.BOOT_ID.fullmatch(found) else "unknown"


class HostCollector(Inert):
    """Reports what the host is: on keyframes, and when something about it changed."""

    topic = HOSTS

    def __init__(
        self,
        settings: Settings,
        etc: str = "/etc",
        interfaces: Callable[[], list[InterfaceAddress]] = read_interfaces,
        neighbours: Callable[..., list[neighbours.Row]] = lambda whole: [],
    ) -> None:
        self._settings = settings
        self._etc = etc
        self._read_interfaces = interfaces
        self._read_neighbours = neighbours
        self.booted = 0
        self._last: dict[str, Any] = {}
        self._found: list[InterfaceAddress] = []
        self._chosen = Interfaces()
        self._beyond = 0  # addresses that are left out
        self.hostname = ""
        self.interfaces = Interfaces()
        """The addresses for the heartbeat: all on a keyframe and when one has changed, else none."""
        self.neighbours = Neighbours()
        """Those for the heartbeat: all on a keyframe, else the new ones."""

    def open(self, window: Window) -> None:
        """Take the boot time once: computed anew, it would wander with the wall clock."""
        self.booted = round((time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)) * 1000)

    def collect(self, window: Window) -> HostFacts:
        """Return the facts; a batch that changes nothing is marked by an empty host name."""
        self.hostname = _hostname()
        self.interfaces = Interfaces()
        found = self._read_interfaces()
        self.neighbours = Neighbours.of(self._read_neighbours(whole=window.keyframe))
        if found != self._found:
            self._found = found.copy()
            rows = self._rows()
            self._chosen = Interfaces.of(_chosen(rows) if len(rows) > MOST_ADDRESSES else rows)
            self._beyond = len(rows) - len(self._chosen)
        facts = {**self._fixed, "hostname": self.hostname, "interfaces": self._chosen}
        if facts == self._last and not window.keyframe:
            return window.batch(HostFacts)
        self.interfaces = self._chosen
        self._last = facts
        return window.batch(HostFacts, **facts)

    @cached_property
    def _fixed(self) -> dict[str, Any]:
        uname = os.uname()
        return {
            "os": parse_os_release(_bytes(f"{self._etc}/os-release")),
            "kernel": shown(uname.release),
            "arch": shown(uname.machine),
            "cpus": os.cpu_count() or 0,
            "memory_bytes": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
            "booted": self.booted,
            "agent_version": _version(),
            "labels": {shown(name): shown(value) for name, value in self._settings.labels.items()},
        }

    def missing(self) -> dict[str, str]:
        """Report when there are more addresses than are sent."""
        if not self._beyond:
            return {}
        return {"some addresses of this host": f"no more than {MOST_ADDRESSES}: {self._beyond} are left out"}

    def _rows(self) -> list[Row]:
        named = cache(self._settings.is_local)
        return [
            (one.name, one.address, one.prefix, one.mac, _is_local(one, named), one.netns, one.segment)
            for one in self._found
            if not (one.netns and ip_address(one.address).is_loopback)  # each namespace has them, for itself alone
        ]


def _is_local(one: InterfaceAddress, named: Callable[[str], bool]) -> bool:
    """Return whether an address means nothing off this host. In other namespaces interfaces have the same names.

    Any user may give an interface of a namespace any address, also one of the internet.
    """
    if one.netns:
        return one.segment.startswith(PRIVATE) or (bool(one.segment) and not is_unique(one.address))
    return named(one.name) or (one.inside and not is_unique(one.address))


def _chosen(rows: list[Row]) -> list[Row]:
    """Return the most useful addresses: those of our own namespace, and as many of each other one as there is room for.

    Of a namespace, these are the first ones of each subnet that means nothing off this host, and then the first ones of
    each interface.
    """
    count: Counter[object] = Counter()

    def rank(row: Row) -> tuple[int, bool]:
        name, address, prefix, _, local, netns, _ = row
        group = (netns, name, _network(address, prefix)) if local else (netns, name)
        count[group] += 1
        return count[group], not local

    def turn(row: Row) -> int:
        *_, netns, _ = row
        count[netns] += 1
        return count[netns] if netns else 0

    return sorted(sorted(sorted(rows, key=rank), key=turn)[:MOST_ADDRESSES])


def _network(address: str, prefix: int) -> int:
    raw = socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)
    return int.from_bytes(raw, "big") >> (8 * len(raw) - prefix)


def parse_os_release(raw: bytes) -> str:
    """Return the name of the system in os-release(5)."""
    fields = dict(line.partition(b"=")[::2] for line in raw.split(b"\n") if b"=" in line)
    named = fields.get(b"PRETTY_NAME") or fields.get(b"NAME") or platform.system().encode()
    return to_text(named.strip(b"\"' \t\r"))


def _hostname() -> str:
    return to_text(os.fsencode(socket.gethostname()))


def _text(path: str) -> str:
    return to_text(_bytes(path).strip())


def _bytes(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""


def _version() -> str:
    try:
        return version("servicemap")
    except PackageNotFoundError:
        return ""
