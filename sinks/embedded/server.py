"""Opens the engine and both ports, and starts and stops everything in order."""

import logging
import shutil
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from schemas.loopback import is_loopback
from schemas.tls import Unusable, server_context
from sinks.embedded.allowed import allowed
from sinks.embedded.confine import confine
from sinks.embedded.context import Context
from sinks.embedded.descriptors import limits, raise_limit
from sinks.embedded.engine import Engine, EngineError, load_extension
from sinks.embedded.folder import DAMAGED_PARTS, Damaged, Folder, StartError
from sinks.embedded.http_metrics import prepare
from sinks.embedded.http_session import HttpSession
from sinks.embedded.listener import Listener
from sinks.embedded.native_session import NativeSession
from sinks.embedded.places import Places
from sinks.embedded.ports import listen
from sinks.embedded.query_ids import QueryIds
from sinks.embedded.reader import Judge
from sinks.embedded.tally import Tally
from sinks.embedded.time_zone import settle
from sinks.embedded.users import Users
from sinks.embedded.watcher import Watcher

log = logging.getLogger(__name__)
_LEAST_FREE = 10 << 20  # bytes; with less the engine does not open


@dataclass(frozen=True)
class Options:
    """Where a store lives and listens; port 0 takes a free one, None the usual one or the next that is free."""

    data: Path
    host: str = "127.0.0.1"
    native_port: int | None = None
    http_port: int | None = None
    memory_bytes: int = 2_000_000_000
    grace_seconds: float = 20.0
    reader_password: str = ""  # empty: readers need none
    certificate: Path | None = None  # others than this machine have to use TLS then
    key: Path | None = None  # of the certificate; None: it is in the same file
    confined: bool = False  # for good, the whole process


class Store:
    """A running store: `native_port`, `http_port`, and `stop`."""

    def __init__(self, options: Options) -> None:
        """Open the engine and both ports; raises StartError. `lacking`: what it is not confined by."""
        self._options = options
        self._stopping = False
        tls = _tls(options)
        self.lacking: list[str] = []
        with ExitStack() as undo:
            self._folder = Folder(options.data)
            undo.callback(self._folder.close)
            undo.callback(self._folder.retract)
            native = undo.enter_context(listen(self._folder, options.host, "native_port", options.native_port))
            _check_reach(native, options)
            http = undo.enter_context(listen(self._folder, options.host, "http_port", options.http_port))
            self.native_port, self.http_port = (int(each.getsockname()[1]) for each in (native, http))
            self._folder.prepare()
            token = self._folder.write_token()
            self._folder.announce(options.host, self.native_port, self.http_port)
            self._engine = self._open()
            undo.pop_all()  # all is well: `stop` closes them
        self._watcher = Watcher(self._engine.kill)
        tally = Tally()
        places = Places(tally, limits(raise_limit()))
        context = Context(
            engine=self._engine,
            ids=QueryIds(self._engine.kill),
            users=Users(token, options.reader_password),
            judge=Judge(allowed(self._engine)),
            watcher=self._watcher,
            setting_types=_setting_types(self._engine),
            tally=tally,
            places=places,
        )
        self._sessions = context.sessions
        self._listeners = [
            Listener(native, lambda peer: NativeSession(peer, context), places, tally, tls),
            Listener(http, lambda peer: HttpSession(peer, context), places, tally, tls),
        ]

    def _open(self) -> Engine:
        """Open the engine in what is left of this process."""
        if warning := settle():
            log.warning("%s", warning)
        try:
            extension = load_extension()
        except ImportError as error:
            reason = str(error).partition("\n")[0]
            raise StartError(f"Cannot load the engine ({reason}): if it names a time zone, set TZ=UTC.") from error
        prepare()
        if self._options.confined:
            self.lacking = confine(self._folder.engine, self._folder.run)
        try:
            return Engine(extension, self._folder.engine, self._options.memory_bytes)
        except EngineError as error:
            if shutil.disk_usage(self._folder.engine).free < _LEAST_FREE:
                raise StartError(
                    f"Cannot open the store in {self._options.data}: its disk is full: free some space."
                ) from error
            reason = error.message.split("Stack trace:")[0].strip()
            raise Damaged(
                f"Cannot open the store in {self._options.data}, its files are damaged: `servicemap store rebuild` "
                f"rebuilds it from the log ({reason})."
            ) from error

    def alive(self) -> None:
        """Return when the engine has answered; one that is being closed is asked no more."""
        if not self._stopping:
            self._engine.text("SELECT 1")

    def damaged_parts(self) -> int:
        """Return how many parts of tables the engine has put aside because they are damaged: their rows are missing."""
        return int(self._engine.text(DAMAGED_PARTS))

    def stop(self) -> None:
        """Accept no more, finish what runs within the grace time, close the engine."""
        self._stopping = True
        self._folder.retract()
        deadline = time.monotonic() + self._options.grace_seconds
        ended = [listener.stop(deadline) for listener in self._listeners]
        if not all(ended):
            self._watcher.kill_all()
            for listener in self._listeners:
                listener.cut()
                listener.stop(time.monotonic() + 2)
        self._watcher.stop()
        self._sessions.close()
        self._engine.close()
        self._folder.close()


def _check_reach(bound: socket.socket, options: Options) -> None:
    """Refuse to let other machines read without a password. The bound address decides, however the host was spelled."""
    if not options.reader_password and not is_loopback(bound.getsockname()[0]):
        raise StartError(
            f"Others can reach {options.host}: give a --reader-password-file with their password, or listen on"
            " 127.0.0.1."
        )


def _tls(options: Options) -> ssl.SSLContext | None:
    """Return the context of the server's side; the files are read now, since the confined process cannot."""
    if options.certificate is None:
        return None
    try:
        return server_context("store", str(options.certificate), str(options.key or ""))
    except Unusable as error:
        raise StartError(f"{error}.") from None


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
