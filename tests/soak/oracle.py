"""What the clients of tests.soak.traffic did, compared with what the store says of it, flow by flow."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.e2e.running import Up

_COMMAND = (sys.executable, "-m", "tests.soak.traffic")
_STORED = """
SELECT
    if(a_port = {server}, b_port, a_port) AS port,
    sum(if(a_port = {server}, b_opened, a_opened)) AS opened,
    sum(if(a_port = {server}, b_closed, a_closed)) AS closed,
    sum(if(a_port = {server}, b_sent_bytes, a_sent_bytes)) AS sent,
    sum(if(a_port = {server}, b_received_bytes, a_received_bytes)) AS received,
    sum(if(a_port = {server}, a_sent_bytes, b_sent_bytes)) AS answered,
    sum(if(a_port = {server}, a_received_bytes, b_received_bytes)) AS heard
FROM edges FINAL
WHERE transport = 'tcp' AND (a_port = {server} OR b_port = {server})
GROUP BY port
"""


class Flow(NamedTuple):
    """All connections of one client port to one server port."""

    connections: int
    closed: int
    sent: int
    received: int


class Difference(NamedTuple):
    """How the store differs from what was: connections and bytes, missing and too many."""

    connections: int
    lost: int
    doubled: int
    bytes: int
    bytes_lost: int
    bytes_doubled: int

    @property
    def none(self) -> bool:
        """Say whether the store is exact."""
        return not (self.lost or self.doubled or self.bytes_lost or self.bytes_doubled)


@contextmanager
def serving() -> Iterator[int]:
    """Run a server; give its port."""
    with subprocess.Popen([*_COMMAND, "serve"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


@contextmanager
def talking(port: int, file: Path, *, short_every_s: float, standing: int) -> Iterator[None]:
    """Run a client; in the end let it close all and write it down."""
    command = [*_COMMAND, "talk", str(port), str(file), str(short_every_s), str(standing)]
    with subprocess.Popen(command) as process:
        try:
            yield
            process.terminate()
            assert process.wait(60) == 0
        finally:
            process.kill()


def done(file: Path) -> dict[int, Flow]:
    """Return what the clients did, by their ports."""
    flows: dict[int, Flow] = {}
    for line in file.read_text().splitlines():
        one = json.loads(line)
        before = flows.get(one["port"], Flow(0, 0, 0, 0))
        now = (1, 1, one["sent"], one["received"])
        flows[one["port"]] = Flow(*(a + b for a, b in zip(before, now, strict=True)))
    return flows


def stored(running: Up, server: int) -> dict[int, Flow]:
    """Return what the store says, by the clients' ports; of bytes what both ends counted, where they agree."""
    found = {}
    for port, opened, closed, sent, received, answered, heard in running.sql(_STORED.format(server=server)):
        assert (sent, received) == (heard, answered), (
            f"the ends of port {port} disagree: {sent, heard, received, answered}"
        )
        found[port] = Flow(opened, closed, sent, received)
    return found


def difference(was: dict[int, Flow], found: dict[int, Flow]) -> Difference:
    """Compare flow by flow: two errors never cancel each other out."""
    missing, extra = Counter[str](), Counter[str]()
    for port in was.keys() | found.keys():
        one, other = was.get(port, Flow(0, 0, 0, 0)), found.get(port, Flow(0, 0, 0, 0))
        count = other.connections - one.connections
        size = other.sent + other.received - one.sent - one.received
        (extra if count > 0 else missing)["connections"] += abs(count)
        (extra if size > 0 else missing)["bytes"] += abs(size)
    return Difference(
        sum(flow.connections for flow in was.values()),
        missing["connections"],
        extra["connections"],
        sum(flow.sent + flow.received for flow in was.values()),
        missing["bytes"],
        extra["bytes"],
    )
