"""Run servicemap as its users do, as real processes, and query it through the store and the command line."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sinks.address import Address
from sinks.store import Store, StoreError

SERVICEMAP = (sys.executable, "-m", "servicemap")


class Up:
    """A running `servicemap up` (or some of its parts) and its data directory."""

    def __init__(self, data: Path, process: "subprocess.Popen[Any]") -> None:
        self.data = data
        self.process = process

    def sql(self, text: str) -> list[tuple[Any, ...]]:
        """Query the store as a reader; return no rows while it is not running."""
        try:
            facts = json.loads((self.data / "store" / "store.json").read_text())
            store = Store(Address("127.0.0.1", facts["native_port"], "default", "", "servicemap"))
            try:
                return store.query(text)
            finally:
                store.close()
        except (OSError, ValueError, StoreError):
            return []

    def until(self, text: str, good: Callable[[list[tuple[Any, ...]]], bool] = bool, seconds: float = 45) -> Any:
        """Query until the answer is good; a failure shows the last answer."""
        return until(lambda: self.sql(text), good, seconds, text)

    def parts(self) -> dict[str, int]:
        """Return the pids of the running parts by name."""
        found = {}
        for name in Path("/proc").iterdir():
            if not name.name.isdigit():
                continue
            try:
                words = os.fsdecode((name / "cmdline").read_bytes()).split("\0")
            except OSError:
                continue
            if any(str(self.data) in word for word in words) and int(name.name) != self.process.pid:
                kind = "store" if "sinks.embedded" in words else words[3] if len(words) > 3 else "?"
                found[kind] = int(name.name)
        return found

    def stop(self) -> int:
        """Send Ctrl-C's signal to all of its group, as a terminal does; return the exit code."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(60)


def until(ask: Callable[[], Any], good: Callable[[Any], bool], seconds: float, what: str) -> Any:
    """Ask until the answer is good."""
    end = time.monotonic() + seconds
    while True:
        answer = ask()
        if good(answer):
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}\nlast answer: {answer}")
        time.sleep(0.2)


@contextmanager
def up(data: Path, *flags: str) -> Iterator[Up]:
    """Run `servicemap up` with a store on free ports; kill what is left of it in the end."""
    command = [*SERVICEMAP, "up", "--data", str(data), "--native-port", "0", "--http-port", "0", *flags]
    with data.with_suffix(".log").open("a") as messages:  # a file: a full pipe would stop the supervisor
        process = subprocess.Popen(
            command, stderr=messages, text=True, stdin=subprocess.DEVNULL, start_new_session=True
        )
    running = Up(data, process)
    try:
        yield running
    finally:
        kill(running)


def kill(running: Up) -> None:
    """Kill a supervisor and all of its parts."""
    for pid in (running.process.pid, *running.parts().values()):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    running.process.wait()
    until(running.parts, lambda parts: not parts, 20, "parts to end")


@contextmanager
def part(*arguments: str, inside: Sequence[str] = ()) -> Iterator["subprocess.Popen[bytes]"]:
    """Run one command of servicemap, inside a namespace if one is given; stop it in the end."""
    process = subprocess.Popen([*inside, *SERVICEMAP, *arguments], stdin=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run one command of servicemap to its end."""
    return subprocess.run([*SERVICEMAP, *arguments], capture_output=True, text=True, timeout=60, check=False)
