"""Listens on both ports, and starts and stops everything in order."""

import fcntl
import json
import logging
import os
import re
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TextIO

from sinks.embedded.engine import Engine, EngineError
from sinks.embedded.http_session import HttpSession
from sinks.embedded.native_session import Context, NativeSession
from sinks.embedded.reader import forbidden_functions
from sinks.embedded.users import Users
from sinks.embedded.watcher import Watcher

log = logging.getLogger(__name__)

MAX_CONNECTIONS = 64  # a thread each, per port
_QUIRKS = re.compile("[:?&=#%]")
_IDLE_SECONDS = 3600  # ClickHouse's idle_connection_timeout


class StartError(Exception):
    """The store cannot start; the message is one sentence that says what to do."""


class Conversation(Protocol):
    """One connection of either protocol."""

    busy: bool

    def serve(self) -> None:
        """Speak until the client leaves."""


@dataclass(frozen=True)
class Options:
    """Where a store lives and listens; port 0 takes a free one."""

    data: Path
    host: str = "127.0.0.1"
    native_port: int = 9000
    http_port: int = 8123
    memory_bytes: int = 2_000_000_000
    grace_seconds: float = 20.0


class Listener:
    """A port, and a thread for each of its connections."""

    def __init__(self, bound: socket.socket, speak: Callable[[socket.socket], Conversation]) -> None:
        self.port = int(bound.getsockname()[1])
        self._bound = bound
        self._speak = speak
        self._open: dict[socket.socket, Conversation] = {}
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._accept, name="accept", daemon=True)
        self._thread.start()

    def stop(self, deadline: float) -> bool:
        """Accept no more, let running statements end until `deadline` (monotonic seconds)."""
        with suppress(OSError):
            self._bound.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._bound.close()
        with self._changed:
            while self._open and time.monotonic() < deadline:
                for peer, conversation in self._open.items():
                    if not conversation.busy:
                        with suppress(OSError):
                            peer.shutdown(socket.SHUT_RD)
                self._changed.wait(0.05)
            return not self._open

    def cut(self) -> None:
        """Close what is still open, whatever it does."""
        with self._changed:
            for peer in self._open:
                with suppress(OSError):
                    peer.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self._bound.accept()
            except OSError:
                return
            with self._changed:
                if len(self._open) >= MAX_CONNECTIONS:
                    peer.close()
                    continue
                peer.settimeout(_IDLE_SECONDS)
                peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                conversation = self._open[peer] = self._speak(peer)
            threading.Thread(target=self._converse, args=(peer, conversation), name="client", daemon=True).start()

    def _converse(self, peer: socket.socket, conversation: Conversation) -> None:
        try:
            conversation.serve()
        except (OSError, EOFError, EngineError) as error:
            log.debug("connection lost: %s", error)
        except Exception:
            log.exception("connection failed")
        finally:
            with self._changed:
                del self._open[peer]
                self._changed.notify_all()
            peer.close()


def bind(host: str, port: int) -> socket.socket:
    """Listen on a port; raises StartError when it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=64)
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
        context = Context(
            engine=self._engine,
            users=Users(options.data / "store.token", forbidden_functions(self._engine)),
            watcher=self._watcher,
            setting_types=_setting_types(self._engine),
        )
        self._listeners = [
            Listener(native, lambda peer: NativeSession(peer, context)),
            Listener(http, lambda peer: HttpSession(peer, context)),
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
