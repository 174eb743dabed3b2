"""What is counted of the requests of one connection in a window."""

from typing import Any

from schemas.latency import bucket

PATIENCE_NS = 300 * 1_000_000_000  # a request without an answer for so long counts as given up


class Counts:
    """Answers by operation and result, their times as a sketch, and requests that have none."""

    __slots__ = ("answered", "given_up", "latency", "unanswered")

    def __init__(self) -> None:
        self.answered: dict[tuple[str, str], int] = {}
        self.latency: dict[int, int] = {}
        self.unanswered = 0
        self.given_up = 0

    def any(self) -> bool:
        """Return whether there is something to report."""
        return bool(self.answered) or self.unanswered > 0 or self.given_up > 0

    def add(self, operation: str, result: str, ns: int) -> None:
        """Count an answer that took so many ns."""
        what = (operation, result)
        self.answered[what] = self.answered.get(what, 0) + 1
        held = bucket(ns / 1000)
        self.latency[held] = self.latency.get(held, 0) + 1

    def add_unseen(self, operation: str, result: str) -> None:
        """Count a request that is done without an answer that could be timed."""
        what = (operation, result)
        self.answered[what] = self.answered.get(what, 0) + 1

    def take(self) -> tuple[Any, ...]:
        """Return what was counted as the last columns of schemas.raw.Requests, and begin anew."""
        answered = {f"{operation} {result}": count for (operation, result), count in sorted(self.answered.items())}
        taken = (answered, dict(sorted(self.latency.items())), self.unanswered, self.given_up)
        self.answered, self.latency, self.unanswered, self.given_up = {}, {}, 0, 0
        return taken
