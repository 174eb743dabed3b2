"""Which `servicemap up` run, and on which data: noted in a folder that every command knows, for those asked elsewhere.

A note is believed while the data directory it names is held. Those of root are for all to see: the command line of its
`up` is too, and a user who asks in vain learns of it.
"""

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from schemas.text import shown
from servicemap.config import Config
from servicemap.directory import is_held, owner

_SUFFIX = ".up"  # of a note: its name is the pid, and it holds the directory
ROOTS = Path("/run/servicemap")


class Up(NamedTuple):
    """A running `up`, and its data directory."""

    pid: int
    data: str


@contextmanager
def noted(config: Config, folder: Path | None = None) -> Iterator[None]:
    """Note that this `up` runs, where that can be written."""
    file = (folder or own_folder()) / f"{os.getpid()}{_SUFFIX}"
    with suppress(OSError):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.geteuid() == 0:
            file.parent.chmod(0o755)
        _tidy(file.parent)
        fresh = file.with_suffix(".new")
        fresh.write_bytes(os.fsencode(config.directory.resolve()))
        fresh.chmod(0o644)
        fresh.replace(file)
    try:
        yield
    finally:
        with suppress(OSError):
            file.unlink(missing_ok=True)


def _tidy(folder: Path) -> None:
    """Remove the notes of those that were killed."""
    living = {each.pid for each in running((folder,))}
    for file in folder.glob(f"*{_SUFFIX}"):
        if file.stem.isdigit() and int(file.stem) not in living and not Path(f"/proc/{file.stem}").exists():
            file.unlink(missing_ok=True)


def own_folder() -> Path:
    """Return where notes of this user are."""
    if os.geteuid() == 0:
        return ROOTS
    return Path(os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.geteuid()}") / "servicemap"


def running(folders: tuple[Path, ...] | None = None) -> list[Up]:
    """Return what runs, of this user and of root."""
    found = []
    for folder in dict.fromkeys(folders or (own_folder(), ROOTS)):
        for file in sorted(folder.glob(f"*{_SUFFIX}")) if folder.is_dir() else ():
            with suppress(OSError, ValueError):
                data = os.fsdecode(file.read_bytes())
                found += [Up(int(file.stem), data)] * ("\0" not in data)
    return [each for each in found if _lives(each)]


def elsewhere(config: Config, folders: tuple[Path, ...] | None = None) -> str:
    """Name the `up` that run on other data than the given one; empty for none."""
    here = str(config.directory.resolve())
    others = [each.data for each in running(folders) if each.data != here]
    return "; ".join(f"`servicemap up` runs with --data {shown(shlex.quote(data))}: {_how(data)}" for data in others)


def _how(data: str) -> str:
    return "add that" if os.access(data, os.R_OK | os.X_OK) else "ask as root, and add that"


def _lives(noted: Up) -> bool:
    """Return whether the data directory is held by that `up`; for a directory that may not be read, by its process."""
    data = Path(noted.data)
    if not os.access(data, os.R_OK | os.X_OK):
        return Path(f"/proc/{noted.pid}").exists()
    return owner(data) == noted.pid and is_held(data)
