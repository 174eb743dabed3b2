"""Find the programs of the operator that may run: files in a folder that nobody else can write.

As cron and ssh do with what they read, a file, the folder and all folders above it are refused where somebody besides
root and the agent's own user may write. A folder above that is sticky, as /tmp is, may be written: nothing in it can be
replaced by others. A symbolic link is refused: what it leads to may change.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from schemas.text import to_text

MOST = 50  # programs
MOST_ENTRIES = 500  # that are looked at
LONGEST = 100  # bytes of a name


class Program(NamedTuple):
    """A program that may run. `version` changes with the file."""

    name: str
    path: Path
    version: tuple[int, int]


class Found(NamedTuple):
    """The programs of a folder in the order of their names; `refused` are other files -> what they need.

    `unread` is whether the folder could not be read: then nothing is known of its programs.
    """

    programs: list[Program]
    refused: dict[str, str]
    fault: str = ""  # of the folder
    unread: bool = False


def look(folder: Path) -> Found:
    """Return what a folder has; nothing where it is not there."""
    try:
        if fault := _fault(folder):
            return Found([], {}, fault)
        with os.scandir(folder) as entries:
            names = sorted(os.fsencode(entry.name) for entry, _ in zip(entries, range(MOST_ENTRIES), strict=False))
    except (FileNotFoundError, NotADirectoryError):
        return Found([], {})
    except OSError as error:
        return Found([], {}, f"it cannot be read: {error.strerror}", unread=True)
    programs: list[Program] = []
    refused: dict[str, str] = {}
    for raw in names:
        if raw.startswith(b".") or raw.endswith(b"~"):  # what editors leave
            continue
        path = folder / os.fsdecode(raw)
        try:
            status = path.lstat()
        except OSError:  # it is gone
            continue
        name = to_text(raw)
        if needs := _needs(raw, status) or ("" if len(programs) < MOST else f"no more than {MOST} programs"):
            refused[name] = needs
        else:
            programs.append(Program(name, path, (status.st_ino, status.st_mtime_ns)))
    return Found(programs, refused)


def _needs(raw: bytes, status: os.stat_result) -> str:
    """Return why a file is no program; empty for one that may run."""
    if len(raw) > LONGEST:
        return f"a name of at most {LONGEST} bytes"
    if stat.S_ISLNK(status.st_mode):
        return "the program itself: a symbolic link is not followed"
    if not stat.S_ISREG(status.st_mode):
        return "a program: it is not a regular file"
    if not _trusted(status):
        return "root or the agent as owner, and write access for nobody else (chown root, chmod go-w)"
    return "" if status.st_mode & 0o111 else "to be executable (chmod +x)"


def _fault(folder: Path) -> str:
    """Return why nothing in a folder may run; FileNotFoundError where it is not there."""
    for each in _above(folder):
        status = each.lstat()
        if stat.S_ISLNK(status.st_mode):
            return f"a path without symbolic links: {_shown(each)} is one"
        sticky = each != folder and status.st_mode & stat.S_ISVTX
        owned = status.st_uid in (0, os.geteuid())
        if not (_trusted(status) or (sticky and owned)):
            return f"root or the agent as owner of {_shown(each)}, and write access for nobody else (chmod go-w)"
    return ""


def _above(folder: Path) -> Iterator[Path]:
    path = Path(os.path.abspath(folder))  # noqa: PTH100 - resolve() would follow the links that are to be found
    yield from (*reversed(path.parents), path)


def _trusted(status: os.stat_result) -> bool:
    return status.st_uid in (0, os.geteuid()) and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _shown(path: Path) -> str:
    return to_text(os.fsencode(path))
