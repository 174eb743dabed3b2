"""The folder of a store: `engine/` is all that the confined process can reach; beside it is what it must not.

engine/      the engine's own files
store.json   where the store listens; empty when it has stopped
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
_FRESH = "store.new"
_OURS = {ENGINE, LOCK, DISCARD, FACTS, PORTS, TOKEN, _FRESH}
_ASIDE = "aside-"  # begins the names of engines put aside
_QUIRKS = re.compile("[:?&=#%]")


class StartError(Exception):
    """The store cannot start; the message is one sentence that says what to do."""


class Folder:
    """A store's folder, held by this process until it ends. Raises StartError."""

    def __init__(self, path: Path) -> None:
        if _QUIRKS.search(str(path.resolve())):
            raise StartError(
                f"Cannot use {path}: choose a --data directory without any of : ? & = # % in "
                "its path, which the engine takes for options."
            )
        try:
            self.path = private_folder(path).resolve()
            close_contents(self.path)
            self._lock = (self.path / LOCK).open("w")
        except Unsafe as error:
            raise StartError(f"Cannot use {path}: {error}.") from error
        except OSError as error:
            raise StartError(
                f"Cannot write to {path} ({error.strerror}): make it writable or choose another --data directory."
            ) from error
        _take(self._lock, path)
        self._facts: TextIO | None = None
        self.engine = self.path / ENGINE

    def prepare(self) -> None:
        """Make the engine's folder: from one of an earlier version, and without what is to be discarded."""
        if (self.path / DISCARD).exists():
            put_aside(self.path)
            (self.path / DISCARD).unlink()
        if not self.engine.exists():
            _gather(self.path, self.engine)
        private_folder(self.engine)
        for entry in self.engine.iterdir():
            if entry.is_symlink():
                raise StartError(
                    f"{entry} leads out of the folder that the store is kept in: move what it leads to there, or let"
                    f" {self.path} itself be the symbolic link."
                )

    def write_token(self) -> str:
        """Make a new password for the writer."""
        token = secrets.token_urlsafe(24)
        self._write(TOKEN, token).close()
        return token

    def announce(self, host: str, native_port: int, http_port: int) -> None:
        """Write down where the store is. The file stays open: once confined, this process opens it no more."""
        text = json.dumps({"host": host, "native_port": native_port, "http_port": http_port})
        self._write(PORTS, text).close()
        self._facts = self._write(FACTS, text)

    def retract(self) -> None:
        """Take the announcement back."""
        if self._facts is not None:
            os.ftruncate(self._facts.fileno(), 0)

    def last_port(self, name: str) -> int:
        """Return the port of an earlier start, 0 for none: clients that know it find the store there again."""
        try:
            return int(json.loads((self.path / PORTS).read_text())[name])
        except (OSError, ValueError, KeyError, TypeError):
            return 0

    def close(self) -> None:
        """Let others have the folder."""
        if self._facts is not None:
            self._facts.close()
        self._lock.close()

    def _write(self, name: str, text: str) -> TextIO:
        """Write a file for the owner alone; nobody ever reads half of it."""
        fresh = self.path / _FRESH
        fresh.unlink(missing_ok=True)
        file = os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE), "w")
        file.write(text)
        file.flush()
        fresh.replace(self.path / name)
        return file


def put_aside(path: Path) -> Path | None:
    """Move the engine's files of a store away that nobody has open; return where they are now."""
    if not (path / ENGINE).exists():
        _gather(path, path / ENGINE)
    if not any((path / ENGINE).iterdir()):
        return None
    aside = path / f"{_ASIDE}{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"
    (path / ENGINE).rename(aside)
    return aside


def _take(lock: TextIO, path: Path) -> None:
    """Take the directory for this process; the kernel gives it back however the process ends.

    The engine has a lock of its own, but says so on stderr in its own words, and late.
    """
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise StartError(
            f"The store in {path} is in use: stop the server that has it, or choose another --data directory."
        ) from error


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
