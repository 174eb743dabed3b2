"""The shop by itself, as its tests start it and ask it."""

import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.e2e.running import until


class Shop(NamedTuple):
    """A running shop: the folder of its logs, the ports of its services."""

    folder: Path
    ports: dict[str, int]

    def ask(self, service: str, path: str = "/", body: str | None = None) -> tuple[int, str, float]:
        """Return status, body and seconds of an answer."""
        url = f"http://127.0.0.1:{self.ports[service]}{path}"
        began = time.monotonic()
        try:
            with urllib.request.urlopen(url, None if body is None else body.encode(), timeout=10) as answer:
                return answer.status, answer.read().decode(), time.monotonic() - began
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode(), time.monotonic() - began

    def log(self, service: str) -> str:
        """Return what a service logged."""
        return (self.folder / f"{service}.log").read_text()


@contextmanager
def shop(folder: Path, *flags: str) -> Iterator[Shop]:
    """Run a shop until Ctrl-C's signal."""
    folder.mkdir()
    command = [sys.executable, "-m", "servicemap.demo", "--data", str(folder), *flags]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        yield opened(folder)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def opened(folder: Path) -> Shop:
    """Return a shop that is starting, once its page is there."""
    file = folder / "ports.json"
    until(file.exists, bool, 60, "the shop's ports")
    running = Shop(folder, json.loads(file.read_text()))
    until(lambda: page(running), lambda status: status == 200, 60, "the shop's page")
    return running


def page(running: Shop) -> int:
    """Return the status of the page, 0 while nobody answers."""
    try:
        return running.ask("web")[0]
    except OSError:
        return 0
