"""What a simulation gives out: records for a log, window by window, with the truth of each."""

from typing import NamedTuple

from simulation.truth import TrueWindow


class SimRecord(NamedTuple):
    """A record to append to a log, as an agent would; `timestamp` in ms since the epoch."""

    topic: str
    key: bytes
    value: bytes
    timestamp: int


class SimWindow(NamedTuple):
    """All records that reach the log in one window, in their order, and what really happened in it."""

    records: list[SimRecord]
    truth: TrueWindow
