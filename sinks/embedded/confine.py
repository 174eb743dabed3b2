"""Confines the store's process by the kernel, so that no statement reaches what is not the store's.

Whatever the engine is asked, it has no capability and gains none (`no_new_privs`), Landlock leaves it its own folder,
and seccomp neither a connection nor another program. Done once the ports are open and before the engine starts its
threads, which inherit all of it. What the kernel cannot do is left out, and `servicemap doctor` reports it.
"""

import ctypes
import os
import struct
from collections.abc import Callable
from pathlib import Path

from sinks.embedded import landlock, seccomp

_READABLE = (Path("/usr/share/zoneinfo"), Path("/etc/localtime"), Path("/dev/urandom"))
_PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT, _CLEAR_ALL = 24, 38, 47, 4  # prctl(2)
_CAPABILITY_VERSION = 0x20080522  # capset(2), two times 32 bits
_LAST_CAPABILITY = 63

_libc = ctypes.CDLL(None, use_errno=True)


def lacking() -> list[str]:
    """Return what this kernel cannot confine a store by, a phrase each; nothing is changed by asking."""
    found = []
    if landlock.abi() < landlock.OLDEST:
        found.append("Landlock (Linux 5.19 or later, with landlock in its list of security modules)")
    if not seccomp.known() or not Path("/proc/sys/kernel/seccomp/actions_avail").exists():
        found.append("seccomp (on x86_64 or aarch64)")
    return found


def confine(folder: Path, *removable: Path) -> list[str]:
    """Leave this process one folder, for good, and the right to remove what is in some others.

    Returns what could not be done, a phrase each.
    """
    failed: list[str] = []
    _try(failed, "capabilities", drop_capabilities)
    if landlock.abi() >= landlock.OLDEST:
        _try(failed, "Landlock", lambda: landlock.restrict(folder, _READABLE, removable))
    if seccomp.known():
        _try(failed, "seccomp", seccomp.refuse)
    return failed


def drop_capabilities() -> None:
    """Give up every capability, and gain none by any program."""
    for number in range(_LAST_CAPABILITY + 1):
        _libc.prctl(_PR_CAPBSET_DROP, number, 0, 0, 0)  # refused where there is nothing to drop it by
    _libc.prctl(_PR_CAP_AMBIENT, _CLEAR_ALL, 0, 0, 0)
    header = struct.pack("=Ii", _CAPABILITY_VERSION, 0)
    _checked(_libc.capset(header, bytes(24)))
    _checked(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))


def _checked(result: int) -> None:
    if result:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _try(failed: list[str], what: str, act: Callable[[], None]) -> None:
    try:
        act()
    except OSError as error:
        failed.append(f"{what} ({error.strerror})")
