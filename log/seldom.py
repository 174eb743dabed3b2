"""A limit for the messages of Kafka's client libraries: they repeat a lost connection many times a second."""

import logging
import time

SECONDS = 30.0  # at most one message in this time


class Seldom:
    """Lets a warning or an error pass if none has passed for a while."""

    def __init__(self) -> None:
        self._last = -SECONDS

    def allows(self, level: int) -> bool:
        """Return whether a message of this level may be logged now."""
        now = time.monotonic()
        if level < logging.WARNING or now - self._last < SECONDS:
            return False
        self._last = now
        return True
