"""What of a query's progress is still to be sent to its client: the native protocol sends what has been added."""

from collections.abc import Mapping

_SECONDS = 0.1  # between two packets: ClickHouse's interactive_delay


class Progress:
    """The progress of one query."""

    def __init__(self) -> None:
        self._rows = self._size = self._total = 0
        self._sent: float | None = None  # monotonic seconds

    def due(self, counts: Mapping[str, int], now: float) -> tuple[int, int, int] | None:
        """Rows, bytes and rows to read that have been added; None when they were sent just now, or it began."""
        if self._sent is None or now - self._sent < _SECONDS:
            self._sent = now if self._sent is None else self._sent
            return None
        self._sent = now
        return self._added(counts["read_rows"], counts["read_bytes"], counts["total_rows_to_read"])

    def rest(self, rows: int, size: int) -> tuple[int, int, int]:
        """Return the same at the end of the query."""
        return self._added(rows, size, self._total)

    def _added(self, rows: int, size: int, total: int) -> tuple[int, int, int]:
        added = max(0, rows - self._rows), max(0, size - self._size), max(0, total - self._total)
        self._rows, self._size, self._total = (
            before + more for before, more in zip((self._rows, self._size, self._total), added, strict=True)
        )
        return added
