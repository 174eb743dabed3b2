"""Accepts connections on a port, and serves each in a thread."""

import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from traceback import extract_tb
from typing import Protocol

from sinks.embedded.engine import EngineError
from sinks.embedded.link import PlainRefused
from sinks.embedded.peer import Evicted, Peer, TooSlow
from sinks.embedded.places import Full, Places
from sinks.embedded.tally import Tally

log = logging.getLogger(__name__)

_RETRY_SECONDS = 0.05
_TLS_ONLY = "DB::NetException: This store accepts only TLS: enable TLS in your client. (NETWORK_ERROR)"


class Conversation(Protocol):
    """One connection of either protocol."""

    busy: bool

    def serve(self) -> None:
        """Speak until the client leaves."""

    def sorry(self, error: EngineError) -> None:
        """Send why the connection ends, if it can be sent."""


class Listener:
    """A port, and a thread for each of its connections."""

    def __init__(
        self,
        bound: socket.socket,
        speak: Callable[[Peer], Conversation],
        places: Places,
        tally: Tally,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Serve a bound port; with `tls`, clients of other machines have to speak it."""
        self.port = int(bound.getsockname()[1])
        self._bound = bound
        self._speak = speak
        self._tls = tls
        self._places = places
        self._tally = tally
        self._open: dict[Peer, Conversation] = {}
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._accept, name="accept", daemon=True)
        self._thread.start()

    def stop(self, deadline: float) -> bool:
        """Accept no more, let running statements end until `deadline` (monotonic seconds)."""
        self._stopping.set()
        with suppress(OSError):
            self._bound.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._bound.close()
        with self._changed:
            while self._open and time.monotonic() < deadline:
                for peer, conversation in self._open.items():
                    if not conversation.busy:
                        peer.shutdown(socket.SHUT_RD)
                self._changed.wait(0.05)
            return not self._open

    def cut(self) -> None:
        """Close what is still open, whatever it does."""
        with self._changed:
            for peer in self._open:
                peer.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = self._bound.accept()
                peer = Peer(connection, self._tls)
            except OSError as error:  # the client has left, or there are no more descriptors
                if not self._stopping.is_set():
                    self._tally.count("not accepted", str(error))
                    self._stopping.wait(_RETRY_SECONDS)
                continue
            self._admit(peer)

    def _admit(self, peer: Peer) -> None:
        """Serve a client as soon as there is a place for it: meanwhile others wait with it, in the kernel."""
        conversation = self._speak(peer)
        while not self._stopping.is_set():
            try:
                self._places.enter(peer)
            except Full as full:
                if full.local:
                    self._places.wait(_RETRY_SECONDS)
                    continue
                self._tally.count("refused, too many of one address", str(full))
                self._refuse(peer, conversation, str(full))
                return
            with self._changed:
                self._open[peer] = conversation
            thread = threading.Thread(target=self._converse, args=(peer, conversation), name="client", daemon=True)
            try:
                thread.start()
            except RuntimeError as error:  # of the system, which has a limit of its own
                self._tally.count("refused, as no thread could be started", str(error))
                self._refuse(peer, conversation, "the system cannot start more threads: try again later")
                self._end(peer)
            return
        peer.close()

    def _converse(self, peer: Peer, conversation: Conversation) -> None:
        try:
            self._serve(conversation)
        finally:
            self._end(peer)

    def _serve(self, conversation: Conversation) -> None:
        with suppress(OSError, EOFError, EngineError, TooSlow, Evicted):  # gone, or does not listen
            try:
                conversation.serve()
            except TooSlow as error:
                self._tally.count("too slow", str(error))
                conversation.sorry(EngineError(209, f"DB::NetException: The client {error}. (SOCKET_TIMEOUT)"))
            except Evicted:
                conversation.sorry(
                    EngineError(
                        202,
                        "DB::Exception: This connection was idle for the longest, and its place was needed: "
                        "connect again. (TOO_MANY_SIMULTANEOUS_QUERIES)",
                    )
                )
            except PlainRefused:
                self._tally.count("refused, without TLS from another machine", "")
                conversation.sorry(EngineError(210, _TLS_ONLY))
            except (OSError, EOFError):
                raise
            except EngineError as error:
                self._tally.count("broke the protocol", error.message)
                conversation.sorry(error)
            except Exception as error:  # bytes that nobody thought of end their connection, and no other
                self._tally.count("could not be understood", _where(error))
                log.debug("connection failed", exc_info=True)
                conversation.sorry(
                    EngineError(1002, f"DB::Exception: This request could not be understood: {_where(error)}")
                )

    def _refuse(self, peer: Peer, conversation: Conversation, reason: str) -> None:
        with suppress(OSError, TooSlow, Evicted):
            conversation.sorry(EngineError(202, f"DB::Exception: {reason} (TOO_MANY_SIMULTANEOUS_QUERIES)"))
        peer.close()

    def _end(self, peer: Peer) -> None:
        self._places.leave(peer)
        with self._changed:
            self._open.pop(peer, None)
            self._changed.notify_all()
        peer.close()


def _where(error: Exception) -> str:
    """Log what failed where, in a line."""
    frames = extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}: {error}".splitlines()[0][:200]
