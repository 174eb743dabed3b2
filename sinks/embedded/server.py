"""Opens the engine and both ports, and starts and stops everything in order."""

import fcntl
import json
import os
import re
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from sinks.embedded.context import Context
from sinks.embedded.descriptors import limits, raise_limit
from sinks.embedded.engine import Engine, EngineError
from sinks.embedded.http_session import HttpSession
from sinks.embedded.listener import BACKLOG, Listener
from sinks.embedded.native_session import NativeSession
from sinks.embedded.places import Places
from sinks.embedded.reader import forbidden_functions
from sinks.embedded.tally import Tally
from sinks.embedded.users import Users
from sinks.embedded.watcher import Watcher

_QUIRKS = re.compile("[:?&=#%]")


class StartError(Exception):
    """The store cannot start; the message is one sentence that says what to do."""


@dataclass(frozen=True)
class Options:
    """Where a store lives and listens; port 0 takes a free one."""

    data: Path
    host: str = "127.0.0.1"
    native_port: int = 9000
    http_port: int = 8123
    memory_bytes: int = 2_000_000_000
    grace_seconds: float = 20.0


def bind(host: str, port: int) -> socket.socket:
    """Listen on a port; raises StartError when it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise StartError(
            f"Cannot listen on {host}:{port} ({os.strerror(error.errno or 0)}): stop the program that has this "
            "port, or choose another one."
        ) from error


class Store:
    """A running store: `native_port`, `http_port`, and `stop`."""

    def __init__(self, options: Options) -> None:
        """Open the engine and both ports; raises StartError."""
        self._options = options
        with ExitStack() as undo:
            self._lock = undo.enter_context(_lock(options))
            native = undo.enter_context(bind(options.host, options.native_port))
            http = undo.enter_context(bind(options.host, options.http_port))
            self._engine = _open(options)
            undo.pop_all()  # all is well: `stop` closes them
        self._watcher = Watcher(self._engine.kill)
        tally = Tally()
        places = Places(tally, limits(raise_limit()))
        context = Context(
            engine=self._engine,
            users=Users(options.data / "store.token", forbidden_functions(self._engine)),
            watcher=self._watcher,
            setting_types=_setting_types(self._engine),
            tally=tally,
            places=places,
        )
        self._listeners = [
            Listener(native, lambda peer: NativeSession(peer, context), places, tally),
            Listener(http, lambda peer: HttpSession(peer, context), places, tally),
        ]
        self.native_port, self.http_port = (listener.port for listener in self._listeners)
        self._announce()

    def stop(self) -> None:
        """Accept no more, finish what runs within the grace time, close the engine."""
        (self._options.data / "store.json").unlink(missing_ok=True)
        deadline = time.monotonic() + self._options.grace_seconds
        ended = [listener.stop(deadline) for listener in self._listeners]
        if not all(ended):
            self._watcher.kill_all()
            for listener in self._listeners:
                listener.cut()
                listener.stop(time.monotonic() + 2)
        self._watcher.stop()
        self._engine.close()
        self._lock.close()

    def _announce(self) -> None:
        facts = {
            "host": self._options.host,
            "native_port": self.native_port,
            "http_port": self.http_port,
        }
        file = self._options.data / "store.json"
        fresh = file.with_suffix(".new")
        fresh.write_text(json.dumps(facts))
        fresh.replace(file)


def _lock(options: Options) -> TextIO:
    """Take the directory for this process; the kernel gives it back however the process ends.

    The engine has a lock of its own, but says so on stderr in its own words, and late.
    """
    if _QUIRKS.search(str(options.data.resolve())):
        raise StartError(
            f"Cannot use {options.data}: choose a --data directory without any of : ? & = # % in "
            "its path, which the engine takes for options."
        )
    try:
        options.data.mkdir(parents=True, exist_ok=True)
        lock = (options.data / "store.lock").open("w")
    except OSError as error:
        raise StartError(
            f"Cannot write to {options.data} ({error.strerror}): make it writable or choose another --data directory."
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise StartError(
            f"The store in {options.data} is in use: stop the server that has it, or choose another --data directory."
        ) from error
    return lock


def _open(options: Options) -> Engine:
    try:
        return Engine(options.data.resolve(), options.memory_bytes)
    except EngineError as error:
        raise StartError(
            f"Cannot open the store in {options.data}: if another program has it open, stop that "
            f"one, else restore the directory from a backup ({error.message})."
        ) from error


def _setting_types(engine: Engine) -> dict[str, str]:
    lines = engine.text("SELECT name, type FROM system.settings").splitlines()
    return dict(line.split("\t") for line in lines)


def serve(options: Options, wait: Callable[[], object], ready: Callable[[Store], None]) -> None:
    """Run a store until `wait` returns; `ready` is called once both ports answer.

    Raises StartError before that when it cannot start.
    """
    store = Store(options)
    try:
        ready(store)
        wait()
    finally:
        store.stop()
