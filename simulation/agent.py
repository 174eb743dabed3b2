"""The agent of a host: window after window by the clock of the host, keyframes every minute, the heartbeat last."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from schemas import topics
from schemas.codec import encode
from schemas.raw import (
    Batch,
    ConnectionBatch,
    Heartbeat,
    HostFacts,
    Interfaces,
    LinkBatch,
    ListenerBatch,
    OwnerBatch,
    ProcessBatch,
    RequestBatch,
    Spoken,
)
from schemas.topics import Topic
from simulation import reports
from simulation.connections import LIFE_AT
from simulation.kernel import NEVER, Kernel, Socket
from simulation.machine import OWN_NETNS, Machine
from simulation.records import SimRecord

KEYFRAME_MS = 60_000
CPUS = 4
_MEMORY = 16 << 30
_FOUND_LATE = 0.1  # of the owners that a scan finds, a window later
_SEALED_MS = (40, 250)  # from the end of a window until its batches are in the log
TOPICS = (
    topics.HEARTBEATS, topics.PROCESSES, topics.CONNECTIONS, topics.LISTENERS, topics.OWNERS, topics.REQUESTS,
    topics.HOSTS, topics.LINKS,
)  # fmt: skip
_NAMES = sorted(topic.name for topic in TOPICS if topic is not topics.HEARTBEATS)


class Agent:
    """Looks at the kernel of one host. Where no programs in the kernel are allowed, it scans for owners of sockets."""

    def __init__(self, machine: Machine, kernel: Kernel, width: int, random: Random) -> None:
        self.machine = machine
        self._kernel = kernel
        self._width = width
        self._random = random
        self._delay_ms = random.randrange(*_SEALED_MS)
        self._run = 0
        self._seq = 0
        self._keyframe = True
        self._covers = 0
        self._waiting: list[Socket] = []  # whose owners the next scan finds
        kernel.clock_ms = machine.host.clock_ms

    def start(self, now: int) -> None:
        """Begin a run. What is there by now is not new, and what it carried before is not reported."""
        kernel, width = self._kernel, self._width
        self._run = now + kernel.clock_ms
        self._seq, self._keyframe, self._waiting = 0, True, []
        kernel.window = self._run // width * width
        self._covers = (kernel.window + width - self._run) % width
        kernel.cut = kernel.window + width - self._run
        kernel.forget()
        for socket in kernel.open.values():
            socket.fresh, socket.since, socket.known = False, kernel.window, True
        kernel.listeners = {
            cookie: listener._replace(since=kernel.window) for cookie, listener in kernel.listeners.items()
        }

    def stop(self) -> None:
        """End without a word."""
        self._kernel.cut = NEVER

    @property
    def clock_ms(self) -> int:
        """Return how far the clock of the host is ahead."""
        return self._kernel.clock_ms

    @property
    def stopped(self) -> bool:
        """Return whether it does not run."""
        return self._kernel.cut == NEVER

    def step(self, clock_ms: int) -> None:
        """Have the clock of the host set, so that it is so many ms ahead."""
        kernel = self._kernel
        by, kernel.clock_ms = clock_ms - kernel.clock_ms, clock_ms
        if not self.stopped:
            kernel.cut = max(kernel.cut - by, LIFE_AT)

    def turn(self, now: int) -> Iterator[SimRecord]:
        """Yield what is reported within one window of true time, which began at `now`."""
        kernel = self._kernel
        while kernel.cut <= self._width:
            at = now + kernel.cut
            yield from self._report(at)
            ends, clock = kernel.window + self._width, at + kernel.clock_ms
            before, kernel.window = kernel.window, max(ends, clock // self._width * self._width)
            kernel.cut = kernel.window + self._width - kernel.clock_ms - now
            self._keyframe = before // KEYFRAME_MS != kernel.window // KEYFRAME_MS
            self._seq, self._covers = self._seq + 1, 0
            kernel.catch_up()
        if self.stopped:
            kernel.forget()
        else:
            kernel.cut -= self._width

    def finish(self, now: int) -> Iterator[SimRecord]:
        """Stop at `now`; report the window that was begun, if there is one."""
        if not self.stopped and self._kernel.cut != self._width:
            yield from self._report(now, stopped=now + self._kernel.clock_ms)
        self.stop()

    def _report(self, at: int, stopped: int = 0) -> Iterator[SimRecord]:
        header: dict[str, Any] = {
            "host_id": self.machine.host.name,
            "boot_id": self.machine.boot_id,
            "run": self._run,
            "seq": self._seq,
            "window": self._kernel.window,
            "width": self._width,
            "keyframe": self._keyframe,
            "covers": self._covers,
        }
        sent: dict[str, int] = {}
        key, logged = self.machine.host.name.encode(), at + self._delay_ms
        for topic, batch in self._batches(header):
            if topic.folded:
                sent[topic.name] = sent.get(topic.name, 0) + 1
            yield SimRecord(topic.name, key, encode(batch), logged)
        beat = self._heartbeat(header, sent, stopped)
        yield SimRecord(topics.HEARTBEATS.name, key, encode(beat), logged)
        for process in self._kernel.processes:
            process.cpu_us = 0
        self._kernel.forget()

    def _batches(self, header: dict[str, Any]) -> Iterator[tuple[Topic, Batch]]:
        kernel, whole = self._kernel, self._keyframe
        if whole:
            yield topics.HOSTS, self._facts(header)
            yield topics.LINKS, LinkBatch(**header, links=reports.links(self.machine.host))
        yield topics.PROCESSES, self._processes(header)
        rows = kernel.touched
        if whole:
            rows = [*rows, *(one for one in kernel.open.values() if not one.touched)]
        parts = reports.by_network(self.machine, rows, whole=whole)
        for part, (netns, some) in enumerate(parts.items()):
            found = reports.connections(some, kernel.window, whole=whole)
            yield topics.CONNECTIONS, ConnectionBatch(**header, part=part, netns=netns, connections=found)
        yield from self._listeners(header)
        yield topics.OWNERS, self._owners(header, rows)
        keys = kernel.speaks if whole else kernel.spoken
        for part, (netns, some) in enumerate(parts.items()):
            spoken = reports.spoken(kernel, keys, netns) if keys else Spoken()
            asked = reports.requests(some)
            yield topics.REQUESTS, RequestBatch(**header, part=part, netns=netns, requests=asked, spoken=spoken)

    def _processes(self, header: dict[str, Any]) -> ProcessBatch:
        kernel = self._kernel
        gone = [process for process, *_ in kernel.exits]
        killed = [process for process, _, _, oom in kernel.exits if oom]
        known = kernel.started
        if self._keyframe:
            known = [*kernel.processes, *gone]
        used = [one for one in kernel.processes if self._keyframe or one.cpu_us or one.seat.throttled]
        return ProcessBatch(
            **header,
            processes=reports.processes(list(dict.fromkeys(known)), kernel.clock_ms),
            usage=reports.usage([*used, *killed], self._width, killed),
            exits=reports.exits(kernel.exits, kernel.clock_ms),
        )

    def _listeners(self, header: dict[str, Any]) -> Iterator[tuple[Topic, Batch]]:
        kernel = self._kernel
        found = list(kernel.listeners.values()) if self._keyframe else kernel.listened
        touched = [one.process.network.inode for one in (*found, *kernel.unlistened)]
        spaces = [OWN_NETNS, *(self.machine.networks if self._keyframe else ()), *touched]
        for part, netns in enumerate(dict.fromkeys(spaces)):
            ended = [one for one in kernel.unlistened if one.process.network.inode == netns]
            news = [one for one in found if one.process.network.inode == netns and one.cookie in kernel.listeners]
            yield (
                topics.LISTENERS,
                ListenerBatch(
                    **header,
                    part=part,
                    netns=netns,
                    listeners=reports.listeners(news),
                    gone=[one.cookie for one in ended],
                    ended=reports.listeners(ended),
                ),
            )

    def _owners(self, header: dict[str, Any], rows: list[Socket]) -> OwnerBatch:
        kernel = self._kernel
        begun = kernel.begun if self.machine.traced else self._scanned()
        for one in begun:
            one.known = True
        waiting = [one for one in kernel.listened if one.cookie in kernel.listeners]
        if self._keyframe:
            begun, waiting = [one for one in rows if one.known], list(kernel.listeners.values())
        held = [one for one in begun if one.owner.seat.instance.service.owner_known]
        waiting = [one for one in waiting if one.process.seat.instance.service.owner_known]
        return OwnerBatch(**header, owners=reports.owners(held, waiting, traced=self.machine.traced))

    def _scanned(self) -> list[Socket]:
        """Return the sockets whose owners a scan finds now: those that are open, some of them a window later."""
        there = [one for one in (*self._waiting, *self._kernel.begun) if not one.closed]
        before = len(self._waiting)
        late = [nth >= before and self._random.random() < _FOUND_LATE for nth in range(len(there))]
        self._waiting = [one for one, waits in zip(there, late, strict=True) if waits]
        return [one for one, waits in zip(there, late, strict=True) if not waits]

    def _heartbeat(self, header: dict[str, Any], sent: dict[str, int], stopped: int) -> Heartbeat:
        kernel, machine = self._kernel, self.machine
        busy = sum(one.cpu_us for one in kernel.processes) / (CPUS * self._width * 1000)
        whole = self._keyframe or kernel.moved_house
        rows = kernel.touched
        return Heartbeat(
            **header,
            sent=sent,
            topics=_NAMES,
            hostname=machine.host.name,
            netns=OWN_NETNS,
            interfaces=reports.interfaces(machine) if whole else Interfaces(),
            booted=machine.booted + kernel.clock_ms,
            alone=True,
            stopped=stopped,
            cpu_ratio=round(min(0.98 if machine.pressure else busy, 1.0), 4),
            cpu_pressure_us=self._width * 600 if machine.pressure else 0,
            load1=round(CPUS * busy + 2 * CPUS * (machine.pressure > 0), 2),
            memory_used_bytes=sum(one.seat.instance.service.memory_bytes for one in kernel.processes),
            memory_total_bytes=_MEMORY,
            network_received_bytes=sum(one.received for one in rows if one.local != "127.0.0.1"),
            network_sent_bytes=sum(one.sent for one in rows if one.local != "127.0.0.1"),
            open_files=12 * len(kernel.processes) + len(kernel.open),
            oom_kills=sum(oom for *_, oom in kernel.exits),
            agent_cpu_ms=25,
            agent_rss_bytes=28 << 20,
        )

    def _facts(self, header: dict[str, Any]) -> HostFacts:
        machine = self.machine
        return HostFacts(
            **header,
            hostname=machine.host.name,
            os="Debian GNU/Linux 12 (bookworm)",
            kernel="6.1.0-18-amd64",
            arch="x86_64",
            cpus=CPUS,
            memory_bytes=_MEMORY,
            booted=machine.booted + self._kernel.clock_ms,
            agent_version="simulated",
            interfaces=reports.interfaces(machine),
            labels=dict(machine.host.labels),
        )
