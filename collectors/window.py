"""The window that a collector reports, and the shape that every collector has."""

from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from schemas.raw import Batch
from schemas.topics import Topic

BASELINE = -1  # in place of a window's start: what is looked at before the first one
Record = TypeVar("Record", bound=Batch)


@dataclass(frozen=True)
class Window:
    """One window of one run of the agent. Times in ms since the epoch."""

    host_id: str
    boot_id: str
    run: int
    seq: int  # counts the windows of the run that were reported
    start: int
    width: int
    keyframe: bool
    covers: int = 0  # ms up to its end that the counters are of; 0: its width

    @property
    def end(self) -> int:
        """Return when it ends."""
        return self.start + self.width

    def batch(self, record: type[Record], **values: Any) -> Record:
        """Return a record of this window."""
        return record(
            host_id=self.host_id,
            boot_id=self.boot_id,
            run=self.run,
            seq=self.seq,
            window=self.start,
            width=self.width,
            keyframe=self.keyframe,
            covers=self.covers,
            **values,
        )


class Collector(Protocol):
    """One subject of the host, read once a window. Inert until opened."""

    topic: Topic

    def open(self, window: Window) -> None:
        """Take the baseline, and subscribe to events where there are any, in the first window of a run."""

    def drain(self) -> None:
        """Read the events that came since; called between windows, must not block."""

    def collect(self, window: Window) -> Batch | list[Batch]:
        """Read the host and return what is new since the last call, or everything on a keyframe.

        It may be several batches, each of a network namespace.
        """

    def missing(self) -> dict[str, str]:
        """Return what cannot be seen, and what it would need."""

    def counters(self) -> dict[str, int]:
        """Return errors and drops since the agent started."""

    def close(self) -> None:
        """Give back what was opened."""


class Inert:
    """A collector that has no events, nothing to open and nothing to confess."""

    def open(self, window: Window) -> None:
        """Nothing to open."""

    def drain(self) -> None:
        """No events."""

    def missing(self) -> dict[str, str]:
        """Nothing is missing."""
        return {}

    def counters(self) -> dict[str, int]:
        """Nothing is counted."""
        return {}

    def close(self) -> None:
        """Nothing to close."""
