"""Connections by Unix sockets, as rows beside those of our own network namespace."""

from msgspec.structs import replace

from collectors import diag
from collectors.tracked import UNKNOWN_UID, ConnectionRow
from collectors.unix_sockets import UnixPair, UnixSockets
from collectors.window import BASELINE, Window
from schemas.raw import ConnectionBatch, Connections
from schemas.unix_names import UNIX, client_endpoint, server_endpoint


class UnixConnections:
    """Reports both ends of each. Those that exist at the first look are the baseline."""

    def __init__(self, sockets: UnixSockets) -> None:
        self._sockets = sockets
        self._since: dict[int, int] = {}  # cookie of the client -> window in which it was first seen, ms

    def open(self, window: Window) -> None:
        """Take the baseline."""
        self._since = dict.fromkeys(self._sockets.look(BASELINE).pairs, window.start)

    def add(self, batch: ConnectionBatch, window: Window) -> ConnectionBatch:
        """Add the connections that opened and closed, or all of them on a keyframe."""
        seen = self._sockets.look(window.start)
        rows = [row for pair in seen.closed for row in self._rows(pair, window, closed=True)]
        for pair in seen.closed:
            self._since.pop(pair.client.cookie, None)
        for pair in seen.opened:
            self._since[pair.client.cookie] = window.start
        if window.keyframe:  # what closed while this collector failed
            self._since = {cookie: since for cookie, since in self._since.items() if cookie in seen.pairs}
        for pair in seen.pairs.values() if window.keyframe else (*seen.opened, *seen.queued):
            rows += self._rows(pair, window)
        if not rows:
            return batch
        added = Connections.of(rows, ConnectionRow._fields)
        names = Connections.__struct_fields__
        joined = {name: [*getattr(batch.connections, name), *getattr(added, name)] for name in names}
        return replace(batch, connections=Connections(**joined))

    def missing(self) -> dict[str, str]:
        """Return what cannot be seen."""
        return self._sockets.missing()

    def counters(self) -> dict[str, int]:
        """Return what was lost."""
        return self._sockets.counters()

    def close(self) -> None:
        """Give the sockets back."""
        self._sockets.close()

    def _rows(self, pair: UnixPair, window: Window, *, closed: bool = False) -> list[ConnectionRow]:
        client, server = client_endpoint(pair.client.cookie), server_endpoint(pair.server.name)
        since = self._since.setdefault(pair.client.cookie, window.start)
        return [
            ConnectionRow(
                end.cookie,
                UNIX,
                *local,
                *remote,
                state=diag.CLOSE if closed else diag.ESTABLISHED,
                uid=UNKNOWN_UID,
                since=since,
                opened=pair.fresh and since == window.start,
                fresh=pair.fresh,
                accepted=local is server,
                closed=closed,
                failed=False,
                queued_bytes=end.queued * (not closed),
            )
            for end, local, remote in ((pair.client, client, server), (pair.server, server, client))
        ]
