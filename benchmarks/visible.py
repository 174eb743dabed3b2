"""From a connection that opens to its edge in the live view, as a page that is open gets it.

The page listens to /api/stream and reads /api/map whenever a newer window is stored. Connections to ports of their own
open at moments spread over the windows.
"""

import json
import math
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.request import urlopen

from benchmarks.result import Goal, Result

READY_S = 60
WINDOWS = ((5, 60, 6.0, 10.0), (1, 40, None, 4.0))  # width s, connections, goals of p50 and p99 in s


def run() -> list[Result]:
    """Measure at the default window and at the smallest."""
    results = []
    for width, connections, median_goal, worst_goal in WINDOWS:
        delays = _delays(width, connections)
        name = f"event to view, window of {width} s"
        for label, value, goal in (
            ("p50", statistics.median(delays), median_goal),
            ("p99", sorted(delays)[math.ceil(0.99 * len(delays)) - 1], worst_goal),
        ):
            bound = Goal(op="<=", number=goal, of="value") if goal else None
            results.append(Result(name=f"{name}: {label}", value=value, unit="s", goal=bound, runs=delays))
    return results


def _delays(width: int, connections: int) -> list[float]:
    """Open connections one by one; return the seconds after which each was on the map."""
    draw = random.Random(width)
    with ExitStack() as stack:
        url = stack.enter_context(_up(width))
        shown: dict[int, float] = {}
        threading.Thread(target=_watch, args=(url, shown), daemon=True).start()
        opened: dict[int, float] = {}
        for _ in range(connections):
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            port = listener.getsockname()[1]
            opened[port] = time.time()
            stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            time.sleep(draw.uniform(0.2, 1.0))
        end = time.monotonic() + READY_S
        while not opened.keys() <= shown.keys():
            if time.monotonic() > end:
                raise RuntimeError(f"{len(opened.keys() - shown.keys())} connections never came on the map")
            time.sleep(0.1)
        return [shown[port] - at for port, at in opened.items()]


def _watch(url: str, shown: dict[int, float]) -> None:
    """Do what an open page does until the server stops: note when each port was first on the map."""
    with suppress(OSError), urlopen(f"{url}api/stream", timeout=READY_S) as stream:
        for line in stream:
            if line.startswith(b"event: newest"):
                with urlopen(f"{url}api/map?level=process", timeout=READY_S) as answer:
                    edges = json.load(answer)["edges"]
                now = time.time()
                for edge in edges:
                    shown.setdefault(edge["server_port"], now)


@contextmanager
def _up(width: int) -> Iterator[str]:
    """Run the map of this machine; give the address of its view once it has something to show."""
    with tempfile.TemporaryDirectory() as folder:
        ports = ("--native-port", "0", "--http-port", "0", "--view-port", "0")
        command = [sys.executable, "-m", "servicemap", "up", "--data", folder, "--window", f"{width}s", *ports]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
            try:
                yield _ready(Path(folder) / "view.json")
            finally:
                process.send_signal(signal.SIGINT)


def _ready(file: Path) -> str:
    end = time.monotonic() + READY_S
    while time.monotonic() < end:
        if file.exists():
            url = str(json.loads(file.read_text())["url"])
            with urlopen(f"{url}api/map?level=process", timeout=READY_S) as answer:
                if json.load(answer)["edges"]:
                    return url
        time.sleep(0.2)
    raise RuntimeError("servicemap up shows no map: run `make up` to see why")
