"""A file system that never answers a read, and a process that hangs in it with its memory locked."""

import ctypes
import os
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from collectors.process_table import parse_stat
from tests.collectors.watching import eventually

INIT, GETATTR, OPEN, READ = 26, 3, 14, 15  # include/uapi/linux/fuse.h
UNKNOWN = -38
FORCED, DETACHED = 1, 2
LIBC = ctypes.CDLL(None, use_errno=True)

# One thread reads memory that is mapped from the file, and holds the lock of the memory while it waits; another one
# wants to write to the lock; any reader of it waits behind both.
VICTIM = """
import ctypes, os, signal, sys, threading
fd = os.open(sys.argv[1], os.O_RDONLY)
os.fstat(fd)
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
at = libc.mmap(None, 65536, 1, 2, fd, 0)
memory = os.open("/proc/self/mem", os.O_RDONLY)
threading.Thread(target=os.pread, args=(memory, 1, at)).start()
os.read(0, 1)
libc.mprotect(at + 4096, 4096, 3)
signal.pause()
"""


class Mounted:
    """A file in a file system of which every read hangs until the block ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.asked = threading.Event()
        path.touch()
        self._fuse = os.open("/dev/fuse", os.O_RDWR)
        options = f"fd={self._fuse},rootmode=100644,user_id=0,group_id=0,allow_other".encode()
        if LIBC.mount(b"hanging", bytes(path), b"fuse", 0, options):
            os.close(self._fuse)
            pytest.skip(f"cannot mount a FUSE file system: {os.strerror(ctypes.get_errno())}")
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        attributes = struct.pack("=6Q10I", 1, 1 << 20, 2048, *[0] * 6, 0o100644, 1, 0, 0, 0, 4096, 0)
        answers = {
            INIT: struct.pack("=IIIIHHIIHHI7I", 7, 31, 65_536, 0, 12, 10, 65_536, 1, 256, *[0] * 9),
            GETATTR: struct.pack("=QII", 3600, 0, 0) + attributes,
            OPEN: struct.pack("=QII", 1, 0, 0),
        }
        while True:
            try:
                message = os.read(self._fuse, 1 << 20)
            except OSError:  # unmounted
                return
            _, asked, number = struct.unpack_from("=IIQ", message)
            if asked == READ:
                self.asked.set()
                continue
            answer = answers.get(asked)
            code, answer = (UNKNOWN, b"") if answer is None else (0, answer)
            with suppress(FileNotFoundError):  # who asked was killed meanwhile
                os.write(self._fuse, struct.pack("=IiQ", 16 + len(answer), code, number) + answer)

    def abort(self) -> None:
        """Answer all who wait, with an error."""
        if self._fuse >= 0:
            LIBC.umount2(bytes(self.path), FORCED | DETACHED)
            self._thread.join(10)
            os.close(self._fuse)
            self._fuse = -1


@contextmanager
def hanging(path: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], Mounted]]:
    """Yield a process whose command line nobody can read, until the file system is aborted."""
    if not Path("/dev/fuse").exists():
        pytest.skip("needs /dev/fuse")
    mounted = Mounted(path)
    command = [sys.executable, "-c", VICTIM, str(path), *arguments]
    victim = subprocess.Popen(command, stdin=subprocess.PIPE)
    try:
        assert mounted.asked.wait(30)
        assert victim.stdin is not None
        victim.stdin.write(b"!")
        victim.stdin.close()
        stat = Path(f"/proc/{victim.pid}/stat")
        eventually(lambda: parse_stat(stat.read_bytes()).state == "D")
        yield victim, mounted
    finally:
        victim.kill()
        mounted.abort()
        victim.wait(30)
