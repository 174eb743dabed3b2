"""Landlock: a process gives up the files, connections and signals that it does not need, for good.

Layouts and numbers: Linux's `include/uapi/linux/landlock.h`. What each ABI brought:
docs.kernel.org/userspace-api/landlock. A domain holds for the calling thread and for what it starts afterwards.
"""

import ctypes
import os
import struct
from collections.abc import Iterable
from pathlib import Path

# The syscalls have the same numbers on all architectures.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG, _PATH_BENEATH = 1, 1
# Rights over files, by their bits.
_READ_FILE, _READ_DIR, _REMOVE_FILE = 1 << 2, 1 << 3, 1 << 5
_DEVICES = 1 << 0 | 1 << 6 | 1 << 9 | 1 << 10 | 1 << 11  # execute; make devices, sockets and pipes
_IOCTL_DEV = 1 << 15
_ALL_FILES = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
_ALL_NET = 1 << 0 | 1 << 1  # bind and connect TCP
_ALL_SCOPES = 1 << 0 | 1 << 1  # abstract unix sockets and signals
OLDEST = 2  # ABI 1 forbids to move a file to another folder, which the engine does all the time

_libc = ctypes.CDLL(None, use_errno=True)


def abi() -> int:
    """Return what this kernel knows of Landlock: 0 for nothing."""
    return max(0, int(_libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION_FLAG)))


def restrict(folder: Path, readable: Iterable[Path] = (), removable: Iterable[Path] = ()) -> None:
    """Leave this thread, and what it starts, one folder to work in, some to read, and some to take files away from.

    Needs `no_new_privs`. No connection, no new port, no signal to others. Raises OSError when the kernel cannot.
    """
    version = abi()
    files = _ALL_FILES[max(known for known in _ALL_FILES if known <= version)]
    rules = struct.pack("=QQQ", files, _ALL_NET if version >= 4 else 0, _ALL_SCOPES if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = _call(_CREATE_RULESET, rules[:size], ctypes.c_size_t(size), 0)
    try:
        _allow(ruleset, folder, files & ~_DEVICES & ~_IOCTL_DEV)
        for path in readable:
            if path.exists():
                _allow(ruleset, path, _READ_FILE | _READ_DIR if path.is_dir() else _READ_FILE)
        for path in removable:
            _allow(ruleset, path, _REMOVE_FILE)
        _call(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: Path, rights: int) -> None:
    beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        _call(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", rights, beneath), 0)
    finally:
        os.close(beneath)


def _call(number: int, *arguments: object) -> int:
    result = int(_libc.syscall(number, *arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
