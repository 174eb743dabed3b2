"""How a collector registers itself, and what it may share with others. All that did are in collectors/registered.py."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, auto
from functools import cached_property
from typing import NamedTuple, TypeVar

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
        """Return the sockets."""
        return SocketScan(self.settings)

    @cached_property
    def table(self) -> ProcessTable:
        """Return the processes."""
        return ProcessTable(self.settings.proc)

    @cached_property
    def netns(self) -> int:
        """Return the inode of the network namespace that is looked at."""
        return own_netns()


Make = TypeVar("Make", bound=Callable[[Sources], Collector | None])


class Turn(IntEnum):
    """The order in which collectors look: sockets before processes, so that the holder of a socket is found to live."""

    SOCKETS = auto()
    LISTENERS = auto()
    PROCESSES = auto()
    OWNERS = auto()
    REQUESTS = auto()
    LAST = auto()


class Registered(NamedTuple):
    """A function that makes a collector, and when the collector looks."""

    turn: Turn
    make: Callable[[Sources], Collector | None]


REGISTERED: list[Registered] = []


def register(turn: Turn = Turn.LAST) -> Callable[[Make], Make]:
    """Register a function that makes a collector, or None where the settings turn it off."""

    def note(make: Make) -> Make:
        REGISTERED.append(Registered(turn, make))
        return make

    return note
