"""Bytes that are not a request: counted and logged once a minute. aiohttp would log a traceback for each."""

import logging
import time
from collections.abc import Callable

from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import RequestPayloadError

EVERY_SECONDS = 60.0


class Quiet(logging.Filter):
    """Passes one short line a minute about malformed requests, and everything else."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._next = float("-inf")
        self._count = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether to log a record; shorten it."""
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        if not isinstance(error, HttpProcessingError | RequestPayloadError | ConnectionError):
            return True
        self._count += 1
        if self._clock() < self._next:
            return False
        self._next = self._clock() + EVERY_SECONDS
        reason = ascii(str(error).strip().partition("\n")[2].strip().partition("\n")[0] or type(error).__name__)[:200]
        record.msg = "not a request (%s); %d since the last such line"
        record.args = (reason, self._count)
        record.exc_info, record.exc_text = None, None
        self._count = 0
        return True


def quiet() -> logging.Logger:
    """Return the logger for aiohttp's messages about connections."""
    logger = logging.getLogger("view.http")
    if not logger.filters:
        logger.addFilter(Quiet())
    return logger
