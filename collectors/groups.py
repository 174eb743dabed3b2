"""What held processes back in a window, by control group: waits, CPU quotas, memory limits, kills for want of memory.

Groups are read in which a process has changed since the window before, runs, or waits for a disk; on keyframes all.
"""

from collections import Counter
from collections.abc import Collection

from collectors.group_files import MOST_GROUPS, below_root, mounted
from collectors.group_limits import UNLIMITED, GroupLimits, Limited
from collectors.kernel_log import KernelLog
from collectors.pressure import ENOUGH_US, NOBODY, Pressure, Waited

Held = tuple[str | int, ...]  # the columns of schemas.raw.Usage from `cgroup` on
KILLED_BY = "which processes the kernel kills for want of memory"


class Groups:
    """Reads the control groups of processes."""

    def __init__(self, proc: str = "/proc", log: KernelLog | None = None) -> None:
        controllers = mounted(proc)
        self._pressure = Pressure(proc, controllers.unified)
        self._limits = GroupLimits(controllers)
        self._log = log or KernelLog()
        self._waited: dict[str, Waited] = {}
        self._limited: dict[str, Limited] = {}
        self._unread = 0

    def open(self) -> None:
        """Begin to read the kernel's log."""
        self._log.open()

    def killed(self) -> list[int]:
        """Return the pids of the processes that were killed for want of memory since the last call."""
        return self._log.killed()

    def read(self, busy: Collection[str], idle: Collection[str] = (), *, anew: bool) -> None:
        """Read the busy groups, and of the idle ones as many as there is room for; `anew`: look up limits again."""
        wanted = below_root(busy)
        self._unread = max(len(wanted) - MOST_GROUPS, 0)
        chosen = [*wanted, *below_root(idle)][:MOST_GROUPS]
        self._waited = self._pressure.groups(chosen)
        self._limited = self._limits.groups(chosen, anew=anew, kills=not self._log.readable)

    def count(self, kills: Counter[str]) -> None:
        """Add what the kernel's log shows to the groups of the processes that it has killed."""
        for group, count in kills.items():
            self._limited[group] = self._limited.get(group, UNLIMITED)._replace(oom_kills=count)

    def noteworthy(self) -> set[str]:
        """Return the groups of which something is worth a row, even where no process has changed."""
        waited = {group for group, times in self._waited.items() if max(times) >= ENOUGH_US}
        return waited | {
            group for group, limited in self._limited.items() if limited.cpu_throttled_periods or limited.oom_kills
        }

    def held(self, group: str) -> Held:
        """Return what held a group back."""
        waited, limited = self._waited.get(group, NOBODY), self._limited.get(group, UNLIMITED)
        return (*waited, group if any(limited) else "", *limited)

    def forget(self, living: Collection[str]) -> None:
        """Forget the groups in which nobody lives any more."""
        self._pressure.forget(living)
        self._limits.forget(living)

    def missing(self) -> dict[str, str]:
        """Return what cannot be seen."""
        missing = self._pressure.missing() | self._limits.missing()
        if self._unread:
            missing["pressure of some services"] = f"no more than {MOST_GROUPS} busy ones: {self._unread} are left out"
        if not self._log.readable:
            missing[KILLED_BY] = "CAP_SYSLOG and /dev/kmsg, in the host's own pid namespace"
        return missing

    def counters(self) -> dict[str, int]:
        """Return what was lost."""
        return {"kernel_log_overruns": self._log.overruns}

    def close(self) -> None:
        """Give the kernel's log back."""
        self._log.close()
