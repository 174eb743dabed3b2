"""Whether any TCP segment was sent or received in a network namespace: the counters in /proc/net/snmp (proc_net(5)).

They cover both families. To read them costs 20 us. To read the sockets of a namespace costs 2 ms even if it has none,
for the kernel keeps the sockets of all namespaces in one table.
"""

import os
from functools import partial

from collectors.entering import STAY, Enter

_PATH = "/proc/thread-self/net/snmp"  # of the namespace in which a thread is now, where /proc/self is of the first one
_TCP = b"\nTcp:"
_MOST_BYTES = 4_096


class Stirring:
    """Reads the counters of a namespace."""

    def __init__(self, enter: Enter = STAY) -> None:
        try:
            self._descriptor = enter(partial(os.open, _PATH, os.O_RDONLY | os.O_CLOEXEC))
        except OSError:
            self._descriptor = -1

    def read(self) -> bytes:
        """Return the counters of TCP; nothing where they cannot be read."""
        if self._descriptor < 0:
            return b""
        try:
            text = os.pread(self._descriptor, _MOST_BYTES, 0)
        except OSError:
            return b""
        begin = text.rfind(_TCP)
        return text[begin : text.find(b"\n", begin + 1)] if begin >= 0 else b""

    def close(self) -> None:
        """Give the file back."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
