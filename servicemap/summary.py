"""The live one-screen summary of `up` on a terminal."""

import time

from rich.live import Live

from answers.times import LATEST_MS
from graph.model import Wanted
from graph.reading import newest, read_map
from graph.requests import judged, requests_by_edge, usual_by_edge
from servicemap.config import Config
from servicemap.map_text import headings, rows, table
from servicemap.options import Failure
from servicemap.parts import store_address
from sinks.store import Store, StoreError

FIRST_SECONDS, YOUNG_SECONDS = 5.0, 120.0  # as windows come, while somebody waits for the first of them
EVERY_SECONDS = 120.0  # a look costs 0.4 s of a core, which once a minute was a fifth of idling
MOST_ROWS = 20


class Summary:
    """Shows the busiest edges of the last minute, redrawn in place."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._store: Store | None = None
        self._live = Live(transient=True, auto_refresh=False)
        self._live.start()
        self._due = 0.0
        self._young_until = time.monotonic() + YOUNG_SECONDS

    def show(self) -> None:
        """Redraw if it is time: every window at first, then every two minutes."""
        now = time.monotonic()
        if now < self._due:
            return
        self._due = now + (FIRST_SECONDS if now < self._young_until else EVERY_SECONDS)
        try:
            if self._store is None:
                self._store = Store(store_address(self._config, write=False))
            end = newest(self._store)
            wanted = Wanted(start=end - LATEST_MS, end=end)
            found = read_map(self._store, wanted)
            asked = requests_by_edge(self._store, wanted.level, wanted.start, end)
            usual = usual_by_edge(self._store, wanted.level, wanted.start) if asked else {}
            found = judged(found, asked, usual)
        except (StoreError, Failure):
            return  # not ready yet, or on its way back: the supervisor reports that
        busiest = rows(found)[:MOST_ROWS]
        title = time.strftime("who talks to whom, the minute to %H:%M:%S", time.localtime(end / 1000))
        shown = table(title, headings(found), busiest, self._live.console.width)
        self._live.update(shown, refresh=True)

    def close(self) -> None:
        """Leave the screen as it was."""
        self._live.stop()
        if self._store is not None:
            self._store.close()
