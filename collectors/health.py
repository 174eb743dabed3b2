"""What an agent knows of itself. The runner writes it, and the thread that serves metrics reads it."""

from dataclasses import dataclass, field


@dataclass
class Health:
    """The last window: how it went for each collector, by topic, and what has been counted since the start."""

    took: dict[str, float] = field(default_factory=dict)  # seconds
    succeeded: dict[str, bool] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)
    windows: int = 0
    end: int = 0  # of the last window, ms
    spooled: int = 0
