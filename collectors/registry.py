"""Which collectors there are: each module of this package registers its own, and none is named anywhere else."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pkgutil import iter_modules
from typing import TypeVar

import collectors
from collectors.interfaces import read_interfaces
from collectors.process_table import ProcessTable
from collectors.procfs import own_netns
from collectors.rtnetlink import InterfaceAddress
from collectors.settings import Settings
from collectors.socket_scan import SocketScan
from collectors.window import Collector


@dataclass
class Sources:
    """What the collectors of one run share. Nothing is read before a collector needs it."""

    settings: Settings
    clock: Callable[[], float] = time.time
    interfaces: Callable[[], list[InterfaceAddress]] = read_interfaces

    @cached_property
    def scan(self) -> SocketScan:
        """The sockets."""
        return SocketScan(self.settings)

    @cached_property
    def table(self) -> ProcessTable:
        """The processes."""
        return ProcessTable(self.settings.proc)

    @cached_property
    def netns(self) -> int:
        """The inode of the network namespace that is looked at."""
        return own_netns()


Make = TypeVar("Make", bound=Callable[[Sources], Collector | None])
LAST = 9
_registered: list[tuple[int, Callable[[Sources], Collector | None]]] = []


def register(turn: int = LAST) -> Callable[[Make], Make]:
    """Register a function that makes a collector, or None where the settings turn it off.

    Collectors look by their turns: sockets before processes, so that whoever holds a socket is found to live.
    """

    def note(make: Make) -> Make:
        _registered.append((turn, make))
        return make

    return note


def registered(sources: Sources) -> Iterator[Collector]:
    """Make all collectors, in the order in which they look."""
    for module in iter_modules(collectors.__path__, "collectors."):
        import_module(module.name)
    for _, make in sorted(_registered, key=lambda one: one[0]):
        if collector := make(sources):
            yield collector
