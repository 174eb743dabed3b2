"""What the folds keep, over hours of a light load of short lives: it levels off.

Two hosts, windows of 5 s: ten connections stay, and in every window thirty more come and go, each with a process of its
own. Three hours of that go through both stages, bytes in and bytes out, as in `servicemap work`.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.connection import HOSTS, WIDTH, is_whole, process, window
from benchmarks.result import Goal, Result
from log.protocol import Record
from servicemap.process import tune_memory
from streams.stage import AttributeStage, PairStage

HOURS = 3
WINDOWS = HOURS * 3_600_000 // WIDTH
STAYING, PASSING = 10, 30
START = 1_800_000_000_000


def run() -> list[Result]:
    tune_memory()
    attribute, pair = AttributeStage(), PairStage()
    before = resident()
    found = []
    for at in range(WINDOWS):
        for host in HOSTS:
            for record in _window(host, at):
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


def _window(host: int, at: int) -> Iterator[Record]:
    """Yield what one host's agent logs of a window."""
    begin, new = START + at * WIDTH, range(100 + at * PASSING, 100 + (at + 1) * PASSING)
    connections = [_connection(host, n, START, sent=at) for n in range(1, STAYING)]
    connections += [_connection(host, n, begin, sent=n, over=True) for n in new]
    owners = [(n, 1, 5, "scan") for n in range(1, STAYING)] if is_whole(at) else []
    processes = [process(1, "server")] if is_whole(at) else []
    return window(
        host,
        at,
        START,
        connections=connections,
        owners=owners + [(n, n, 5, "scan") for n in new],
        listeners=[(9, 6, "0.0.0.0", 80, 0, 0)],
        processes=processes + [process(pid, "client") for pid in new],
        exits=[(pid, 5, begin + 1, 0, 0) for pid in new],
    )


def _connection(host: int, number: int, since: int, *, sent: int, over: bool = False) -> tuple[Any, ...]:
    ends = (f"10.0.0.{host + 1}", 30_000 + number % 30_000, "192.0.2.1", 443)
    flags = (since, over, True, False, over, False)  # since, opened, fresh, accepted, closed, failed
    return (number, 6, *ends, 1, 0, *flags, sent, 4 * sent, 3, 5, 0, 300 + number % 500, 180)
