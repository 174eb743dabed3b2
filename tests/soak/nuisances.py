"""What strangers do to a running map: each nuisance again and again until the end. None leaves anything behind."""

import contextlib
import json
import os
import random
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, urlsplit

from log.open import open_log
from tests.e2e.running import SERVICEMAP, Up

HOSTILE = (
    "SET a={" + "''" * 38 + "!",
    "SETTINGS a=1" + " " * 4000,
    "SELECT arrayMap(file, ['/etc/shadow'])",
    "SELECT count() FROM numbers(100000000000)",
    "SELECT repeat('a', 1000000000)",
    "EXISTS (SELECT * FROM sqlite('/tmp/x', 't'))",
    "DROP TABLE servicemap.edges",
    "SELECT * FROM servicemap.edges ORDER BY rand() LIMIT 100000",
    "\ufffd" * 3 + "SELECT",
)
SPOILED = (("connections", b"{"), ("sides", b"[1]"), ("edges", b"\xff"), ("processes", b""), ("nodes", b"null"))
Nuisance = Callable[["Nuisances"], None]


class Nuisances:
    """Runs every nuisance in a thread of its own; what went wrong with one is counted."""

    def __init__(self, running: Up, seed: int) -> None:
        self.running = running
        self.chance = random.Random(seed)
        self.spoiled = 0  # records put into the log that cannot be used
        self.done: Counter[str] = Counter()
        self._stop = threading.Event()
        self._folder = Path(tempfile.mkdtemp(prefix="soak-"))
        self._threads = [
            threading.Thread(target=self._again, args=(what, every_s), daemon=True) for what, every_s in _ALL
        ]

    def __enter__(self) -> "Nuisances":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
        shutil.rmtree(self._folder)

    def wait(self, seconds: float) -> bool:
        """Wait; return whether it is the end."""
        return self._stop.wait(seconds)

    def _again(self, what: Nuisance, every_s: float) -> None:
        while not self.wait(every_s * self.chance.uniform(0.5, 1.5)):
            try:
                what(self)
                self.done[what.__name__] += 1
            except (OSError, subprocess.SubprocessError, ValueError, KeyError):
                self.done[f"{what.__name__}: refused"] += 1  # a part that was just killed

    def facts(self) -> dict[str, int]:
        """Return the ports of the store."""
        found: dict[str, int] = json.loads((self.running.data / "store" / "store.json").read_text())
        return found

    def view(self) -> tuple[str, int]:
        """Return where the view is."""
        split = urlsplit(json.loads((self.running.data / "view.json").read_text())["url"])
        return split.hostname or "127.0.0.1", split.port or 80

    def addresses(self) -> list[tuple[str, int]]:
        """Return all that listens."""
        facts = self.facts()
        return [("127.0.0.1", facts["native_port"]), ("127.0.0.1", facts["http_port"]), self.view()]

    def strange_name(self) -> Path:
        """Return a program whose name is no text, made anew."""
        path = self._folder / os.fsdecode(b"x\xff\x1b[31m\n%d" % self.chance.randrange(100))
        shutil.copy("/bin/sleep", path)
        return path


def garbage(one: Nuisances) -> None:
    """Send bytes that mean nothing, to every port."""
    for address in one.addresses():
        with socket.create_connection(address, 5) as peer:
            peer.sendall(one.chance.randbytes(one.chance.randrange(1, 4000)))
            peer.settimeout(2)
            with contextlib.suppress(TimeoutError):
                peer.recv(4096)


def silence(one: Nuisances) -> None:
    """Hold many connections to every port, without a word."""
    with contextlib.ExitStack() as stack:
        for address in one.addresses():
            for _ in range(100):
                stack.enter_context(socket.create_connection(address, 5))
        one.wait(20)


def slowness(one: Nuisances) -> None:
    """Send a request a byte at a time, and never its end."""
    for address in one.addresses()[1:]:
        with socket.create_connection(address, 5) as peer:
            for byte in b"GET /?query=SELECT":
                peer.sendall(bytes([byte]))
                if one.wait(0.5):
                    return


def deaf_streams(one: Nuisances) -> None:
    """Ask for event streams, and never read them."""
    with contextlib.ExitStack() as stack:
        for _ in range(30):
            peer = stack.enter_context(socket.create_connection(one.view(), 5))
            peer.sendall(b"GET /api/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        one.wait(30)


def hostile_queries(one: Nuisances) -> None:
    """Run statements that a reader may not, or that would take for ever."""
    text = one.chance.choice(HOSTILE)
    _get("127.0.0.1", one.facts()["http_port"], "/?query=" + quote(text))


def bombs(one: Nuisances) -> None:
    """Send a body that grows a thousandfold."""
    body = zlib.compress(b" " * (64 << 20))
    head = (
        f"POST /?query=SELECT HTTP/1.1\r\nHost: h\r\nContent-Encoding: deflate\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", one.facts()["http_port"]), 5) as peer:
        peer.settimeout(20)
        peer.sendall(head.encode() + body)
        peer.recv(4096)


def readers(one: Nuisances) -> None:
    """Look at the map as people do."""
    for path in ("/api/map", "/api/hosts", "/api/health", "/api/timeline"):
        _get(*one.view(), path)
    command = [*SERVICEMAP, "map", "--data", str(one.running.data), "--json"]
    subprocess.run(command, capture_output=True, check=True, timeout=60)


def strange_processes(one: Nuisances) -> None:
    """Run programs whose names are no text."""
    path = one.strange_name()
    with subprocess.Popen([path, "2"]):
        pass
    path.unlink()


def short_processes(one: Nuisances) -> None:
    """Run many programs of a moment, with secrets in their command lines."""
    for number in range(20):
        subprocess.run(["/bin/true", "--password", f"soak-secret-{number}"], check=True)


def bad_records(one: Nuisances) -> None:
    """Put records into the log that nobody can use."""
    log = open_log(one.running.data / "log.sqlite")
    try:
        for topic, value in SPOILED:
            log.append(topic, b"intruder", value)
            one.spoiled += 1
        log.flush()
    finally:
        log.close()


def _get(host: str, port: int, path: str) -> bytes:
    with socket.create_connection((host, port), 5) as peer:
        peer.settimeout(30)
        peer.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        end = time.monotonic() + 30
        while (more := peer.recv(1 << 16)) and time.monotonic() < end:
            answer = (answer + more)[:1000]
        return answer


_ALL: tuple[tuple[Nuisance, float], ...] = (
    (garbage, 5),
    (silence, 30),
    (slowness, 20),
    (deaf_streams, 30),
    (hostile_queries, 4),
    (bombs, 15),
    (readers, 10),
    (strange_processes, 5),
    (short_processes, 2),
    (bad_records, 20),
)
