"""A record as a log gives it back: what folds and sinks need of one, whichever log it is."""

from typing import NamedTuple, Protocol


class Logged(Protocol):
    """A record that was read."""

    @property
    def topic(self) -> str:
        """Return the topic."""

    @property
    def partition(self) -> int:
        """Return the partition."""

    @property
    def offset(self) -> int:
        """Return the offset in the partition."""

    @property
    def timestamp(self) -> int:
        """Return when it was logged, ms since the epoch."""

    @property
    def key(self) -> bytes:
        """Return the key."""

    @property
    def value(self) -> bytes | None:
        """Return the value; none is a tombstone."""


class Message(NamedTuple):
    """The plainest record."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes
    value: bytes | None
