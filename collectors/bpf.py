"""The bpf(2) system call: maps, programs, and where programs are attached.

Nothing is pinned: programs and maps end with the descriptors of this process, also when it is killed.
"""

import ctypes
import errno
import os
import platform
import struct
from typing import Any

_CALLS = {"x86_64": 321, "aarch64": 280, "riscv64": 280}
_MAP_CREATE, _MAP_LOOKUP, _PROG_LOAD, _ATTACH = 0, 1, 5, 17
ARRAY, LRU_HASH, RING = 2, 9, 27  # types of maps
_TRACING, _TRACEPOINT = 26, 23  # type of programs, and of what they are attached to
_LICENSE = b"GPL\0"  # helpers that read memory are for programs under this license (kernel/trace/bpf_trace.c)
_MAP = struct.Struct("=IIIII12x16s")  # type, bytes of a key and a value, entries, flags; name
_LOOKUP = struct.Struct("=I4xQQ")
_PROGRAM = struct.Struct("=IIQQIIQII16sII36xI")  # … and at the end the type of the kernel that is traced
_LIBC: Any = ctypes.CDLL(None, use_errno=True)


def supported() -> bool:
    """Return whether programs are written for the processor of this host."""
    return platform.machine() in _CALLS


def create_map(kind: int, key: int, value: int, entries: int, name: str) -> int:
    """Return the descriptor of a new map."""
    return call(_MAP_CREATE, _MAP.pack(kind, key, value, entries, 0, name.encode()))


def look_up(descriptor: int, key: bytes) -> int:
    """Return the 64-bit number that a map has for a key; FileNotFoundError if it has none."""
    place, value = ctypes.create_string_buffer(key, len(key)), ctypes.c_uint64()
    call(_MAP_LOOKUP, _LOOKUP.pack(descriptor, ctypes.addressof(place), ctypes.addressof(value)))
    return value.value


def load(code: bytes, traced: int, name: str) -> int:
    """Return the descriptor of a program for a tracepoint, given by the type `btf_trace_…` of the kernel."""
    instructions, terms = ctypes.create_string_buffer(code, len(code)), ctypes.create_string_buffer(_LICENSE)
    where, license_at = ctypes.addressof(instructions), ctypes.addressof(terms)
    head = (_TRACING, len(code) // 8, where, license_at, 0, 0, 0, 0, 0, name.encode(), 0, _TRACEPOINT)
    return call(_PROG_LOAD, _PROGRAM.pack(*head, traced))


def attach(program: int) -> int:
    """Run a program at its tracepoint for as long as the descriptor that is returned is open."""
    return call(_ATTACH, struct.pack("=QI", 0, program))


def call(command: int, attributes: bytes) -> int:
    """Return the result of a command."""
    number = _CALLS.get(platform.machine())
    if number is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    block = ctypes.create_string_buffer(attributes, len(attributes))
    result: int = _LIBC.syscall(number, command, block, len(attributes))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result
