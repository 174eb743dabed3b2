"""A collector that fails, or a row that cannot be sent, costs itself alone, and is reported."""

from collections.abc import Callable
from typing import Any

import pytest

from collectors.parts import without_bad_rows
from collectors.process_facts import Users
from collectors.process_table import ProcessTable
from collectors.processes import ProcessCollector
from collectors.runner import MOST_OF_A_REASON, run
from collectors.settings import Settings
from collectors.socket_scan import SocketScan
from collectors.sockets import SocketCollector
from collectors.window import Inert, Window
from collectors.wire import Wire
from schemas.raw import Heartbeat, HostFacts, ListenerBatch, Listeners, OwnerBatch, ProcessBatch, Processes
from schemas.topics import HEARTBEATS, HOSTS, LISTENERS, OWNERS, PROCESSES
from tests.collectors.test_runner import SETTINGS, Clock, Fake, Log, Quiet, ran

BREAKS: list[Callable[[], object]] = [
    lambda: open("/nonexistent"),  # noqa: PTH123, SIM115
    lambda: b"\xff".decode(),
    lambda: "\udcff".encode(),
    lambda: 1 // 0,
    lambda: list[str]()[0],
    lambda: dict[str, int]()["x"],
    lambda: None.x,  # type: ignore[attr-defined]
    lambda: (_ for _ in ()).throw(MemoryError("\x1b[2J\x85\u2028" + "x" * 10_000)),
    lambda: (_ for _ in ()).throw(RecursionError()),
]


class Broken(Inert):
    """A collector of which one thing fails in some windows."""

    topic = OWNERS

    def __init__(self, what: str, breaks: Callable[[], object], windows: range = range(1, 3)) -> None:
        self._what, self._breaks, self._windows = what, breaks, windows
        self._seq = 0

    def _try(self, what: str) -> None:
        if what == self._what and self._seq in self._windows:
            self._breaks()

    def open(self, window: Window) -> None:
        self._seq = window.seq
        self._try("open")

    def drain(self) -> None:
        self._try("drain")

    def collect(self, window: Window) -> OwnerBatch:
        self._seq = window.seq
        self._try("collect")
        return window.batch(OwnerBatch)

    def missing(self) -> dict[str, str]:
        self._try("missing")
        return {"a\udcff": "b\x1b"}

    def counters(self) -> dict[str, int]:
        self._try("counters")
        return {"odd": 1}

    def close(self) -> None:
        self._try("close")


@pytest.mark.parametrize("breaks", BREAKS)
@pytest.mark.parametrize("what", ["collect", "missing", "counters", "drain"])
def test_whatever_fails_in_whichever_way_is_in_the_heartbeat_and_all_else_goes_on(
    what: str, breaks: Callable[[], object]
) -> None:
    beats = ran(Clock(1001.3, 1006), Broken(what, breaks), Fake()).of(HEARTBEATS)

    assert [beat.seq for beat in beats] == [0, 1, 2, 3, 4]
    assert all(beat.sent["listeners"] == 1 for beat in beats)
    assert all(beat.failed.keys() <= {"owners"} for beat in beats)
    assert any(beat.failed for beat in beats)
    assert not beats[-1].failed
    assert all(len(reason) <= 300 and reason.isprintable() for beat in beats for reason in beat.failed.values())
    assert beats[-1].counters["errors_owners"] > 0
    assert beats[-1].missing == {r"a\xff": r"b\x1b"}


def test_a_collector_that_cannot_be_opened_is_named_until_it_can() -> None:
    class Late(Broken):
        tries = 0

        def open(self, window: Window) -> None:
            self.tries += 1
            if self.tries < 4:
                raise OSError("no")

    beats = ran(Clock(1001.3, 1006), Late("", BREAKS[0]), Fake()).of(HEARTBEATS)

    assert [beat.failed.get("owners") for beat in beats] == ["OSError: no"] * 2 + [None] * 3
    assert ["owners" in beat.sent for beat in beats] == [False, False, True, True, True]


def test_a_collector_that_cannot_be_closed_stops_no_other() -> None:
    assert ran(Clock(1001.3, 1003), Broken("close", BREAKS[0], range(9)), Fake()).of(HEARTBEATS)


@pytest.mark.parametrize("breaks", BREAKS)
def test_a_heartbeat_that_cannot_be_made_is_a_plain_one(
    breaks: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collectors.load.parse_network", lambda text: breaks())
    beats = ran(Clock(1001.3, 1004), Fake()).of(HEARTBEATS)

    assert [beat.sent for beat in beats] == [{"listeners": 1}] * 3
    assert all(beat.failed.keys() == {"heartbeats"} for beat in beats)
    assert beats[-1].counters["errors_heartbeats"] == 3


def test_a_heartbeat_that_is_too_large_is_a_plain_one() -> None:
    class Wordy(Quiet):
        def missing(self) -> dict[str, str]:
            return {str(number): "y" * MOST_OF_A_REASON for number in range(HEARTBEATS.max_bytes // MOST_OF_A_REASON)}

    (beat,) = ran(Clock(1001.3, 1001.5), Wordy()).of(HEARTBEATS)

    assert beat.failed.keys() == {"heartbeats"}


@pytest.mark.parametrize("value", ["\udcff", "a\ud800", object()])
def test_a_row_that_cannot_be_encoded_is_skipped_and_counted(value: Any) -> None:
    class Odd(Inert):
        topic = PROCESSES

        def collect(self, window: Window) -> ProcessBatch:
            rows = Processes(pid=[1, 2, 3], start=[1, 2, 3], comm=["a", value, "c"])
            return window.batch(ProcessBatch, processes=rows)

    log = ran(Clock(1001.3, 1003), Odd(), Fake())

    assert [batch.processes.pid for batch in log.of(PROCESSES)] == [[1, 3], [1, 3]]
    assert log.of(HEARTBEATS)[-1].counters == {"rows_skipped_processes": 2}
    assert log.of(HEARTBEATS)[-1].failed == {}


def test_rows_are_skipped_in_lists_and_columns_alike() -> None:
    window = Window("host", "boot", 1, 0, 0, 5_000, keyframe=True)
    odd: Any = object()
    batch = window.batch(ListenerBatch, listeners=Listeners(cookie=[1, odd], address=["\udcff", "x"]), gone=[odd, 7])
    left, skipped = without_bad_rows(batch)

    assert isinstance(left, ListenerBatch)
    assert (len(left.listeners), left.gone, skipped) == (0, [7], 3)


def test_a_fact_that_cannot_be_read_costs_itself_alone_and_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    window = Window("host", "boot", 1, 0, 0, 5_000, keyframe=True)
    monkeypatch.setattr("collectors.facts_reader.parse_uid", lambda status: int(b"x"))
    collector = ProcessCollector(Settings(), ProcessTable(), Users())
    collector.open(window)
    batch = collector.collect(window)
    collector.close()

    assert collector.counters()["process_facts_skipped"] > 0
    assert set(batch.processes.uid) == {-1}
    assert any(batch.processes.cmdline)


def test_a_stat_that_cannot_be_read_is_skipped_and_counted(tmp_path: Any) -> None:
    good = b"12 (a) S 41 0 0 0 -1 4194304 0 0 0 0 11 22 0 0 20 0 3 0 987654 1000 250 0"
    for pid, raw in ((12, good), (13, b"13 (a"), (14, b"14 (a) S 1"), (15, b"garbage"), (16, b"\xff")):
        (tmp_path / str(pid)).mkdir()
        (tmp_path / str(pid) / "stat").write_bytes(raw)
    table = ProcessTable(str(tmp_path))

    assert table.look(0).keys() == {12}
    assert table.skipped == 4


def test_sockets_that_could_not_be_looked_at_at_first_are_reported_later(watch: Any) -> None:
    window = Window("host", "boot", 1, 0, 0, 5_000, keyframe=True)
    scan = SocketScan(Settings())
    scan.open()
    scan.look(0)
    late = SocketCollector(scan, Wire(Settings()))
    late.open(window)
    batch = late.collect(Window("host", "boot", 1, 1, 5_000, 5_000, keyframe=True))
    late.close()

    assert len(batch.connections) >= len(scan._seen.tcp)


def test_the_host_that_cannot_be_read_leaves_the_others_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.host.socket.gethostname", BREAKS[1])
    log = Log()
    clock = Clock(1001.3, 1003)
    run(SETTINGS, log.publish, lambda: None, clock, clock=clock, collectors=[Fake()])
    beats: list[Heartbeat] = log.of(HEARTBEATS)

    assert [beat.failed.keys() for beat in beats] == [{"hosts"}, {"hosts"}]
    assert len(log.of(LISTENERS)) == 2
    facts: list[HostFacts] = log.of(HOSTS)
    assert facts == []
