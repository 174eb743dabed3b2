"""What the whole agent costs under the loads of a host, beside ss(8) and psutil in a loop.

All three watch the same host at the same time, once in each window of the agent. The two others see the sockets of one
network namespace and what holds them, and nothing else. CPU time is that of a process and its children. Last, a
workload that takes all it can get runs with and without the agent, in turns.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

import psutil

from benchmarks.agent import sockets
from benchmarks.namespaces import namespaces
from benchmarks.protocols import RATE, ask_redis, redis
from benchmarks.result import Goal, Result
from benchmarks.short_connections import Load, ask, cabled, forked, serve
from log.local import LocalLog
from schemas.topics import HEARTBEATS

WIDTH_S = 5
WINDOWS = 4  # that are measured under each load
TURNS, REQUESTS = 5, 300_000  # of the workload that takes all it can get
MOST_MEMORY = Goal(op="<=", number=80, of="value")
LOOP = """
import subprocess, time
import psutil

def look():
    {look}

while True:
    time.sleep(max(0.0, {width} - time.monotonic() % {width}))
    look()
"""
SS = LOOP.format(look="subprocess.run(['ss', '-tinpH'], stdout=subprocess.DEVNULL)", width=WIDTH_S)
PSUTIL = LOOP.format(look="psutil.net_connections('inet'), list(psutil.process_iter(['cpu_times']))", width=WIDTH_S)


class Agent(NamedTuple):
    """A running agent, and where it writes."""

    pid: int
    log: Path

    def wait(self, windows: int) -> None:
        """Wait until it has reported so many more windows."""
        with closing(LocalLog(self.log)) as log:
            end = _records(log) + windows
            while _records(log) < end:
                time.sleep(0.1)


def run() -> list[Result]:
    """Measure one load after the other, each with an agent of its own, then what it takes from a workload."""
    results: list[Result] = []
    for name, load in LOADS.items():
        with ExitStack() as stack:
            agent = stack.enter_context(_agent())
            rivals = {rival: stack.enter_context(_python(code)) for rival, code in (("ss", SS), ("psutil", PSUTIL))}
            results += _measured(name, load, agent, rivals)
    return [*results, *_slowed()]


def _measured(
    name: str, load: Callable[[], AbstractContextManager[None]], agent: Agent, rivals: dict[str, int]
) -> Iterator[Result]:
    pids = [agent.pid, *rivals.values()]
    with load():
        agent.wait(2)  # the first has what began
        began, before = time.monotonic(), [_spent(pid) for pid in pids]
        agent.wait(WINDOWS)
        seconds = time.monotonic() - began
        memory = psutil.Process(agent.pid).memory_info().rss / (1 << 20)
        mine, *others = (100 * (_spent(pid) - then) / seconds for pid, then in zip(pids, before, strict=True))
    for rival, theirs in zip(rivals, others, strict=True):
        yield Result(
            name=f"cost: {name}",
            value=mine,
            unit="% of a core",
            against=f"{rival} every {WIDTH_S} s",
            against_value=max(theirs, 0.01),
        )
    yield Result(name=f"cost: memory, {name}", value=memory, unit="MiB", goal=MOST_MEMORY)


def _slowed() -> list[Result]:
    """Measure requests of a server that is asked as fast as it can answer."""
    alone: list[float] = []
    watched: list[float] = []
    with redis() as port:
        if not port:
            return []
        for turn in range(2 * TURNS):
            with _agent() if turn % 2 else nullcontext():
                command = ["redis-benchmark", "-p", str(port), "-n", str(REQUESTS), "-t", "get", "-q"]
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # until the agent has adapted to it
                began = time.monotonic()
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
                (watched if turn % 2 else alone).append(REQUESTS / (time.monotonic() - began))
    return [
        Result(
            name="cost: a saturated server, watched",
            value=statistics.median(watched),
            unit="requests/s",
            against="not watched",
            against_value=statistics.median(alone),
            goal=Goal(op=">=", number=0.97),
            runs=watched,
        )
    ]


@contextmanager
def _agent() -> Iterator[Agent]:
    """Run an agent with everything on; it has reported two windows."""
    with tempfile.TemporaryDirectory() as data, ExitStack() as stack:
        command = [sys.executable, "-m", "servicemap", "collect", "--data", data, "--window", f"{WIDTH_S}s"]
        agent = Agent(stack.enter_context(_running(command)), Path(data) / "log.sqlite")
        agent.wait(2)
        yield agent


def _records(log: LocalLog) -> int:
    """Return how many heartbeats there are; the agent makes the topic."""
    return next((topic.records for topic in log.topics() if topic.name == HEARTBEATS.name), 0)


@contextmanager
def _running(command: list[str]) -> Iterator[int]:
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield process.pid
        finally:
            process.terminate()


def _python(code: str) -> AbstractContextManager[int]:
    return _running([sys.executable, "-c", code])


@contextmanager
def _connecting() -> Iterator[None]:
    """Open 2,000 connections a second between two namespaces, each for one request."""
    with cabled() as (client, server), forked(server, partial(serve, 0)), forked(client, _without_end):
        yield


def _without_end() -> None:
    while True:
        with suppress(ConnectionRefusedError):  # the server listens soon
            ask(0, Load(2_000, 1))
        time.sleep(0.01)


@contextmanager
def _asking() -> Iterator[None]:
    """Ask a server 10,000 times a second."""
    with redis() as port:
        over = threading.Event()

        def work() -> None:
            while port and not over.is_set():
                ask_redis(port, RATE)

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


@contextmanager
def _namespaces(count: int) -> Iterator[None]:
    with namespaces(count):
        yield


LOADS: dict[str, Callable[[], AbstractContextManager[None]]] = {
    "at rest": nullcontext,
    "1,000 sockets": lambda: sockets(5, 100, 5),
    "32,000 sockets": sockets,
    "100 namespaces": lambda: _namespaces(100),
    "300 namespaces": lambda: _namespaces(300),
    "2,000 connections/s": _connecting,
    f"{RATE:,} requests/s": _asking,
}


def _spent(pid: int) -> float:
    """Return the CPU time of a process and of its children that have ended, in seconds."""
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    user, system, of_children, their_system = map(int, stat[11:15])
    return (user + system + of_children + their_system) / os.sysconf("SC_CLK_TCK")
