"""The live one-screen summary of `up` on a terminal."""

import time

from rich.live import Live
from rich.table import Table

from servicemap.config import Config
from servicemap.options import Failure
from servicemap.parts import store_address
from sinks.store import Store, StoreError

EVERY_SECONDS = 2.0
_EDGES = """
SELECT client, server, transport, server_port,
       max(connections_active) AS active, sum(connections_opened) AS opened,
       sum(greatest(client_sent_bytes, server_received_bytes)) AS sent,
       sum(greatest(client_received_bytes, server_sent_bytes)) AS received
FROM service_edges WHERE window >= (SELECT max(window) FROM edges) - INTERVAL 60 SECOND
GROUP BY client, server, transport, server_port ORDER BY sent + received DESC, client, server LIMIT 20
"""


class Summary:
    """Shows the busiest edges of the last minute, redrawn in place."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._store: Store | None = None
        self._live = Live(transient=True, auto_refresh=False)
        self._live.start()
        self._due = 0.0

    def show(self) -> None:
        """Redraw, at most every two seconds."""
        now = time.monotonic()
        if now < self._due:
            return
        self._due = now + EVERY_SECONDS
        try:
            if self._store is None:
                self._store = Store(store_address(self._config, write=False))
            rows = self._store.query(_EDGES)
        except (StoreError, Failure):
            return  # not ready yet, or on its way back: the supervisor tells of that
        self._live.update(_table(rows), refresh=True)

    def close(self) -> None:
        """Leave the screen as it was."""
        self._live.stop()
        if self._store is not None:
            self._store.close()


def _table(rows: list[tuple[object, ...]]) -> Table:
    table = Table(title="who talks to whom, last minute", expand=False)
    for name in ("client", "server", "port", "open", "new", "sent", "received"):
        table.add_column(name, justify="left" if name in {"client", "server"} else "right")
    for client, server, transport, port, active, opened, sent, received in rows:
        table.add_row(
            _title(client),
            _title(server),
            f"{transport}/{port}",
            str(active),
            str(opened),
            _bytes(sent),
            _bytes(received),
        )
    return table


def _title(node: object) -> str:
    return str(node).removeprefix("service:").removeprefix("address:")


def _bytes(count: object) -> str:
    size = float(str(count))
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"
