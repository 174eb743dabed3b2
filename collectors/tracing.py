"""What programs in the kernel report: who owns a socket, what that process is, and which connections are over."""

import os
import platform
import sys
from collections.abc import Callable, Container

from collectors import bpf
from collectors.bpf_programs import TRACEPOINTS, TYPES, Maps, program, traced
from collectors.bpf_ring import Ring
from collectors.btf import kernel_types
from collectors.capabilities import needed
from collectors.kernel import kernel_version
from collectors.traced import Ended, Kind, Owner, Process, Records, Started
from collectors.visibility import is_initial

WHAT = "clients of connections that are shorter than a window"
OLDEST = (5, 12)  # programs may ask for cookies since then
NEWER = f"Linux {'.'.join(map(str, OLDEST))} or later"
ELSEWHERE = "the host's own pid namespace (--pid=host)"
UNTYPED = "a kernel that shows its types (CONFIG_DEBUG_INFO_BTF)"
NAME = "servicemap"
RING_BYTES = 8 << 20  # 55,000 sockets
_KIND = 0xFFFF_FFFF
REPORTED, PROCESSES = 16_384, 8_192
MOST_KEPT = 200_000  # reports of owners in a window, and of ends


class Tracing:
    """Runs the programs and reads what they report. Several collectors share it."""

    def __init__(self, chosen: str = "auto", release: str = "") -> None:
        self._chosen = chosen
        self._release = release or platform.release()
        self._needs = ""
        self._descriptors: list[int] = []
        self._ring: Ring | None = None
        self._lost_at = self._reported_at = -1
        self._lost = 0
        self._dropped = 0
        self._owners_kept = self._ends_kept = 0
        self._owners: dict[int, list[Owner]] = {}
        self._workers: set[Process] = set()
        self._started: list[Started] = []
        self._ended: dict[int, list[Ended]] = {}
        self._over: dict[int, list[Ended]] = {}  # those of the window
        self._window = -1
        self._seen_lost = 0
        self.complete = True
        """Whether nothing of the window was lost."""
        self._opened = False

    @property
    def running(self) -> bool:
        """Return whether the programs run."""
        return self._ring is not None

    def open(self) -> None:
        """Run the programs, where that is allowed; only the first call does."""
        if self._opened or self._chosen == "off":
            return
        self._opened = True
        self._needs = self._lacks()
        if self._needs:
            return
        try:
            self._run()
        except PermissionError:
            self._needs = needed("CAP_BPF", "CAP_PERFMON")
        except FileNotFoundError:
            self._needs = UNTYPED
        except (OSError, LookupError, ValueError) as error:
            self._needs = f"a kernel that takes the programs; this one does not: {error}"
        if self._needs:
            self.close()

    def drain(self) -> None:
        """Take the records out of the ring."""
        if self._ring is None:
            return
        records = Records()
        self._ring.free(records.read(self._ring.content()))
        self._dropped += records.unread
        self._keep_ended(records)
        self._keep_owners(records)

    def _keep_ended(self, records: Records) -> None:
        count = sum(map(len, records.ended.values()))
        if self._ends_kept + count > MOST_KEPT:
            self._dropped += count
            return
        self._ends_kept += count
        for netns, ended in records.ended.items():
            self._ended.setdefault(netns, []).extend(ended)

    def _keep_owners(self, records: Records) -> None:
        count = sum(map(len, records.owners.values())) + len(records.started)
        if self._owners_kept + count > MOST_KEPT:
            self._dropped += count
            return
        self._owners_kept += count
        self._started += records.started
        for netns, owners in records.owners.items():
            self._owners.setdefault(netns, []).extend(owners)
            self._workers.update(process for _, process in owners)

    def take_owners(self, netns: Container[int]) -> list[Owner]:
        """Return the owners that were reported since the last call, of sockets in some network namespaces."""
        taken: list[Owner] = []
        for inode in [inode for inode in self._owners if inode in netns]:
            taken += self._owners.pop(inode)
        return taken

    def take_ended(self, netns: int, window: int) -> list[Ended]:
        """Return the connections and listeners of a network namespace that are over.

        The first call of a window draws the line for all namespaces, so that both ends of a connection are of one. A
        window before the first is that of a baseline, and has no line.
        """
        if window < 0:
            self.drain()
            return self._ended.pop(netns, [])
        if window != self._window:
            self.drain()
            self._over, self._ended, self._window = self._ended, {}, window
            self._ends_kept = 0
            lost = sum(self.counters().values())
            self.complete, self._seen_lost = lost == self._seen_lost, lost
        return self._over.pop(netns, [])

    def opened(self, cookie: int) -> bool | None:
        """Return whether a process connected with a socket, and did not accept it; None if that was not seen."""
        try:
            kind = bpf.look_up(self._reported_at, cookie.to_bytes(8, sys.byteorder)) & _KIND
        except FileNotFoundError:
            return None
        return {Kind.CONNECTED: True, Kind.READ: False}.get(Kind(kind))

    def take_workers(self) -> set[Process]:
        """Return the processes that worked on sockets, since the last call."""
        workers, self._workers = self._workers, set()
        return workers

    def take_started(self) -> list[Started]:
        """Return the processes that were reported since the last call."""
        started, self._started = self._started, []
        return started

    def forget(self) -> None:
        """Forget the owners and processes that nobody took."""
        self._owners_kept = 0
        self._owners.clear()
        self._started.clear()
        self._workers.clear()

    def missing(self) -> dict[str, str]:
        """Return what cannot be seen without the programs."""
        return {WHAT: self._needs} if self._needs else {}

    def counters(self) -> dict[str, int]:
        """Return how many records were lost."""
        return {"socket_reports_lost": self._lost_now() + self._dropped}

    def close(self) -> None:
        """End the programs."""
        if self._ring is not None:
            self._ring.close()
            self._ring = None
        for descriptor in self._descriptors:
            os.close(descriptor)
        self._descriptors.clear()

    def _lost_now(self) -> int:
        if self.running:
            self._lost = bpf.look_up(self._lost_at, bytes(4))
        return self._lost

    def _lacks(self) -> str:
        if not is_initial("pid"):
            return ELSEWHERE
        if (kernel_version(self._release) or (0, 0)) < OLDEST:
            return NEWER
        return "" if bpf.supported() else "a processor of x86-64, ARM or RISC-V with 64 bits"

    def _run(self) -> None:
        types = kernel_types(TYPES)
        maps = Maps(
            ring=self._keep(bpf.create_map, bpf.RING, 0, 0, RING_BYTES, NAME),
            reported=self._keep(bpf.create_map, bpf.LRU_HASH, 8, 8, REPORTED, NAME),
            known=self._keep(bpf.create_map, bpf.LRU_HASH, 4, 16, PROCESSES, NAME),
            lost=self._keep(bpf.create_map, bpf.ARRAY, 4, 8, 1, NAME),
        )
        loaded = [self._keep(bpf.load, program(name, types, maps), traced(name, types), NAME) for name in TRACEPOINTS]
        self._ring, self._lost_at = Ring(maps.ring, RING_BYTES), maps.lost
        self._reported_at = maps.reported
        for each in loaded:
            self._keep(bpf.attach, each)

    def _keep(self, make: Callable[..., int], *arguments: object) -> int:
        descriptor = make(*arguments)
        self._descriptors.append(descriptor)
        return descriptor
