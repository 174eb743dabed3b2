"""How far the limits of control groups hold processes back: CPU quotas, memory limits, and kills for want of memory.

A limit may be that of a group further up: of a pod, a slice, or a container whose processes are in groups of their own.
The nearest one counts. Where nothing limits a group, only its kills are read in a window. Limits are looked up when a
group is first read, and again on keyframes.
"""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from collectors.group_files import Controllers, Quota, folder_of
from collectors.growth import Growth


class Limited(NamedTuple):
    """The fields of schemas.raw.Usage that speak of limits; counters of the window alone."""

    cpu_periods: int = 0
    cpu_throttled_periods: int = 0
    cpu_throttled_us: int = 0
    limited_memory_bytes: int = 0
    memory_limit_bytes: int = 0
    oom_kills: int = 0


UNLIMITED = Limited()


class _Limits(NamedTuple):
    """The groups whose limits hold for a group; "" for none."""

    cpu: str
    memory: str
    bytes: int


class GroupLimits:
    """Reads groups, and takes the difference to the reading before; the first reading of a counter gives nothing."""

    def __init__(self, controllers: Controllers) -> None:
        self._cpu, self._memory, _ = controllers
        self._limits: dict[str, _Limits] = {}
        self._own: dict[str, tuple[bool, int]] = {}  # whether a group itself has a quota, and its memory limit
        self._quotas: dict[str, tuple[Growth[int], ...]] = {}
        self._kills: dict[str, Growth[int]] = {}

    def groups(self, paths: Collection[str], *, anew: bool, kills: bool) -> dict[str, Limited]:
        """Return what held processes back in groups, those in which anything did; `anew`: look up the limits again.

        With `kills`, those that the groups count are among it.
        """
        if anew:
            self._limits.clear()
            self._own.clear()
        found = {}
        quotas: dict[str, Quota] = {}
        used: dict[str, int] = {}
        for path in paths:
            limits = self._limits_of(path)
            limited = Limited(
                *self._quota(limits.cpu, quotas),
                self._used(limits.memory, used),
                limits.bytes,
                self._killed(path) if kills else 0,
            )
            if any(limited):
                found[path] = limited
        return found

    def forget(self, living: Collection[str]) -> None:
        """Forget the groups in which nobody lives any more."""
        for path in self._limits.keys() - set(living):
            del self._limits[path]
        for path in self._kills.keys() - set(living):
            del self._kills[path]
        for path in self._quotas.keys() - {limits.cpu for limits in self._limits.values()}:
            del self._quotas[path]

    def missing(self) -> dict[str, str]:
        """Return what cannot be seen."""
        needs = "the {} controller of control groups, mounted at /sys/fs/cgroup"
        missing = {}
        if self._cpu is None:
            missing["CPU quotas of services"] = needs.format("cpu")
        if self._memory is None:
            missing["memory limits of services"] = needs.format("memory")
        return missing

    def _limits_of(self, path: str) -> _Limits:
        known = self._limits.get(path)
        if known is None:
            above = [(group, *self._own_of(group)) for group in _upwards(path)]
            cpu = next((group for group, quota, _ in above if quota), "")
            memory, limit = next(((group, limit) for group, _, limit in above if limit), ("", 0))
            known = self._limits[path] = _Limits(cpu, memory, limit)
        return known

    def _own_of(self, group: str) -> tuple[bool, int]:
        if group not in self._own:
            folder = folder_of(group)
            quota = self._cpu is not None and self._cpu.limits(folder)
            limit = self._memory.limit(folder) if self._memory is not None else None
            self._own[group] = bool(quota), limit or 0
        return self._own[group]

    def _quota(self, group: str, done: dict[str, Quota]) -> Quota:
        """Return how a quota has stopped its group since the reading before: read once for all groups below it."""
        if not group or self._cpu is None:
            return Quota(0, 0, 0)
        if group not in done:
            growth = self._quotas.setdefault(group, tuple(Growth() for _ in Quota._fields))
            totals = self._cpu.quota(folder_of(group)) or (None, None, None)
            done[group] = Quota(*(one.to(total) for one, total in zip(growth, totals, strict=True)))
        return done[group]

    def _used(self, group: str, done: dict[str, int]) -> int:
        if not group or self._memory is None:
            return 0
        if group not in done:
            done[group] = self._memory.used(folder_of(group)) or 0
        return done[group]

    def _killed(self, group: str) -> int:
        if self._memory is None:
            return 0
        return self._kills.setdefault(group, Growth()).to(self._memory.kills(folder_of(group)))


def _upwards(path: str) -> Iterator[str]:
    """Yield a group and those above it, without the root."""
    while path:
        yield path
        path = path.rpartition("/")[0]
