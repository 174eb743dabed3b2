"""Connections that programs report to be over, next to what dumps show of them."""

from collections.abc import Iterator

import pytest

from collectors.diag import ESTABLISHED, Identity, Row
from collectors.http_filter import ACK
from collectors.requests import RequestCollector
from collectors.settings import Settings
from collectors.socket_scan import Seen, SocketScan
from collectors.sockets import SocketCollector
from collectors.traced import Ended
from collectors.traced_endings import ports
from collectors.window import Window
from collectors.wire import Wire
from schemas.raw import Connections
from tests.collectors.test_traced_endings import HERE, THERE, ended
from tests.collectors.watching import Connection

IDENTITY = Identity("10.0.0.1", 40_000, "10.0.0.2", 80, 1_000)


class Scripted(SocketScan):
    """Shows what it is given."""

    seen = Seen()
    traced = True

    def open(self) -> None:
        """Open nothing."""

    def opened(self, cookie: int) -> bool:
        return True

    def look(self, window: int) -> Seen:
        return self.seen


class Collected:
    """A collector driven window by window, given what its scan sees."""

    def __init__(self) -> None:
        self._scan = Scripted(Settings())
        self._collector = SocketCollector(self._scan, Wire(Settings(), heed=lambda: False), fresh=True)
        self._start = 0

    def rows(self, seen: Seen) -> list[Connection]:
        self._start += 5_000
        self._scan.seen = seen
        batch = self._collector.collect(Window("host", "boot", 1, 1, self._start, 5_000, keyframe=False))
        names = Connections.__struct_fields__
        return [Connection(**dict(zip(names, row, strict=True))) for row in batch.connections.rows()]

    @property
    def unidentified(self) -> int:
        return self._collector.counters()["connections_unidentified"]

    def close(self) -> None:
        self._collector.close()


@pytest.fixture
def collected() -> Iterator[Collected]:
    collecting = Collected()
    yield collecting
    collecting.close()


def dumped(one: Ended, *, sent: int) -> Seen:
    """Return what a scan sees that finds the connection open for the first time."""
    row = Row(ESTABLISHED, ports(one), one.cookie, 5, 0, 0, 0, 1, 1, 70, sent, 0, 0)
    return Seen(
        tcp={one.cookie: row}, changed=[(row, IDENTITY)], identities={one.cookie: IDENTITY}, events_complete=True
    )


def test_a_connection_whose_end_comes_late_is_counted_once_also_when_reports_are_lost(collected: Collected) -> None:
    one = ended(sent=150, resent=0)
    rows = collected.rows(dumped(one, sent=100))
    rows += collected.rows(Seen(vanished={one.cookie}, events_complete=False))
    rows += collected.rows(Seen(ended=[one], events_complete=True))

    assert sum(row.sent_bytes for row in rows) == 150
    assert sum(row.opened for row in rows) == 1


def test_a_connection_is_counted_as_unidentified_if_its_socket_has_another_one_when_its_end_is_read(
    collected: Collected,
) -> None:
    before, now = ended(local_port=40_001), ended()
    seen = dumped(now, sent=0)
    seen.ended = [before]

    assert [row.local_port for row in collected.rows(seen)] == [now.local_port]
    assert collected.unidentified == 1


def test_a_request_whose_connection_ends_without_a_word_is_unanswered() -> None:
    one = ended()
    scan = Scripted(Settings())
    scan.seen = Seen(ended=[one])
    requests = RequestCollector(Settings(protocols=False), scan, interfaces=list)
    assert requests._http is not None
    requests._http._pairs.add(
        (HERE[:4], THERE[:4], one.local_port, one.remote_port, 1_000, 500, b"GET ", 1, False, ACK), False
    )
    batch = requests.collect(Window("host", "boot", 1, 1, 0, 5_000, keyframe=False))

    assert batch.requests.unanswered == [1]
