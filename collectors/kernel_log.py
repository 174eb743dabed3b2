"""Which processes the kernel has killed for want of memory, by its log (/dev/kmsg).

The log names each by its pid in the host's own namespace (mm/oom_kill.c), also when its control group is gone at once,
as that of a systemd unit or of a container is. Reading takes nothing from other readers. It needs CAP_SYSLOG where
kernel.dmesg_restrict is set, and a device that containers do not have.
"""

import errno
import os
import re

from collectors.visibility import is_initial

MOST_LINES = 2_000  # read at once
_BYTES = 8_192  # of a record; the kernel refuses to give one to a shorter read
_KERNEL = 8  # the priorities below it are the kernel's own; what users write has others
_LINE = re.compile(rb"(\d+),\d+,\d+,[^;]*;(?:(?:Memory cgroup o|O)ut of memory[^:]{0,40}: )?Killed process (\d+) \(")


def parse_killed(record: bytes) -> int | None:
    """Return the pid of a process that was killed for want of memory; None for any other record."""
    found = _LINE.match(record)
    return int(found[2]) if found and int(found[1]) < _KERNEL else None


class KernelLog:
    """The kills since it was opened."""

    def __init__(self, path: str = "/dev/kmsg") -> None:
        self._path = path
        self._fd = -1
        self.overruns = 0
        """How often records were overwritten before they were read."""

    @property
    def readable(self) -> bool:
        """Return whether kills are seen."""
        return self._fd >= 0

    def open(self) -> None:
        """Begin after the last record, where that is allowed and pids are those of the host."""
        if not is_initial("pid"):
            return
        try:
            self._fd = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            os.lseek(self._fd, 0, os.SEEK_END)
        except OSError:
            self.close()

    def killed(self) -> list[int]:
        """Return the pids of the processes that were killed since the last call."""
        pids: list[int] = []
        for _ in range(MOST_LINES if self.readable else 0):
            try:
                record = os.read(self._fd, _BYTES)
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno != errno.EPIPE:
                    raise
                self.overruns += 1
                continue
            if not record:
                break
            pid = parse_killed(record)
            if pid is not None:
                pids.append(pid)
        return pids

    def close(self) -> None:
        """Give the log back."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
