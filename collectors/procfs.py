"""Reading /proc by plain system calls: half of what pathlib and open() cost, thousands of times a window."""

# ruff: noqa: PTH115, PTH116, PTH208

import os

_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK  # of a pipe in a file's place nobody waits for a writer


def read_file(path: str, limit: int = 65_536) -> bytes | None:
    """Return what one read gives of a small file; None when it is gone or not ours to read."""
    try:
        fd = os.open(path, _READ)
    except OSError:
        return None
    try:
        return os.read(fd, limit)
    except OSError:  # ESRCH: the process vanished between open and read
        return None
    finally:
        os.close(fd)


def read_table(path: str, limit: int) -> bytes | None:
    """Return the first bytes of a table of the kernel, of which one read gives a page; None as with `read_file`."""
    try:
        fd = os.open(path, _READ)
    except OSError:
        return None
    table = b""
    try:
        while len(table) < limit and (more := os.read(fd, limit - len(table))):
            table += more
    except OSError:
        return None
    finally:
        os.close(fd)
    return table


def pids(proc: str) -> list[int]:
    """Return the ids of all processes."""
    return [int(name) for name in os.listdir(proc) if name.isdecimal()]


def link(path: str) -> bytes:
    """Return where a link of /proc points; OSError when it is gone or not ours to read."""
    return os.readlink(os.fsencode(path))


def names(path: str) -> list[str]:
    """Return the names in a folder; OSError when it is gone or not ours to read."""
    return os.listdir(path)


def count_files(folder: str) -> int:
    """Return how many files a process has open: the size of its fd folder since Linux 6.2; -1 when unknown."""
    try:
        return os.stat(f"{folder}/fd").st_size or -1
    except OSError:
        return -1


def own_netns() -> int:
    """Return the inode of this process's network namespace, the one its sockets look at; 0 when unknown."""
    return netns_of("/proc/self")


def netns_of(folder: str) -> int:
    """Return the inode of the network namespace of a process, by its folder; 0 when unknown."""
    try:
        return os.stat(f"{folder}/ns/net").st_ino
    except OSError:
        return 0
