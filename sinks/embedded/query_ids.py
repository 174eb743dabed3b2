"""The ids that clients give their queries. The engine gives ids of its own; here is which statement has which.

A statement is found in the engine by its session's tag (`log_comment`). So `system.processes` is read with the clients'
ids in the place of the engine's, and KILL QUERY by such an id stops the tag.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sinks.embedded.engine import EngineError
from sinks.embedded.sql import quoted
from sinks.embedded.tokens import Token, tokens

MAX_LENGTH = 1000  # characters of an id
_KILL_SECONDS = 10.0  # that KILL … SYNC, and who replaces a query, wait for its end
_READS = {"FROM", "JOIN", ","}
_NO_ALIAS = {
    *("WHERE", "PREWHERE", "GROUP", "ORDER", "LIMIT", "OFFSET", "HAVING", "QUALIFY", "WINDOW", "UNION", "INTERSECT"),
    *("EXCEPT", "SETTINGS", "FORMAT", "INTO", "FINAL", "SAMPLE", "ARRAY", "ON", "USING", "JOIN", "GLOBAL", "LOCAL"),
    *("ANY", "ALL", "ASOF", "SEMI", "ANTI", "INNER", "LEFT", "RIGHT", "FULL", "CROSS", "PASTE"),
}


@dataclass(frozen=True)
class _Running:
    tag: str
    user: str


@dataclass(frozen=True)
class Kill:
    """`KILL QUERY WHERE query_id = '…'`, and whether to wait for the end."""

    query_id: str
    waits: bool
    tries: bool  # TEST: only look


class QueryIds:
    """The ids of what runs. Thread-safe."""

    def __init__(self, kill: Callable[[str], None]) -> None:
        """`kill` stops what a tag runs."""
        self._kill = kill
        self._changed = threading.Condition()
        self._running: dict[str, _Running] = {}

    @contextmanager
    def running(self, query_id: str, user: str, tag: str, replaces: bool = False) -> Iterator[None]:
        """Hold an id as long as the body runs; none when it is empty. Raises EngineError when another has it."""
        if not query_id:
            yield
            return
        if len(query_id) > MAX_LENGTH:
            raise EngineError(36, f"DB::Exception: A query_id has at most {MAX_LENGTH} characters. (BAD_ARGUMENTS)")
        if replaces:
            self.stop(Kill(query_id, waits=True, tries=False), user)
        with self._changed:
            if query_id in self._running:
                raise EngineError(
                    216,
                    f"DB::Exception: Query with id = {query_id} is already running. "
                    "(QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING)",
                )
            self._running[query_id] = _Running(tag, user)
        try:
            yield
        finally:
            with self._changed:
                del self._running[query_id]
                self._changed.notify_all()

    def stop(self, kill: Kill, user: str | None) -> str:
        """Stop a query of this user's, of anybody's when None; how that went in ClickHouse's words, empty: none."""
        with self._changed:
            running = self._running.get(kill.query_id)
        if not running or user not in (None, running.user):
            return ""
        if kill.tries:
            return "unknown_status"
        self._kill(running.tag)
        deadline = time.monotonic() + _KILL_SECONDS
        with self._changed:
            while kill.waits and self._running.get(kill.query_id) is running and time.monotonic() < deadline:
                self._kill(running.tag)  # it may not have begun before
                self._changed.wait(0.1)
            ended = self._running.get(kill.query_id) is not running
        return "finished" if ended else "waiting"

    def shown(self, text: str) -> str:
        """Have a query read the clients' ids where it reads `system.processes`; every other text stays as it is."""
        with self._changed:
            pairs = [(running.tag, query_id) for query_id, running in self._running.items()]
        if not pairs or not ("processes" in text or "query_id" in text):
            return text
        listed = list(tokens(text))
        ids = _ids_of_clients(pairs)
        if _is_words(listed, "KILL", "QUERY"):
            return _replaced(text, [(one, ids) for one in listed if _name(one) == "query_id"])
        return _replaced(text, list(_tables(listed, ids)))


def kill_of(text: str) -> Kill | None:
    """Recognise a KILL by one id, the way drivers cancel; None for every other statement."""
    if text[:64].lstrip()[:4].upper() != "KILL":
        return None
    listed = [token for token in tokens(text) if token.text != ";"]
    if len(listed) not in (6, 7) or not _is_words(listed, "KILL", "QUERY", "WHERE"):
        return None
    column, sign, value = listed[3:6]
    how = listed[6].text.upper() if len(listed) == 7 else "ASYNC"
    if (
        _name(column) != "query_id"
        or sign.text != "="
        or value.kind != "string"
        or how not in ("SYNC", "ASYNC", "TEST")
    ):
        return None
    if "\\" in value.text or "''" in value.text[1:-1] or not value.text.startswith("'"):
        return None
    return Kill(value.text[1:-1], waits=how == "SYNC", tries=how == "TEST")


def _is_words(listed: Sequence[Token], *words: str) -> bool:
    return tuple(token.text.upper() for token in listed[: len(words)]) == words


def _name(token: Token) -> str:
    return token.text.strip('`"') if token.kind in ("word", "name") else ""


def _ids_of_clients(pairs: list[tuple[str, str]]) -> str:
    tags, ids = (", ".join(quoted(one) for one in column) for column in zip(*pairs, strict=True))
    return f"transform(toString(Settings['log_comment']), [{tags}], [{ids}], query_id)"


def _tables(listed: Sequence[Token], ids: str) -> Iterator[tuple[Token, str]]:
    """Yield where `system.processes` is read as a table, and what to read instead."""
    shown = f"(SELECT * REPLACE ({ids} AS query_id, {ids} AS initial_query_id) FROM system.processes)"
    for n in range(1, len(listed) - 2):
        first, dot, last = listed[n : n + 3]
        if (_name(first), dot.text, _name(last)) != ("system", ".", "processes"):
            continue
        following = listed[n + 3] if n + 3 < len(listed) else None
        if listed[n - 1].text.upper() not in _READS or (following and following.text == "."):
            continue
        aliased = following and following.kind in ("word", "name") and following.text.upper() not in _NO_ALIAS
        yield first._replace(end=last.end), shown if aliased else f"{shown} AS processes"


def _replaced(text: str, changes: list[tuple[Token, str]]) -> str:
    for token, instead in reversed(changes):
        text = text[: token.start] + instead + text[token.end :]
    return text
