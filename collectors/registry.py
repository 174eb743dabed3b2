"""How a collector registers itself, and what it may share with others. All that did are in collectors/registered.py."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, auto
from functools import cached_property
from typing import NamedTuple, TypeVar

from collectors.networks import Networks
from collectors.process_table import ProcessTable
from collectors.scans import Scans
from collectors.settings import Settings
from collectors.tracing import Tracing
from collectors.unix_sockets import UnixSockets
from collectors.window import Collector


@dataclass
class Sources:
    """What the collectors of one run share. Nothing is read before a collector needs it."""

    settings: Settings
    clock: Callable[[], float] = time.time

    @cached_property
    def networks(self) -> Networks:
        """Return the network namespaces."""
        return Networks(self.settings, tracing=self.tracing)

    @cached_property
    def scans(self) -> Scans:
        """Return the sockets of all of them."""
        return Scans(self.networks, self.unix)

    @cached_property
    def unix(self) -> UnixSockets | None:
        """Return the Unix sockets of all of them; None where the settings leave them out."""
        settings = self.settings
        return UnixSockets(self.networks, settings.unix_ignored) if settings.unix_sockets else None

    @cached_property
    def tracing(self) -> Tracing:
        """Return the owners of sockets as the kernel reports them."""
        return Tracing(self.settings.bpf)

    @cached_property
    def table(self) -> ProcessTable:
        """Return the processes."""
        return ProcessTable(self.settings.proc)


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
