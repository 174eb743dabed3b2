"""What hides other processes from this one: mount options of procfs, and namespaces (proc(5), pid_namespaces(7))."""

# ruff: noqa: PTH116

import os

from collectors.procfs import read_file, read_table
from schemas.text import to_text

# Inodes of the host's own namespaces: include/linux/proc_ns.h; net since Linux 6.18, include/uapi/linux/nsfs.h.
INITIAL = {"pid": 0xEFFF_FFFC, "user": 0xEFFF_FFFD, "net": 0xEFFF_FFF9}


def hidden_by(proc: str = "/proc") -> str:
    """Return the mount option that hides the processes of other users; "" when they are seen all the same.

    Whether it does is tried out with the first process, which there is always: capabilities and groups decide.
    """
    option = hidepid(read_table("/proc/self/mountinfo", 1 << 20) or b"", proc)
    return f"hidepid={option} on {proc}" if option and read_file(f"{proc}/1/stat") is None else ""


def hidepid(mounts: bytes, proc: str) -> str:
    """Return the value of `hidepid` of what is mounted at a path last; "" when it is off."""
    found = ""
    for line in mounts.split(b"\n"):
        mount, _, source = line.partition(b" - ")
        fields = mount.split(b" ")
        if len(fields) > 4 and fields[4] == os.fsencode(proc) and source.startswith(b"proc "):
            options = source.rpartition(b" ")[2].split(b",")
            value = next((to_text(option[8:]) for option in options if option.startswith(b"hidepid=")), "")
            found = "" if value in {"0", "off"} else value
    return found


def is_initial(kind: str) -> bool:
    """Return whether this process is in the host's own namespace of a kind; one that cannot be read counts as such."""
    try:
        return os.stat(f"/proc/self/ns/{kind}").st_ino == INITIAL[kind]
    except OSError:
        return True
