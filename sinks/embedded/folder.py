"""The folder of a store: `engine/` is all that the confined process can reach; beside it is what it must not.

engine/      the engine's own files
store.json   where the store listens; it leads into run/, from where the confined process can take it away
ports.json   where it did when it last ran
store.token  the writer's password, of this start
store.lock   held by the process that has the store open
discard      asks the next start to put the engine's files aside and begin with none
"""

import fcntl
import json
import os
import re
import secrets
import time
from pathlib import Path
from typing import TextIO

from schemas.private import FILE, Unsafe, close_contents, private_folder

ENGINE, LOCK, DISCARD = "engine", "store.lock", "discard"
FACTS, PORTS, TOKEN = "store.json", "ports.json", "store.token"
_RUN = "run"
_FRESH = "store.new"
_OURS = {ENGINE, LOCK, DISCARD, FACTS, PORTS, TOKEN, _RUN, _FRESH}
# How many parts of tables the engine leaves out, since they are damaged.
DAMAGED_PARTS = "SELECT count() FROM system.detached_parts WHERE reason LIKE 'broken%' OR reason IN ('unexpected')"
DAMAGED = 3  # exit code of a store that Damaged keeps from starting
_ASIDE = "aside-"  # begins the names of engines put aside
_QUIRKS = re.compile("[:?&=#%]")


class StartError(Exception):
    """The store cannot start; the message is one sentence with the remedy."""


class Damaged(StartError):
    """The engine's files are damaged: no other start will do better."""


def check_path(path: Path) -> None:
    """Refuse a path that the engine would read as something else; raises StartError."""
    if _QUIRKS.search(str(path.resolve())):
        raise StartError(
            f"Cannot use {path}: choose a --data directory without any of : ? & = # % in "
            "its path, which the engine takes for options."
        )


class Folder:
    """A store's folder, held by this process until it ends. Raises StartError."""

    def __init__(self, path: Path) -> None:
        check_path(path)
        try:
            self.path = private_folder(path).resolve()
            close_contents(self.path)
            self._lock = (self.path / LOCK).open("a+")
        except Unsafe as error:
            raise StartError(f"Cannot use {path}: {error}.") from error
        except OSError as error:
            raise StartError(
                f"Cannot write to {path} ({error.strerror}): make it writable or choose another --data directory."
            ) from error
        _take(self._lock, path)
        self.engine = self.path / ENGINE
        self.run = self.path / _RUN

    def prepare(self) -> None:
        """Make the folders of what runs and of the engine; that of an earlier version is brought to the present."""
        if (self.path / DISCARD).exists():
            self.discard()
        if not self.engine.exists():
            _gather(self.path, self.engine)
        try:
            private_folder(self.engine)
            private_folder(self.run)
        except OSError as error:
            raise StartError(f"Cannot use {self.path}: {error}.") from error
        for entry in self.engine.iterdir():
            if entry.is_symlink():
                raise StartError(
                    f"{entry} leads out of the folder that the store is kept in: move what it leads to there, or let"
                    f" {self.path} itself be the symbolic link."
                )

    def discard(self) -> None:
        """Put the engine's files aside."""
        if not self.engine.exists():
            _gather(self.path, self.engine)
        if any(self.engine.iterdir()):
            self.engine.rename(
                self.path / f"{_ASIDE}{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{time.time_ns() % 1000:03}"
            )
        (self.path / DISCARD).unlink(missing_ok=True)

    def write_token(self) -> str:
        """Make a new password for the writer."""
        token = secrets.token_urlsafe(24)
        self._write(TOKEN, token)
        return token

    def announce(self, host: str, native_port: int, http_port: int) -> None:
        """Write down where the store is."""
        text = json.dumps({"host": host, "native_port": native_port, "http_port": http_port})
        self._write(PORTS, text)
        self._write(f"{_RUN}/{FACTS}", text)
        (self.path / _FRESH).symlink_to(f"{_RUN}/{FACTS}")
        (self.path / _FRESH).replace(self.path / FACTS)

    def retract(self) -> None:
        """Take the announcement back."""
        (self.run / FACTS).unlink(missing_ok=True)

    def last_port(self, name: str) -> int:
        """Return the port of an earlier start, 0 for none: clients that know it find the store there again."""
        try:
            return int(json.loads((self.path / PORTS).read_text())[name])
        except (OSError, ValueError, KeyError, TypeError):
            return 0

    def close(self) -> None:
        """Let others have the folder."""
        self._lock.close()

    def _write(self, name: str, text: str) -> None:
        """Write a file for the owner alone; nobody ever reads half of it."""
        fresh = self.path / _FRESH
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE), "w") as file:
            file.write(text)
        fresh.replace(self.path / name)


def forget_port(path: Path, name: str) -> None:
    """Have the next start choose a port anew."""
    try:
        known = json.loads((path / PORTS).read_text())
        known.pop(name, None)
        (path / PORTS).write_text(json.dumps(known))
    except (OSError, ValueError, AttributeError):
        return


def newest_aside(path: Path) -> Path | None:
    """Return the engine's files that were put aside last."""
    return max(path.glob(f"{_ASIDE}*"), default=None)


def holder(path: Path) -> int:
    """Return the pid of the process that has a store open; 0 for none."""
    try:
        with (path / LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return 0
    except BlockingIOError:
        return int((path / LOCK).read_text() or 0)
    except OSError:
        return 0


def _take(lock: TextIO, path: Path) -> None:
    """Take the directory for this process; the kernel gives it back however the process ends.

    The engine has a lock of its own, but reports that on stderr in its own words, and late.
    """
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise StartError(
            f"The store in {path} is in use: stop the server that has it, or choose another --data directory."
        ) from error
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()


def _gather(path: Path, engine: Path) -> None:
    """Move what an earlier version left beside our files into the engine's folder, and give it to who runs."""
    fresh = engine.with_name("engine.new")
    fresh.mkdir(exist_ok=True, mode=0o700)
    for entry in path.iterdir():
        if entry.name not in _OURS and entry != fresh and not entry.name.startswith(_ASIDE):
            entry.rename(fresh / entry.name)
    for folder, folders, files in os.walk(fresh):
        close_contents(Path(folder))
        for name in (*folders, *files) if os.geteuid() == 0 else ():
            os.lchown(f"{folder}/{name}", 0, 0)  # without capabilities, root can write only to what is root's
    fresh.rename(engine)
