"""How the drivers retry while the log does not answer: without end, with growing pauses and few warnings."""

import logging
from collections import Counter
from collections.abc import Iterator

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0  # seconds


def pauses() -> Iterator[float]:
    """Yield how long to wait before each further try."""
    pause = FIRST_PAUSE
    while True:
        yield pause
        pause = min(LONGEST_PAUSE, pause * 2)


def count_retry(counters: Counter[str], logger: logging.Logger, message: str, *arguments: object) -> None:
    """Count a failure that is retried; warn of the first, the tenth and each hundredth."""
    counters["retries"] += 1
    if counters["retries"] in {1, 10} or counters["retries"] % 100 == 0:
        logger.warning(message, *arguments)
