"""Clients that outlive their request: those of a `session_id`, with their settings and temporary tables."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sinks.embedded.client import Client
from sinks.embedded.engine import EngineError

MAX_SECONDS = 3600  # ClickHouse's max_session_timeout
SECONDS = 60  # and its default_session_timeout
_GRACE = 1.0
_MAX_SESSIONS = 32  # of one user; clients make one for every program that runs


@dataclass
class _Kept:
    client: Client
    ends: float  # when nobody has come back by then
    lent: bool = True


class Sessions:
    """The sessions of all users. Thread-safe; a session serves one request at a time."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Condition()
        self._kept: dict[tuple[str, str], _Kept] = {}

    @contextmanager
    def lent(self, user: str, name: str, seconds: float, known: bool, make: Callable[[], Client]) -> Iterator[Client]:
        """Lend the client of a session, made when there is none, unless it has to be `known`.

        Raises EngineError when it is not known, or serves another request.
        """
        key = (user, name)
        with self._lock:
            # A client may have the end of an answer before this knows that all is sent.
            self._lock.wait_for(lambda: not (key in self._kept and self._kept[key].lent), _GRACE)
            self._forget()
            kept = self._kept.get(key)
            if kept and kept.lent:
                raise EngineError(
                    373, f"DB::Exception: Session {name} is locked by a concurrent client. (SESSION_IS_LOCKED)"
                )
            if known and not kept:
                raise EngineError(372, f"DB::Exception: Session {name} not found. (SESSION_NOT_FOUND)")
            if not kept:
                self._make_room(user)
                kept = self._kept[key] = _Kept(make(), 0)
            kept.lent = True
        try:
            yield kept.client
        finally:
            with self._lock:
                self._lock.notify_all()
                kept.lent, kept.ends = False, self._now() + seconds
                self._kept[key] = self._kept.pop(key)  # the longest idle stands first

    def close(self) -> None:
        """Close all that are not lent."""
        with self._lock:
            self._end([key for key, kept in self._kept.items() if not kept.lent])

    def _forget(self) -> None:
        now = self._now()
        self._end([key for key, kept in self._kept.items() if not kept.lent and kept.ends <= now])

    def _make_room(self, user: str) -> None:
        theirs = [key for key in self._kept if key[0] == user]
        idle = [key for key in theirs if not self._kept[key].lent]
        if len(theirs) < _MAX_SESSIONS:
            return
        if not idle:
            raise EngineError(
                202,
                f"DB::Exception: {user} has {_MAX_SESSIONS} sessions at work: ask without session_id. "
                "(TOO_MANY_SIMULTANEOUS_QUERIES)",
            )
        self._end(idle[:1])

    def _end(self, keys: list[tuple[str, str]]) -> None:
        for key in keys:
            self._kept.pop(key).client.close()
