"""Lines of the program's own log, in which names that others chose cannot hide or forge anything."""

import logging
from typing import Any

from schemas.text import shown


class LogFormatter(logging.Formatter):
    """Formats records as lines of printable text."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        record.message = shown(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:
        """Return a traceback, line by line."""
        return lines(super().formatException(ei))


def lines(text: str) -> str:
    """Return a text of several lines, each of them printable."""
    return "\n".join(map(shown, text.split("\n")))


def log_to_stderr(level: int, form: str) -> None:
    """Have this process write its log to stderr."""
    handler = logging.StreamHandler()
    handler.setFormatter(LogFormatter(form))
    logging.basicConfig(level=level, handlers=[handler])
