"""What the clients of tests.soak.traffic did, compared with what the store has of it, flow by flow."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.e2e.running import Up

_COMMAND = (sys.executable, "-m", "tests.soak.traffic")
_STORED = """
SELECT
    if(a_port = {server}, b_port, a_port) AS port,
    sum(if(a_port = {server}, b_opened, a_opened)),
    sum(if(a_port = {server}, b_closed, a_closed)),
    sum(if(a_port = {server}, b_sent_bytes, a_sent_bytes)),
    sum(if(a_port = {server}, b_received_bytes, a_received_bytes)),
    sum(if(a_port = {server}, a_opened, b_opened)),
    sum(if(a_port = {server}, a_closed, b_closed)),
    sum(if(a_port = {server}, a_received_bytes, b_received_bytes)),
    sum(if(a_port = {server}, a_sent_bytes, b_sent_bytes))
FROM edges FINAL
WHERE transport = 'tcp' AND (a_port = {server} OR b_port = {server})
GROUP BY port
"""


class Flow(NamedTuple):
    """All connections of one client port to one server port; bytes as the client sends and receives them."""

    opened: int = 0
    closed: int = 0
    sent: int = 0
    received: int = 0


class Difference(NamedTuple):
    """How the store differs from what was, added up over flows and both their ends."""

    was: Flow
    missing: Flow
    extra: Flow

    @property
    def none(self) -> bool:
        """Return whether the store is exact."""
        return self.missing == self.extra == Flow()


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
        flows[one["port"]] = _sum(flows.get(one["port"], Flow()), Flow(1, 1, one["sent"], one["received"]))
    return flows


def stored(running: Up, server: int) -> list[dict[int, Flow]]:
    """Return what the store has, by the clients' ports: as the clients' ends counted, and as the server's did."""
    rows = running.sql(_STORED.format(server=server))
    return [{row[0]: Flow(*row[1:5]) for row in rows}, {row[0]: Flow(*row[5:]) for row in rows}]


def difference(was: dict[int, Flow], ends: list[dict[int, Flow]]) -> Difference:
    """Compare flow by flow and end by end: two errors never cancel each other out."""
    missing = extra = Flow()
    for found in ends:
        for port in was.keys() | found.keys():
            more = [other - one for one, other in zip(was.get(port, Flow()), found.get(port, Flow()), strict=True)]
            missing = _sum(missing, Flow(*(max(-count, 0) for count in more)))
            extra = _sum(extra, Flow(*(max(count, 0) for count in more)))
    total = Flow()
    for flow in was.values():
        total = _sum(total, flow)
    return Difference(total, missing, extra)


def _sum(one: Flow, other: Flow) -> Flow:
    return Flow(*(a + b for a, b in zip(one, other, strict=True)))
