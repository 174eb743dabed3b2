"""The routes of overlays: what is said of nodes and edges is read from the store, and written into the log.

Everybody who may read the view may read them. To write, a request needs the token for writing, as a bearer: a cookie
alone never writes, so no other site can make a browser do it.
"""

import asyncio
import hmac
import time
from collections.abc import Callable
from typing import Annotated, Any, NamedTuple, Protocol, TypeVar

import msgspec
from aiohttp import web
from msgspec import Meta, Struct, field

from answers.faults import BadRequest, NotThere
from graph.annotations import read_annotations, read_schemas
from schemas.overlays import Annotation, Author, OverlaySchema
from view.answers import Busy
from view.parameters import Moment, read
from view.stores import Stores

MOST_WAITING = 16  # writers at once: they take turns
MOST_BYTES = 256 << 10  # of a request's body
BODY_SECONDS = 10.0
READ_ONLY = "this server does not write: it has no log, or its token for writing is not known"
UNKNOWN = "a token for writing is needed: send Authorization: Bearer …"


class Writer(Protocol):
    """Writes into the log; raises BadRequest and NotThere with a sentence, and Unwritable when there is no log."""

    def register(self, overlay: str, schema: dict[str, Any], author: str) -> OverlaySchema:
        """Register an overlay, or give it another schema."""

    def annotate(
        self, overlay: str, target: str, value: Any, author: str, valid_from: int, valid_to: int
    ) -> Annotation:
        """Say something of nodes or edges."""

    def end(self, overlay: str, target: str, at: int, *, ever: bool) -> list[Annotation]:
        """Let what is said of a target end."""


class Unwritable(Exception):
    """The log cannot be written now; the message is a sentence."""


class Writable(NamedTuple):
    """What writes, and the token that it takes."""

    writer: Writer
    token: str


class Registered(Struct, frozen=True, forbid_unknown_fields=True):
    """What the values of an overlay have to be: a JSON Schema."""

    schema: dict[str, Any]
    author: Author = ""


class Said(Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from", "end": "to"}):
    """What is said of the nodes or edges that `target` selects. Times in ms; by default from now on."""

    target: Annotated[str, Meta(min_length=1, max_length=1_000)]
    value: Any
    start: Moment | None = None
    end: Moment = 0
    author: Author = ""


class EndAsked(Struct, frozen=True, forbid_unknown_fields=True):
    """What is to end: when, ms, by default now; or that it was `ever` wrong."""

    target: Annotated[str, Meta(min_length=1, max_length=1_000)]
    at: Moment | None = None
    ever: bool = False


class SaidAsked(Struct, frozen=True, forbid_unknown_fields=True):
    """Annotations that hold at a time, ms, by default now."""

    at: Moment | None = None


class Overlay(Struct, frozen=True):
    """An overlay that is registered, and how many of its annotations hold now."""

    overlay: str
    schema: dict[str, Any]
    annotations: int
    author: str = ""


class Note(Struct, frozen=True, rename={"start": "from", "end": "to"}):
    """An annotation. Times in ms; `to` 0 is until further notice."""

    overlay: str
    target: str
    value: Any
    start: int
    end: int
    author: str
    written: int


class Overlays(Struct, frozen=True):
    """All overlays, by name."""

    overlays: list[Overlay]


class Notes(Struct, frozen=True):
    """Annotations of one overlay, by target."""

    annotations: list[Note] = field(default_factory=list)


Body = TypeVar("Body", bound=Struct)


class OverlayApi:
    """The handlers."""

    def __init__(self, stores: Stores, writable: Writable | None) -> None:
        self._stores = stores
        self._writable = writable
        self._turn = asyncio.Lock()
        self._waiting = 0

    def routes(self) -> list[web.RouteDef]:
        """Return the paths and their handlers."""
        return [
            web.get("/api/openapi.json", self._described),
            web.get("/api/overlays", self._list),
            web.put("/api/overlays/{name}", self._register),
            web.get("/api/overlays/{name}/annotations", self._show),
            web.post("/api/overlays/{name}/annotations", self._annotate),
            web.delete("/api/overlays/{name}/annotations", self._end),
        ]

    async def _described(self, request: web.Request) -> web.Response:
        from view.openapi import document  # only who writes a client asks for it

        return _answer(document())

    async def _list(self, request: web.Request) -> web.Response:
        def overlays(store: Any) -> Overlays:
            now = _now()
            noted = [one.overlay for one in read_annotations(store) if one.holds(now)]
            found = read_schemas(store).items()
            return Overlays([Overlay(name, one.schema, noted.count(name), one.author) for name, one in found])

        return _answer(await self._stores.ask(overlays))

    async def _show(self, request: web.Request) -> web.Response:
        name, asked = request.match_info["name"], read(dict(request.query), SaidAsked)

        def annotations(store: Any) -> Notes:
            if name not in read_schemas(store):
                raise NotThere(f"there is no overlay {name!r}")
            at = _now() if asked.at is None else asked.at
            found = [one for one in read_annotations(store) if one.overlay == name and one.holds(at)]
            return Notes([note(one) for one in sorted(found, key=lambda one: (one.target, one.valid_from))])

        return _answer(await self._stores.ask(annotations))

    async def _register(self, request: web.Request) -> web.Response:
        writer, name = self._writer(request), request.match_info["name"]
        given = await _body(request, Registered)
        done = await self._written(lambda: writer.register(name, given.schema, given.author))
        return _answer(Overlay(done.overlay, done.schema, 0, done.author))

    async def _annotate(self, request: web.Request) -> web.Response:
        writer, name = self._writer(request), request.match_info["name"]
        said = await _body(request, Said)
        start = _now() if said.start is None else said.start
        done = await self._written(lambda: writer.annotate(name, said.target, said.value, said.author, start, said.end))
        return _answer(note(done), 201)

    async def _end(self, request: web.Request) -> web.Response:
        writer, name = self._writer(request), request.match_info["name"]
        asked = read(dict(request.query), EndAsked)
        at = _now() if asked.at is None else asked.at
        done = await self._written(lambda: writer.end(name, asked.target, at, ever=asked.ever))
        return _answer(Notes([note(one) for one in done]))

    def _writer(self, request: web.Request) -> Writer:
        """Return what writes, if the request has the token for that."""
        if self._writable is None:
            raise web.HTTPForbidden(reason=READ_ONLY)
        if not hmac.compare_digest(bearer(request).encode("utf-8", "surrogateescape"), self._writable.token.encode()):
            raise web.HTTPUnauthorized(reason=UNKNOWN, headers={"WWW-Authenticate": "Bearer"})
        return self._writable.writer

    async def _written(self, write: Callable[[], Any]) -> Any:
        """Write in a thread, one at a time."""
        if self._waiting >= MOST_WAITING:
            raise Busy(f"{self._waiting} requests wait to write: try again in a moment")
        self._waiting += 1
        try:
            async with self._turn:
                return await asyncio.to_thread(write)
        finally:
            self._waiting -= 1


def bearer(request: web.Request) -> str:
    """Return the token that a request brings as a bearer, "" for none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def note(one: Annotation) -> Note:
    """Return an annotation as it is answered."""
    return Note(one.overlay, one.target, one.value, one.valid_from, one.valid_to, one.author, one.written)


async def _body(request: web.Request, kind: type[Body]) -> Body:
    try:
        async with asyncio.timeout(BODY_SECONDS):
            raw = await request.read()
        return msgspec.json.decode(raw, type=kind)
    except TimeoutError:
        raise BadRequest(f"the body did not arrive within {BODY_SECONDS:.0f} s") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"the body cannot be used: {error}") from None


def _answer(body: Any, status: int = 200) -> web.Response:
    headers = {"Cache-Control": "no-store"}
    return web.Response(body=msgspec.json.encode(body), status=status, content_type="application/json", headers=headers)


def _now() -> int:
    return time.time_ns() // 1_000_000
