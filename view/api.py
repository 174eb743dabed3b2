"""The handlers of the view. Threads make each answer up to its bytes, and the event loop only sends it."""

import asyncio
import gzip
import time
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from aiohttp import web

from answers.faults import BadRequest
from sinks.store import Store
from view.answers import Answers
from view.assets import Asset, Assets
from view.edge import edge_answer
from view.export import as_csv, as_json
from view.hosts import hosts
from view.hub import Hub
from view.map import Before, map_answer
from view.newest import Newest, read_newest
from view.node import node_answer
from view.parameters import EdgeAsked, MapAsked, NodeAsked, Nothing, TimelineAsked, ValuesAsked, WhyAsked, read
from view.stores import Stores
from view.timeline import timeline_answer
from view.values import values_answer
from view.why import why_answer

Work = Callable[[], Awaitable[Any]]
Form = Callable[[Any], bytes]
STREAM = {"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
FORMS: dict[str, tuple[Form, str]] = {"json": (as_json, "application/json"), "csv": (as_csv, "text/csv")}


class Api:
    """The handlers, over one store. `distant` compresses the answers, for readers on other machines."""

    def __init__(self, stores: Stores, version: str, *, distant: bool) -> None:
        self._stores = stores
        self._distant = distant
        self._before = Before()
        self._answers = Answers()
        self._healths = Answers()  # apart, so that they are answered when there are too many other requests
        self._assets = Assets()
        self.hub = Hub(lambda: stores.ask(_newest), self._answers.clear)
        self._works: dict[str, Callable[[dict[str, str]], Work]] = {
            "map": self._map,
            "timeline": self._read(TimelineAsked, lambda store, asked: timeline_answer(store, asked, _now())),
            "node": self._read(NodeAsked, self._node),
            "edge": self._read(EdgeAsked, lambda store, asked: edge_answer(store, asked, _now())),
            "why": self._read(WhyAsked, lambda store, asked: why_answer(store, asked, _now())),
            "values": self._read(ValuesAsked, lambda store, asked: values_answer(store, asked, _now())),
            "hosts": self._read(Nothing, lambda store, _: hosts(store, _now())),
            "health": self._read(Nothing, lambda store, _: _health(store, _now(), version)),
        }

    def routes(self, *, page: bool) -> list[web.RouteDef]:
        """Return the paths and their handlers; without a page that of health alone."""
        if not page:
            return [web.get("/api/health", self._answer)]
        return [
            web.get("/", self._page),
            web.get("/assets/{name:.+}", self._asset),
            web.get("/api/stream", self._stream, allow_head=False),
            web.get("/api/export", self._export),
            *(web.get(f"/api/{what}", self._answer) for what in self._works),
        ]

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        work = self._works[request.path.rpartition("/")[2]](dict(request.query))
        body = await self._worked(request.path_qs, work, msgspec.json.encode)
        response = web.Response(body=body, content_type="application/json", headers={"Cache-Control": "no-store"})
        if self._distant:
            response.enable_compression()
        return response

    async def _export(self, request: web.Request) -> web.StreamResponse:
        query = dict(request.query)
        what, form = query.pop("what", "map"), query.pop("format", "json")
        if what not in {"map", "node", "edge"}:
            raise BadRequest("what: one of map, node, edge")
        if form not in FORMS:
            raise BadRequest(f"format: one of {', '.join(FORMS)}")
        encode, kind = FORMS[form]
        body = await self._worked(request.path_qs, self._works[what](query), encode)
        name = f"attachment; filename=servicemap-{what}.{form}"
        headers = {"Content-Disposition": name, "Cache-Control": "no-store"}
        return web.Response(body=body, content_type=kind, charset="utf-8", headers=headers)

    async def _worked(self, asked: str, work: Work, encode: Form) -> bytes:
        async def worked() -> bytes:
            return await asyncio.to_thread(encode, await work())

        answers = self._healths if asked.startswith("/api/health") else self._answers
        return await answers.get(asked, worked)

    def _map(self, query: dict[str, str]) -> Work:
        asked = read(query, MapAsked)
        return lambda: map_answer(self._stores, asked, self._before, _now())

    def _read(self, kind: type[Any], answer: Callable[[Store, Any], Any]) -> Callable[[dict[str, str]], Work]:
        def work(query: dict[str, str]) -> Work:
            asked = read(query, kind)
            return lambda: self._stores.ask(lambda store: answer(store, asked))

        return work

    def _node(self, store: Store, asked: NodeAsked) -> dict[str, Any]:
        answer = node_answer(store, asked, _now())
        of_node = self._before.clusters.of_node(store, answer["id"], answer["level"], answer["to"] - 1)
        return answer | {"clusters": of_node}

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        events = self.hub.listen(request.remote or "")
        response = web.StreamResponse(headers=STREAM)
        await response.prepare(request)
        await response.write(b"retry: 2000\n\n")
        try:
            async for event in events:
                await response.write(event)
        finally:
            await events.aclose()
        return response

    async def _page(self, request: web.Request) -> web.StreamResponse:
        return self._sent(request, self._assets.find("index.html"))

    async def _asset(self, request: web.Request) -> web.StreamResponse:
        return self._sent(request, self._assets.find(request.match_info["name"]))

    def _sent(self, request: web.Request, asset: Asset | None) -> web.StreamResponse:
        if asset is None:
            raise web.HTTPNotFound
        headers = {"ETag": asset.etag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
        if asset.etag in request.headers.get("If-None-Match", ""):
            return web.Response(status=304, headers=headers)
        takes = "gzip" in request.headers.get("Accept-Encoding", "")
        if takes and asset.compressed:
            headers["Content-Encoding"] = "gzip"
        body = asset.body if takes or not asset.compressed else gzip.decompress(asset.body)
        return web.Response(body=body, content_type=asset.kind, charset="utf-8", headers=headers)


def _newest(store: Store) -> tuple[Newest, int]:
    now = _now()
    return read_newest(store, now), now


def _health(store: Store, now: int, version: str) -> dict[str, Any]:
    newest = read_newest(store, now).end
    return {"ok": True, "newest": newest, "behind_ms": now - newest if newest else None, "version": version}


def _now() -> int:
    return int(time.time() * 1000)
