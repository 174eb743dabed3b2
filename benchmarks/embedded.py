"""The embedded store as a process of its own, for a benchmark's time."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from sinks.address import Address


class Embedded(NamedTuple):
    """A running store: its address for the writer, the port of its HTTP interface, and its process."""

    address: Address
    http_port: int
    pid: int


@contextmanager
def embedded_store(folder: Path) -> Iterator[Embedded]:
    """Run a store in a folder."""
    command = [sys.executable, "-m", "sinks.embedded", "--data", str(folder), "--native-port", "0", "--http-port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout is not None
            server.stdout.readline()
            facts = json.loads((folder / "store.json").read_text())
            address = Address("127.0.0.1", facts["native_port"], "servicemap", "", "servicemap", folder / "store.token")
            yield Embedded(address, facts["http_port"], server.pid)
        finally:
            server.terminate()
