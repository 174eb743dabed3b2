"""What the folds keep, over hours of a light load of short lives: it levels off.

Two hosts, windows of 5 s: ten connections stay, and in every window thirty more come and go, each with a process of its
own. Three hours of that go through both stages, bytes in and bytes out, as in `servicemap work`.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.connection import CONNECTION
from benchmarks.result import Goal, Result
from log.protocol import Record
from schemas.codec import encode
from schemas.raw import (
    Batch,
    ConnectionBatch,
    Connections,
    Exits,
    Heartbeat,
    ListenerBatch,
    Listeners,
    OwnerBatch,
    Owners,
    ProcessBatch,
    Processes,
    RequestBatch,
)
from servicemap.process import tune_memory
from streams.stage import AttributeStage, PairStage

WIDTH = 5_000
HOURS = 3
WINDOWS = HOURS * 3_600_000 // WIDTH
KEYFRAME = 12  # windows
STAYING, PASSING = 10, 30
START = 1_800_000_000_000


def run() -> list[Result]:
    tune_memory()
    attribute, pair = AttributeStage(), PairStage()
    before = resident()
    found = []
    for at in range(WINDOWS):
        for host in (0, 1):
            for record in window(host, at):
                for made in attribute.feed(record):
                    if made.topic == "sides":
                        pair.feed(Record("sides", 0, at, record.timestamp, made.key, made.value))
        if (at + 1) % (WINDOWS // (6 * HOURS)) == 0:  # every ten minutes
            found.append(resident() - before)
    level = found[len(found) // 2]
    return [
        Result(
            name="memory of the folds after 3 h",
            value=found[-1],
            unit="MiB",
            against="after 1.5 h",
            against_value=level,
            goal=Goal(op="<=", number=1.1),
            runs=tuple(found),
        )
    ]


def resident() -> float:
    """Return what this process has in memory, MiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def window(host: int, at: int) -> Iterator[Record]:
    """Yield what one host's agent logs of a window."""
    for topic, batch in _batches(host, at).items():
        yield Record(topic, 0, at, batch.window + WIDTH, b"h%d" % host, encode(batch))


def _batches(host: int, at: int) -> dict[str, Batch]:
    whole = at % KEYFRAME == 0
    head: dict[str, Any] = {
        "host_id": f"h{host}",
        "boot_id": f"boot{host}",
        "run": START,
        "seq": at,
        "window": START + at * WIDTH,
        "width": WIDTH,
        "keyframe": whole,
    }
    new = range(100 + at * PASSING, 100 + (at + 1) * PASSING)
    known = [(1, "server"), *((pid, "client") for pid in new)] if whole else [(pid, "client") for pid in new]
    processes = [(pid, 5, 0, 1, 0, "root", name, f"/usr/bin/{name}", [name], "", "", "", 0) for pid, name in known]
    connections = [_connection(host, n, START, sent=at) for n in range(1, STAYING)]
    connections += [_connection(host, n, head["window"], sent=n, over=True) for n in new]
    owners = [(n, 1, 5, "scan") for n in range(1, STAYING)] if whole else []
    owners += [(n, n, 5, "scan") for n in new]
    sent = dict.fromkeys(("processes", "connections", "listeners", "owners", "requests"), 1)
    return {
        "processes": ProcessBatch(
            **head,
            processes=Processes.of(processes),
            exits=Exits.of((pid, 5, head["window"] + 1, 0, 0) for pid in new),
        ),
        "connections": ConnectionBatch(**head, netns=1, connections=Connections.of(connections, CONNECTION)),
        "listeners": ListenerBatch(**head, netns=1, listeners=Listeners.of([(9, 6, "0.0.0.0", 80, 0, 0)])),
        "owners": OwnerBatch(**head, owners=Owners.of(owners)),
        "requests": RequestBatch(**head, netns=1),
        "heartbeats": Heartbeat(**head, hostname=f"h{host}", netns=1, sent=sent),
    }


def _connection(host: int, number: int, since: int, *, sent: int, over: bool = False) -> tuple[Any, ...]:
    ends = (f"10.0.0.{host + 1}", 30_000 + number % 30_000, "192.0.2.1", 443)
    flags = (since, over, True, False, over, False)  # since, opened, fresh, accepted, closed, failed
    return (number, 6, *ends, 1, 0, *flags, sent, 4 * sent, 3, 5, 0, 300 + number % 500, 180)
