"""What held control groups back: a look at 10 and at 300 busy ones with limits, as a share of a core.

Rival: the same groups without limits, of which only the waits and the kills are read.
"""

import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.result import Goal, Result
from collectors.group_files import mounted
from collectors.groups import Groups

RUNS = 15
WINDOW_S = 5.0
LIMITS = {  # of both versions
    "cpu.cfs_quota_us": "50000",
    "cpu.max": "50000 100000",
    "memory.limit_in_bytes": str(1 << 30),
    "memory.max": str(1 << 30),
}


def run() -> list[Result]:
    """Measure looks at groups of this host that are made for it."""
    return [_looks(count) for count in (10, 300)]


def _looks(count: int) -> Result:
    with _groups(count, "limited", LIMITS) as limited, _groups(count, "free", {}) as free:
        looks = _Looking(limited), _Looking(free)
        shares, others = zip(*([look() for look in looks] for _ in range(RUNS)), strict=True)
    return Result(
        name=f"{count} busy control groups with limits",
        value=statistics.median(shares),
        unit="% of a core",
        against="without limits",
        against_value=statistics.median(others),
        goal=Goal(op="<=", number=0.05 if count == 10 else 0.5, of="value"),
        runs=shares,
    )


class _Looking:
    """Looks at groups in a new window; the limits are known from the first one. Returns the share of CPU time."""

    def __init__(self, paths: list[str]) -> None:
        self._groups, self._paths = Groups(), paths
        self._groups.read(paths, anew=True)

    def __call__(self) -> float:
        began = time.process_time()
        self._groups.read(self._paths, anew=False)
        return 100 * (time.process_time() - began) / WINDOW_S


@contextmanager
def _groups(count: int, name: str, limits: dict[str, str]) -> Iterator[list[str]]:
    """Make groups in all hierarchies of this host."""
    cpu, memory, unified = mounted()
    roots = {each.root for each in (cpu, memory) if each is not None} | ({unified} - {""})
    parents = [Path(root) / f"servicemap-bench-{name}-{os.getpid()}" for root in sorted(roots)]
    folders = [parent / str(number) for parent in parents for number in range(count)]
    try:
        for folder in [*parents, *folders]:
            folder.mkdir()
        for folder in folders:
            for file, value in limits.items():
                if (folder / file).exists():
                    (folder / file).write_text(value)
        yield [f"/{parents[0].name}/{number}" for number in range(count)]
    finally:
        for folder in [*folders, *parents]:
            if folder.exists():
                folder.rmdir()
