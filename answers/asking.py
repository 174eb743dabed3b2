"""Answer a question to a program: a page of it, within limits of rows and bytes."""

import base64
import hashlib
from collections.abc import Mapping
from datetime import UTC
from typing import Any

import msgspec
from msgspec import UNSET, Struct, structs

from answers.faults import BadRequest
from answers.question import Answered, AnyQuestion
from answers.reading import PAGING, Limits, Paging, read, read_paging, times_of
from graph.asking import Store
from schemas.moments import moment


class Cursor(Struct, frozen=True, array_like=True):
    """Where a page begins: in the answer to which question, about which range."""

    asked: str
    since: str
    at: str
    rows: int


class Request(Struct, frozen=True):
    """A question with its parameters, and which page of its answer is asked for."""

    question: AnyQuestion
    asked: Any
    limits: Limits
    paging: Paging | None = None
    begins: int = 0

    def page(self, store: Store, now: int) -> bytes:
        """Return a page of the answer, as JSON."""
        answer: Answered = self.question.answer(store, self.asked, now)
        if self.paging is None:
            return self._within(msgspec.json.encode(answer))
        rows = getattr(answer, self.question.rows)
        count = self.paging.limit
        while True:
            body = msgspec.json.encode(self._cut(answer, rows, count))
            if len(body) <= self.limits.most_bytes or count == 1:
                return self._within(body)
            count = max(1, min(count, len(rows) - self.begins) // 2)

    def _cut(self, answer: Answered, rows: list[Any], count: int) -> Answered:
        end = self.begins + count
        chosen = {self.question.rows: rows[self.begins : end], "total": len(rows)}
        cursor = Cursor(_digest(self.question, self.asked), answer.start, answer.end, end)
        more = {"next_page": _written(cursor) if end < len(rows) else UNSET}
        page = structs.replace(answer, **chosen, **more)
        return self.question.fit(page) if self.question.fit and count < len(rows) else page

    def _within(self, body: bytes) -> bytes:
        if len(body) > self.limits.most_bytes:
            raise BadRequest(
                f"the answer has {len(body):,} bytes, and {self.limits.most_bytes:,} are allowed: ask for a shorter"
                " range, for less, or at another level"
            )
        return body


def request(question: AnyQuestion, given: Mapping[str, Any], now: int, limits: Limits) -> Request:
    """Read a question; BadRequest names what is wrong with it."""
    paged = bool(question.rows)
    asked = read({name: value for name, value in given.items() if not (paged and name in PAGING)}, question.asks, now)
    if not paged:
        return Request(question, asked, limits)
    paging = read_paging({name: value for name, value in given.items() if name in PAGING}, limits)
    if not paging.cursor:
        return Request(question, asked, limits, paging)
    cursor = _read(paging.cursor)
    if cursor.asked != _digest(question, asked):
        raise BadRequest("cursor: it is of another question: give the same parameters as for the page before")
    pinned = {"since": moment(cursor.since, now, UTC), "at": moment(cursor.at, now, UTC)}
    known = {name: ms for name, ms in pinned.items() if name in question.asks.__struct_fields__}
    return Request(question, structs.replace(asked, **known), limits, paging, cursor.rows)


def _digest(question: AnyQuestion, asked: Struct) -> str:
    """Return what tells a question from others: all that is asked but for times, which the first page settles."""
    times = times_of(type(asked))
    fields = {name: value for name, value in structs.asdict(asked).items() if name not in times}
    return hashlib.sha256(msgspec.json.encode([question.name, fields])).hexdigest()[:16]


def _written(cursor: Cursor) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).decode().rstrip("=")


def _read(text: str) -> Cursor:
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        found = msgspec.json.decode(raw, type=Cursor)
        moment(found.since, 0, UTC), moment(found.at, 0, UTC)
    except (ValueError, msgspec.DecodeError):
        raise BadRequest("cursor: this is no cursor: give what was `next` in the page before") from None
    if found.rows < 0:
        raise BadRequest("cursor: this is no cursor: give what was `next` in the page before")
    return found
