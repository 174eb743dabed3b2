"""The agent: collects every window of the wall clock and sends it, the heartbeat last."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from collectors.addresses import Addresses
from collectors.health import Health
from collectors.host import HostCollector, find_boot_id, find_host_id
from collectors.load import LoadMeter
from collectors.neighbours import Neighbours
from collectors.parts import NOT_ENCODABLE, encoded_parts, without_bad_rows
from collectors.presence import Company
from collectors.registered import registered
from collectors.registry import Sources
from collectors.settings import Settings
from collectors.spans import Spans
from collectors.spool import Flush, Publish, Sealed, Spool
from collectors.window import Collector, Window
from schemas.codec import encode
from schemas.raw import Heartbeat
from schemas.text import cut, shown
from schemas.topics import BY_NAME, HEARTBEATS, RAW, Topic

PATIENCE_S = 5.0
MOST_OF_A_REASON = 300  # characters; also of what is missing, and what it needs
_log = logging.getLogger(__name__)


def run(
    settings: Settings,
    publish: Publish,
    flush: Flush,
    stop: threading.Event,
    *,
    clock: Callable[[], float] = time.time,
    collectors: Sequence[Collector] | None = None,
    company: Callable[[], Company] = Company,
    health: Health | None = None,
) -> None:
    """Collect and send until `stop` is set, then send the window begun and return.

    `publish(topic, key, value)` hands a record to the log and `flush()` returns once all are acknowledged; both run in
    one thread of their own and may block or raise: windows then wait in a bounded spool. `clock` gives seconds since
    the epoch, and `company` which other agent of this host there is. `health` is kept up to date. ValueError when the
    settings give this host no id.
    """
    host_id = find_host_id(settings)
    spool = Spool(host_id.encode(), publish, flush, settings.spool_windows, settings.spool_bytes)
    spool.start()
    try:
        while not stop.is_set():
            Run(settings, host_id, spool, clock, collectors, company, health).until(stop)
    finally:
        if not spool.close(PATIENCE_S):
            _log.error("stopped before the log took every window")


class Run:
    """One run: from a baseline on, windows whose starts only grow."""

    def __init__(
        self,
        settings: Settings,
        host_id: str,
        spool: Spool,
        clock: Callable[[], float] = time.time,
        collectors: Sequence[Collector] | None = None,
        company: Callable[[], Company] = Company,
        health: Health | None = None,
    ) -> None:
        self._settings = settings
        self._health = health or Health()
        self._spool = spool
        self._clock = clock
        self._look = company
        self._company = Company()
        sources = Sources(settings, clock)
        if collectors is None:
            sources.tracing.open()  # before the first window begins, for it takes a while
        self._networks = sources.networks
        self._host = HostCollector(
            settings,
            interfaces=Addresses(self._networks, settings.is_local).read,
            neighbours=Neighbours(self._networks).read,
        )
        self._collectors = [
            *(registered(sources) if collectors is None else collectors),
            self._host,
        ]
        self._topics = sorted({collector.topic.name for collector in self._collectors})
        self._load = LoadMeter(settings.proc)
        self._errors: Counter[str] = Counter()
        self._logged: dict[str, str] = {}
        self._failed: dict[str, str] = {}  # topic -> why its collector failed in the window to report
        self._behind = set(self._collectors)  # must restate everything in their next batch
        self._opened: list[Collector] = []
        now = self._now()
        self._spans = Spans(self._now)
        width = settings.window_ms
        boot_id = find_boot_id(settings.proc)
        self._window = Window(host_id, boot_id, now, 0, now - now % width, width, keyframe=True)

    def until(self, stop: threading.Event) -> None:
        """Report window after window until stopped, or until the clock is set back so far that a new run must begin."""
        try:
            self._open()
            while not stop.is_set():
                window = self._window
                self._wait(window, stop)
                while not stop.is_set() and self._spans.overslept(window, self._now()):
                    window = self._moved(window, self._now())
                    self._wait(window, stop)
                if self._now() < window.start:
                    return
                self._report(window, stopped=self._now() if stop.is_set() else 0)
                self._window = self._next(window)
        finally:
            for collector in self._collectors:
                self._guard(collector, collector.close)
            self._networks.close()

    def _now(self) -> int:
        return int(self._clock() * 1000)

    def _wait(self, window: Window, stop: threading.Event) -> None:
        """Wait for the window's end, reading events meanwhile; no longer when stopped, or set back beyond waiting."""
        end, earliest = window.start + window.width, window.start - self._settings.keyframe_ms
        while earliest <= (now := self._now()) < end:
            if stop.wait(min(end - now, self._settings.drain_ms) / 1000):
                return
            for collector in self._opened:
                self._guard(collector, collector.drain)

    def _next(self, window: Window) -> Window:
        """Return the window to report next: that of now, whatever was skipped, but never one reported before."""
        return replace(self._moved(window, max(self._now(), window.end)), seq=window.seq + 1)

    def _moved(self, window: Window, now: int) -> Window:
        """Return a window as the one of a later time; a keyframe if one was due since."""
        start, every = now - now % window.width, self._settings.keyframe_ms
        due = start // every != window.start // every
        return replace(window, start=start, keyframe=due or (window.keyframe and not self._spans.reported(window)))

    def _report(self, window: Window, stopped: int = 0) -> None:
        before, self._company = self._company, self._look()
        if self._company.alone and not before.alone:
            window = replace(window, keyframe=True)  # this agent leads from now on
        if self._company.beside and not before.beside:
            _log.warning(
                "another agent (pid %d) reports this host into the same log: stop one of them; "
                "what this one reports is set aside while the other one lives",
                self._company.beside,
            )
        records, sent = self._collect(window)
        sealed = Sealed(
            window.start, window.keyframe, [*records, (HEARTBEATS, self._final_beat(window, sent, stopped))]
        )
        self._spans.count(None, window)
        self._failed = {}
        if not self._spool.put(sealed):
            self._behind.update(self._collectors)
        self._health.windows += 1
        self._health.end = window.end
        self._health.spooled = self._spool.waiting

    def _collect(self, window: Window) -> tuple[list[tuple[Topic, bytes]], dict[str, int]]:
        self._open()
        parts: dict[str, list[bytes]] = {}
        for collector in self._opened:
            whole = window.keyframe or collector in self._behind
            own = replace(window, keyframe=whole, covers=self._spans.covers(collector, window))
            self._behind.add(collector)  # until it has succeeded
            began = time.monotonic()
            good = self._guard(collector, partial(self._collect_one, collector, own, parts))
            self._health.took[collector.topic.name] = time.monotonic() - began
            self._health.succeeded[collector.topic.name] = good
            if good:
                self._behind.discard(collector)
                self._spans.count(collector, window)
        records = [(BY_NAME[topic], value) for topic, values in parts.items() for value in values]
        sent = {topic.name: len(parts[topic.name]) for topic in RAW if topic.name in parts}
        return records, sent

    def _collect_one(self, collector: Collector, window: Window, parts: dict[str, list[bytes]]) -> None:
        topic, found = collector.topic, collector.collect(window)
        made: list[bytes] = []
        for batch in found if isinstance(found, list) else [found]:
            try:
                made += encoded_parts(topic, batch, self._settings.rows_per_batch, len(made))
            except NOT_ENCODABLE:
                good, skipped = without_bad_rows(batch)
                made += encoded_parts(topic, good, self._settings.rows_per_batch, len(made))
                self._errors[f"rows_skipped_{topic.name}"] += skipped
        parts[topic.name] = made

    def _open(self) -> None:
        for collector in self._collectors:
            if collector not in self._opened and self._guard(collector, partial(collector.open, self._window)):
                self._opened.append(collector)
                self._failed.pop(collector.topic.name, None)

    def _guard(self, collector: Collector, work: Callable[[], None]) -> bool:
        """Do a collector's work; its failure stops no other, and is counted, reported and logged once."""
        try:
            work()
        except Exception as error:
            name = collector.topic.name
            self._errors[f"errors_{name}"] += 1
            self._failed[name] = _reason(error)
            if self._logged.get(name) != type(error).__name__:
                self._logged[name] = type(error).__name__
                _log.exception("the collector of %s failed, the others go on", name)
            return False
        return True

    def _final_beat(self, window: Window, sent: dict[str, int], stopped: int) -> bytes:
        """Return the heartbeat; where it cannot be made, the plainest that closes the window and has the reason."""
        window = replace(window, covers=self._spans.covers(None, window))
        life = {
            "topics": self._topics,
            "netns": self._networks.own.inode,
            "booted": self._host.booted,
            **self._company._asdict(),
            "stopped": stopped,
        }
        try:
            value = encode(self._heartbeat(window, sent, life))
            if len(value) > HEARTBEATS.max_bytes:
                raise ValueError(f"a heartbeat of {len(value)} bytes is too large for the log")
        except Exception as error:
            _log.exception("the heartbeat cannot be made, a plain one goes out")
            self._errors[f"errors_{HEARTBEATS.name}"] += 1
            failed = self._failed | {HEARTBEATS.name: _reason(error)}
            return encode(window.batch(Heartbeat, sent=sent, failed=failed, counters=dict(self._errors), **life))
        return value

    def _heartbeat(self, window: Window, sent: dict[str, int], life: dict[str, Any]) -> Heartbeat:
        load = self._load.read()
        missing = self._load.missing()
        counters = Counter({"windows_dropped": self._spool.dropped, "publish_errors": self._spool.errors})
        for collector in self._opened:
            self._guard(collector, partial(_confess, collector, missing, counters))
        counters += self._errors
        self._health.counters = dict(counters)
        return window.batch(
            Heartbeat,
            sent=sent,
            hostname=self._host.hostname,
            interfaces=self._host.interfaces,
            neighbours=self._host.neighbours,
            missing=missing,
            counters=dict(counters),
            failed=self._failed,
            **life,
            **load._asdict(),
        )


def _confess(collector: Collector, missing: dict[str, str], counters: Counter[str]) -> None:
    missing |= {_short(what): _short(needs) for what, needs in collector.missing().items()}
    counters.update(collector.counters())


def _reason(error: Exception) -> str:
    return _short(f"{type(error).__name__}: {error}")


def _short(text: str) -> str:
    return cut(shown(text[:MOST_OF_A_REASON]), MOST_OF_A_REASON)
