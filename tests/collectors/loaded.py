"""The BPF programs that a process runs, by their numbers, and whether the kernel still has one."""

import os
import re
import struct
from contextlib import suppress
from pathlib import Path

from collectors import bpf

_BY_NUMBER = 13  # BPF_PROG_GET_FD_BY_ID


def programs(pid: int) -> set[int]:
    """Return the numbers of the programs that a process holds."""
    found = set()
    for one in list(Path(f"/proc/{pid}/fdinfo").iterdir()):
        with suppress(FileNotFoundError):  # that of the folder itself
            if match := re.search(r"^prog_id:\s*(\d+)$", one.read_text(), re.MULTILINE):
                found.add(int(match[1]))
    return found


def is_loaded(number: int) -> bool:
    """Return whether the kernel has a program."""
    try:
        os.close(bpf.call(_BY_NUMBER, struct.pack("=I", number)))
    except FileNotFoundError:
        return False
    return True
