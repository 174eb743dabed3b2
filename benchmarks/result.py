"""What a benchmark reports: a value, what it is measured against, and the goal it should meet."""

import gc
import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Goal:
    """A bound on a result: on its ratio to the rival (``>= 8x``) or on its value (``<= 60 MiB``)."""

    op: Literal[">=", "<="]
    number: float
    of: Literal["ratio", "value"] = "ratio"

    def text(self, unit: str) -> str:
        """Render the goal; ``unit`` is the result's and shows in goals on the value."""
        return f"{self.op} {plain(self.number)}" + ("x" if self.of == "ratio" else f" {unit}")

    def holds(self, measured: float) -> bool:
        """Return whether a measured ratio or value is within the bound, the bound included."""
        return measured >= self.number if self.op == ">=" else measured <= self.number


@dataclass(frozen=True, kw_only=True)
class Result:
    """One measured quantity.

    ``value`` and ``against_value`` are in ``unit``, usually medians; ``against`` names the rival
    or the naive way; ``runs`` are the single measurements behind ``value``.
    """

    name: str
    value: float
    unit: str
    against: str = ""
    against_value: float | None = None
    goal: Goal | None = None
    runs: Sequence[float] = ()

    def __post_init__(self) -> None:
        if self.goal is not None and self.goal.of == "ratio" and not self.against_value:
            raise ValueError(f"{self.name}: a goal on the ratio needs an against_value above zero")

    @property
    def ratio(self) -> float | None:
        """Value divided by the rival's; None without a rival. The goal states which way is good."""
        return self.value / self.against_value if self.against_value else None

    @property
    def met(self) -> bool | None:
        """Return whether the goal is met; None when there is none."""
        if self.goal is None:
            return None
        measured = self.ratio if self.goal.of == "ratio" else self.value
        return measured is not None and self.goal.holds(measured)


def timed(*works: Callable[[], object], runs: int = 5, warmups: int = 1) -> tuple[tuple[float, ...], ...]:
    """Run the works in turns and return each one's seconds per run, in the order given.

    Taking turns, and turning the order round every time, lets the noise of a shared machine hit
    subject and rival alike. The garbage collector runs between measurements, never inside one.
    """
    seconds: tuple[list[float], ...] = tuple([] for _ in works)
    turns = list(zip(works, seconds, strict=True))
    for turn in range(warmups + runs):
        for work, kept in turns if turn % 2 == 0 else reversed(turns):
            elapsed = seconds_of(work)
            if turn >= warmups:
                kept.append(elapsed)
    return tuple(tuple(kept) for kept in seconds)


def seconds_of(work: Callable[[], object]) -> float:
    """Call once and return the wall-clock seconds, with garbage collected before and not during."""
    was_enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        started = time.perf_counter()
        work()
        return time.perf_counter() - started
    finally:
        if was_enabled:
            gc.enable()


def compared(
    name: str,
    subject: Callable[[], object],
    against: str,
    rival: Callable[[], object],
    *,
    amount: float,
    unit: str,
    goal: Goal | None = None,
    runs: int = 5,
) -> Result:
    """Measure two ways of doing ``amount`` of the same work; the result is amounts per second."""
    ours, theirs = timed(subject, rival, runs=runs)
    return Result(
        name=name,
        value=amount / statistics.median(ours),
        unit=unit,
        against=against,
        against_value=amount / statistics.median(theirs),
        goal=goal,
        runs=tuple(amount / seconds for seconds in ours),
    )


def plain(number: float) -> str:
    """Write a number with three significant digits, all digits from 1000 on, never as 1e+05."""
    if number == int(number) or abs(number) >= 1000:
        return f"{number:.0f}"
    return f"{number:.3g}"


def machine(cpuinfo: Path = Path("/proc/cpuinfo")) -> dict[str, str | int | float]:
    """Return what a figure was measured on: cpu model, usable cores, memory_gib, kernel, python."""
    lines = cpuinfo.read_text().splitlines()
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpu": next(models, platform.machine()),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(memory_bytes / 2**30, 1),
        "kernel": platform.release(),
        "python": platform.python_version(),
    }
