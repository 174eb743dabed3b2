"""How all parts retry what may pass: without end, with growing pauses and few warnings."""

import logging
from collections import Counter
from collections.abc import Iterator

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0  # seconds


def pauses(longest: float = LONGEST_PAUSE) -> Iterator[float]:
    """Yield how long to wait before each further try."""
    pause = FIRST_PAUSE
    while True:
        yield pause
        pause = min(longest, pause * 2)


def level(retries: int) -> int:
    """Return at which level to log a retry: the first, the tenth and each hundredth are warnings."""
    return logging.WARNING if retries in {1, 10} or retries % 100 == 0 else logging.DEBUG


def count_retry(counters: Counter[str], logger: logging.Logger, message: str, *arguments: object) -> None:
    """Count a failure that is retried, and log it."""
    counters["retries"] += 1
    logger.log(level(counters["retries"]), message, *arguments)
