"""Ordinary server programs on free ports of 127.0.0.1, as an unprivileged user, for a test's time.

Tests that use them are marked ``programs``. Each skips where its program is not installed, and
fails there when CI=true.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

HOST = "127.0.0.1"
# A folder of root's tests cannot be entered by another user, and postgres refuses to be root.
AS_USER: dict[str, Any] = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
START_SECONDS = 30.0
STOP_SECONDS = 10.0


@dataclass(frozen=True)
class Program:
    """A running server."""

    port: int
    process: subprocess.Popen[bytes]

    def folder(self) -> Path:
        """Return the folder that it runs in, where its Unix socket is."""
        return Path(f"/proc/{self.process.pid}/cwd").readlink()

    def processes(self) -> list[psutil.Process]:
        """Return the server and its workers, as of now; a worker may be gone when it is asked."""
        main = psutil.Process(self.process.pid)
        return [main, *main.children(recursive=True)]

    def pids(self) -> set[int]:
        """Return the process ids of the server and its workers, as of now."""
        return {process.pid for process in self.processes()}


@contextmanager
def nginx(location: str = 'return 200 "hello\\n";') -> Iterator[Program]:
    """Run nginx with one worker; ``location`` are the directives for every path."""
    program = installed("nginx", "nginx-light")
    with folder_of_user() as folder:
        port = free_port()
        scratch = " ".join(
            f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        conf = folder / "nginx.conf"
        write_for_user(
            conf,
            f"daemon off; worker_processes 1; pid {folder}/pid; events {{}}\n"
            f"http {{ access_log off; {scratch}\n"
            f"server {{ listen {HOST}:{port}; location / {{ {location} }} }} }}\n",
        )
        command = [program, "-e", f"{folder}/log", "-c", str(conf)]
        with running(command, folder, port, lambda: answers(port, b"GET / HTTP/1.0\r\n\r\n")) as up:
            yield up


@contextmanager
def redis() -> Iterator[Program]:
    """Run a Redis that keeps nothing on disk."""
    program = installed("redis-server", "redis-server")
    with folder_of_user() as folder:
        port = free_port()
        command = [program, "--bind", HOST, "--port", str(port), "--dir", str(folder), "--save", ""]
        command += ["--unixsocket", str(folder / "redis.sock"), "--unixsocketperm", "777"]
        with running(command, folder, port, lambda: answers(port, b"PING\r\n")) as up:
            yield up


@contextmanager
def postgres() -> Iterator[Program]:
    """Run a new PostgreSQL cluster; user and database ``postgres``, no password."""
    program = installed("postgres", "postgresql")
    with folder_of_user() as folder:
        port = free_port()
        tools, data = Path(program).parent, folder / "data"
        initdb = [str(tools / "initdb"), f"--pgdata={data}", "--username=postgres"]
        initdb += ["--auth=trust", "--no-sync", "--locale=C", "--encoding=UTF8"]
        subprocess.run(initdb, check=True, capture_output=True, cwd=folder, **AS_USER)
        command = [program, "-D", str(data), "-h", HOST, "-p", str(port), "-k", str(folder), "-F"]
        ready = [str(tools / "pg_isready"), "-q", f"--host={HOST}", f"--port={port}"]
        with running(command, folder, port, lambda: subprocess.call(ready) == 0) as up:
            yield up


def installed(program: str, package: str) -> str:
    """Return the path of a program of Debian's; without it the test skips, or fails in CI."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    places = [*map(str, versions), os.environ.get("PATH", ""), "/usr/sbin"]
    found = shutil.which(program, path=os.pathsep.join(places))
    if found:
        return found
    reason = f"{program} is not installed: apt-get install {package}"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def folder_of_user() -> Iterator[Path]:
    """Make a temporary folder that belongs to the user the programs run as."""
    with tempfile.TemporaryDirectory(prefix="servicemap-test-") as name:
        give_to_user(Path(name))
        yield Path(name)


def write_for_user(path: Path, text: str) -> None:
    """Write a file that the programs can read under any umask."""
    path.write_text(text)
    give_to_user(path)


def give_to_user(path: Path) -> None:
    """Give a file or a folder to the user the programs run as."""
    if AS_USER:
        shutil.chown(path, AS_USER["user"], AS_USER["group"])


@contextmanager
def running(
    command: Sequence[str], folder: Path, port: int, ready: Callable[[], bool], as_user: dict[str, Any] = AS_USER
) -> Iterator[Program]:
    """Start a program, wait until it is ready, and stop it after the block."""
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=folder, **as_user
        )
    try:
        until = time.monotonic() + START_SECONDS
        while not ready():
            if process.poll() is not None or time.monotonic() > until:
                printed = (folder / "output").read_text(errors="replace")
                raise RuntimeError(f"{command[0]} does not answer; its output: {printed}")
            time.sleep(0.02)
        yield Program(port, process)
    finally:
        process.send_signal(signal.SIGINT)  # to all three: stop now, do not wait for clients
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    with socket.create_server((HOST, 0)) as server:
        return int(server.getsockname()[1])


def answers(port: int, request: bytes) -> bool:
    """Return whether the server answers a request with anything."""
    try:
        with socket.create_connection((HOST, port), timeout=1) as connection:
            connection.sendall(request)
            return connection.recv(1) != b""
    except OSError:
        return False
