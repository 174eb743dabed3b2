"""Note what is kept in the store every ten minutes, for dashboards and SQL, in a thread: Kafka takes seconds for it."""

import logging
import time
from collections.abc import Callable
from contextlib import closing
from threading import Thread

from log.protocol import Log, LogError
from servicemap.config import Config
from servicemap.parts import locate
from servicemap.retention.kept import Kept
from servicemap.retention.reading import kept_by
from sinks.store import Store, StoreError
from sinks.tables import RETENTION

logger = logging.getLogger(__name__)

FIRST_SECONDS, EVERY_SECONDS = 60.0, 600.0


class Noting:
    """Notes when it is time."""

    def __init__(self, config: Config, log: Log, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._config = config
        self._log = log
        self._monotonic = monotonic
        self._next = monotonic() + FIRST_SECONDS
        self._thread: Thread | None = None

    def tend(self) -> None:
        """Note what is kept, if that is due."""
        if self._monotonic() < self._next or (self._thread and self._thread.is_alive()):
            return
        self._next = self._monotonic() + EVERY_SECONDS
        self._thread = Thread(target=self._note, name="retention", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Wait for what is being noted."""
        if self._thread:
            self._thread.join()

    def _note(self) -> None:
        try:
            with closing(Store(locate(self._config))) as store:
                note(store, kept_by(self._config, store, self._log), time.time_ns() // 1_000_000)
        except (StoreError, LogError) as error:
            logger.debug("what is kept is not noted: %s", error)


def note(store: Store, found: list[Kept], now: int) -> None:
    """Store what is kept, as of a time, ms."""
    fields = ("what", "name", "answers", "since", "limit_ms", "limit_bytes", "bytes", "daily_bytes", "reach_ms")
    rows = {name: [getattr(one, name) or 0 for one in found] for name in fields}
    store.insert(RETENTION.name, {**rows, "at": [now] * len(found)})
