"""Folders and files that nobody else may look into or write to, whatever the umask and their owner.

A way is as safe as each step of it: who owns a folder, or may write to it, can put another one in the place of what is
in it. The rules are those of sshd's StrictModes, and a sticky folder (/tmp) is safe for what one owns oneself.
"""

import grp
import os
import pwd
import stat
from pathlib import Path

FOLDER, FILE = 0o700, 0o600
_ROOT = 0
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_MOST_LINKS = 40  # on one way, as the kernel has it


class Unsafe(OSError):
    """Others could change what is written here; the message is one sentence with the remedy."""


def private_folder(path: Path) -> Path:
    """Make a folder for its owner alone, or close one to all others; return it. Raises Unsafe, OSError."""
    path = path.absolute()
    _check_way(path)
    missing = [each for each in (path, *path.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=FOLDER, exist_ok=True)
        each.chmod(FOLDER)  # the umask may have taken even more
    found = path.stat()
    if not stat.S_ISDIR(found.st_mode):
        raise NotADirectoryError(20, "it is not a directory", str(path))
    if found.st_uid != os.geteuid():
        raise Unsafe(f"{path} belongs to {_name(found.st_uid)}: give a directory of your own with --data")
    if _others_write(path, found):
        raise Unsafe(
            f"others can write to {path}: see that nothing of theirs is in it, then run `chmod 700 {path}`, or give"
            " another directory with --data"
        )
    if stat.S_IMODE(found.st_mode) & 0o077:
        path.chmod(FOLDER)
    return path


def close_contents(folder: Path) -> None:
    """Close what lies in a folder of one's own to all others: an earlier version left it to the umask."""
    for entry in folder.iterdir():
        found = entry.lstat()
        mode = FOLDER if stat.S_ISDIR(found.st_mode) else FILE
        if not stat.S_ISLNK(found.st_mode) and found.st_uid == os.geteuid() and found.st_mode & 0o077:
            entry.chmod(mode)


def private_file(path: Path) -> None:
    """Make an empty file for its owner alone, or close an existing one to all others. Raises Unsafe, OSError.

    An existing one is not opened: to close it again would take SQLite's locks on it away from this process.
    """
    _check_way(path.absolute())
    path = path.resolve()
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE))
    except FileExistsError:
        found = path.stat()
        if stat.S_ISREG(found.st_mode) and found.st_uid != os.geteuid():
            raise Unsafe(f"{path} belongs to {_name(found.st_uid)}: move it away, or give another place") from None
        if stat.S_ISREG(found.st_mode) and found.st_mode & 0o077:
            path.chmod(FILE)


def _check_way(path: Path) -> None:
    """Follow a path step by step, through its symbolic links, up to its last step or what is not there yet."""
    at, left, links = Path("/"), list(reversed(path.parts[1:])), 0
    _check_step(at, path)
    while left:
        name = left.pop()
        if name == "..":
            at = at.parent
            continue
        step = at / name
        try:
            mode = step.lstat().st_mode
        except FileNotFoundError:
            if ".." in left:  # where that leads is known only once the rest is there
                raise
            return
        links += stat.S_ISLNK(mode)
        if links > _MOST_LINKS:
            raise OSError(40, "too many symbolic links", str(path))
        if left or stat.S_ISLNK(mode):  # the caller decides about the last step itself
            _check_step(step, path)
        if not stat.S_ISLNK(mode):
            at = step
            continue
        target = step.readlink()
        at = Path("/") if target.is_absolute() else at
        left += reversed(target.parts[1:] if target.is_absolute() else target.parts)


def _check_step(step: Path, path: Path) -> None:
    found = step.lstat()
    if found.st_uid not in {_ROOT, os.geteuid()} and not _outside_this_namespace(found.st_uid):
        owner = _name(found.st_uid)
        raise Unsafe(f"{path} is reached through {step}, which belongs to {owner}: give another directory with --data")
    if stat.S_ISDIR(found.st_mode) and _others_write(step, found) and not found.st_mode & stat.S_ISVTX:
        raise Unsafe(
            f"{path} is reached through {step}, to which others can write: give another directory with --data, or run"
            f" `chmod go-w {step}`"
        )


def _others_write(path: Path, found: os.stat_result) -> bool:
    """Return whether anybody but the owner may. A group of the owner alone is nobody else."""
    if not found.st_mode & _OTHERS_WRITE:
        return False
    return bool(found.st_mode & stat.S_IWOTH) or not _alone(found.st_uid, found.st_gid) or _has_acl(path)


def _alone(uid: int, gid: int) -> bool:
    try:
        group, user = grp.getgrgid(gid), pwd.getpwuid(uid)
    except KeyError:
        return False
    return group.gr_name == user.pw_name and set(group.gr_mem) <= {user.pw_name}


def _has_acl(path: Path) -> bool:
    """Return whether the bits of the group are the mask of a list of other users."""
    try:
        return "system.posix_acl_access" in os.listxattr(path)
    except OSError:
        return False


def _outside_this_namespace(uid: int) -> bool:
    """Return whether a user has no number in this namespace, as the host's root in a rootless container."""
    overflow = int(Path("/proc/sys/kernel/overflowuid").read_text())
    return uid == overflow and Path("/proc/self/uid_map").read_text().split() != ["0", "0", "4294967295"]


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
