"""The agent at the edges: very much of one thing on the host, of which little changes.

CPU of one window in which ten things changed, against one in which nothing did. The sockets and addresses are in a
network namespace of their own. Needs root.
"""

import ctypes
import multiprocessing
import os
import resource
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.synchronize import Event

from benchmarks.result import Goal, Result

FILES, ADDRESSES, UDP, LISTENERS, CONNECTIONS = 19_000, 5_000, 10_000, 5_000, 18_000
CHANGES = 10  # a window
GOAL = Goal(op="<=", number=2)
CLONE_NEWNET = 0x4000_0000

AGENT = """
import sys, threading, time
from collectors.runner import run
from collectors.settings import Settings

stop, marks = threading.Event(), []

def publish(topic, key, value):
    if topic.name == "heartbeats":
        marks.append(time.process_time())
        if len(marks) == 14:
            stop.set()

run(Settings(window_ms=500, keyframe_ms=3_600_000, drain_ms=250), publish, lambda: None, stop)
print(*[(later - mark) * 1000 for mark, later in zip(marks[2:], marks[3:])])
"""

Work = Callable[[Event, Event], None]


def run() -> list[Result]:
    """Measure each edge alone, at rest and with changes."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "a network namespace needs root")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    edges: dict[str, Work] = {
        f"{FILES:,} open files": _files,
        f"{ADDRESSES:,} addresses": _addresses,
        f"{UDP:,} UDP sockets": _udp,
        f"{LISTENERS:,} listeners": _listeners,
        f"{CONNECTIONS:,} connections": _connections,
    }
    results = []
    for name, work in edges.items():
        with _doing(work) as changes:
            rest = _windows()
            changes.set()
            changing = _windows()
        results.append(
            Result(
                name=f"a window of {name}",
                value=statistics.median(changing),
                unit="ms CPU",
                against="nothing changes",
                against_value=statistics.median(rest),
                goal=GOAL,
                runs=changing,
            )
        )
    return results


def _windows() -> tuple[float, ...]:
    """Return the CPU of each of some windows, in ms."""
    command = [sys.executable, "-c", AGENT]
    return tuple(map(float, subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()))


@contextmanager
def _doing(work: Work) -> Iterator[Event]:
    """Run a process that has much of something; it changes a little from when the event is set."""
    context = multiprocessing.get_context("fork")
    ready, changes = context.Event(), context.Event()
    process = context.Process(target=work, args=(ready, changes))
    process.start()
    try:
        while not ready.wait(1):
            if not process.is_alive():
                raise ChildProcessError(f"{work.__name__} ended")
        yield changes
    finally:
        process.kill()
        process.join()


def _changing(ready: Event, changes: Event, change: Callable[[int], None]) -> None:
    ready.set()
    changes.wait()
    nth = 0
    while True:
        change(nth)
        nth += 1
        time.sleep(0.5 / CHANGES)


def _files(ready: Event, changes: Event) -> None:
    held = [os.open("/dev/null", os.O_RDONLY) for _ in range(FILES)]
    _changing(ready, changes, lambda _: held.append(os.open("/dev/null", os.O_RDONLY)))


def _addresses(ready: Event, changes: Event) -> None:
    lines = [f"addr add 10.{at >> 8}.{at & 255}.1/32 dev lo" for at in range(ADDRESSES)]
    subprocess.run(["ip", "-batch", "-"], input="\n".join(lines).encode(), check=True)

    changer = subprocess.Popen(["ip", "-force", "-batch", "-"], stdin=subprocess.PIPE)
    assert changer.stdin is not None
    commands = changer.stdin

    def change(nth: int) -> None:
        commands.write(f"addr {('add', 'del')[nth % 2]} 10.200.0.1/32 dev lo\n".encode())
        commands.flush()

    _changing(ready, changes, change)


def _udp(ready: Event, changes: Event) -> None:
    def bound() -> socket.socket:
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        opened.bind(("127.0.0.1", 0))
        return opened

    held = [bound() for _ in range(UDP)]
    _changing(ready, changes, lambda _: held.append(bound()))


def _listeners(ready: Event, changes: Event) -> None:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(LISTENERS)]
    _changing(ready, changes, lambda _: held.append(socket.create_server(("127.0.0.1", 0))))


def _connections(ready: Event, changes: Event) -> None:
    server = socket.create_server(("127.0.0.1", 0), backlog=1_024)

    def connected() -> tuple[socket.socket, socket.socket]:
        return socket.create_connection(server.getsockname()), server.accept()[0]

    held = [connected() for _ in range(CONNECTIONS // 2)]
    _changing(ready, changes, lambda _: held.append(connected()))
