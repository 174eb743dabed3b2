"""Serve the tools: over stdin and stdout to the program that started this, or over HTTP."""

import asyncio
import hmac
import socket
from contextlib import closing
from typing import Any

import uvicorn
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.server.transport_security import TransportSecuritySettings
from mcp_types import CallToolRequestParams, CallToolResult, ListToolsResult
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from schemas.loopback import stays_here
from servicemap import __version__
from servicemap.answering import connected
from servicemap.binding import Place, listen, moved
from servicemap.config import Config
from servicemap.listening import MCP_PORT
from servicemap.mcp.tools import INSTRUCTIONS, Tools
from servicemap.options import Failure
from servicemap.parts import store_address
from servicemap.process import stop_event
from servicemap.viewing import address, announce
from view.stores import Stores

PATH = "/mcp"
MOST_BYTES = 256 << 10  # of a request
UNKNOWN = "a token is needed: send Authorization: Bearer …"


def speak(config: Config) -> None:
    """Answer on stdin and stdout until stdin ends; while there is no store, that is the answer."""
    asyncio.run(_speak(config))


def serve(config: Config) -> None:
    """Answer over HTTP until a signal."""
    stop_event()  # a signal ends the server, which then raises it again
    asked = config.mcp
    if not asked.token and not stays_here(asked.host):
        raise Failure(f"others can reach {asked.host}: set the token they need with SERVICEMAP_MCP__TOKEN")
    store_address(config, write=False)  # fail now where no store is known
    place = Place("the MCP server", asked.host, asked.port, MCP_PORT, "--port", "mcp.port")
    with listen(place) as bound, closing(Stores(lambda: connected(config))) as stores:
        port = bound.getsockname()[1]
        announce("the MCP server", address(asked.host, port).rstrip("/") + PATH, moved(place, port))
        asyncio.run(_serve(config, stores, bound))


async def _speak(config: Config) -> None:
    with closing(Stores(lambda: connected(config))) as stores:
        server = _server(Tools(config, stores))
        async with stdio_server() as (reads, writes):
            await server.run(reads, writes, server.create_initialization_options())


async def _serve(config: Config, stores: Stores, bound: socket.socket) -> None:
    local = stays_here(config.mcp.host)
    app = _server(Tools(config, stores)).streamable_http_app(
        streamable_http_path=PATH,
        json_response=True,
        stateless_http=True,  # nothing is kept between two calls
        max_request_body_size=MOST_BYTES,
        host="127.0.0.1" if local else config.mcp.host,  # on loopback only requests to a name of this machine
        transport_security=None if local else TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )
    settings = uvicorn.Config(
        Guarded(app, config.mcp.token),
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=2,
        limit_concurrency=64,
    )
    await uvicorn.Server(settings).serve(sockets=[bound])


class Guarded:
    """Lets requests through that bring the token, if there is one."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app, self._token = app, token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "http" and self._token and not self._known(scope):
            headers = {"WWW-Authenticate": "Bearer"}
            await JSONResponse({"error": UNKNOWN}, 401, headers)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _known(self, scope: Scope) -> bool:
        given = dict(scope["headers"]).get(b"authorization", b"")
        scheme, _, token = given.partition(b" ")
        return scheme.lower() == b"bearer" and hmac.compare_digest(token.strip(), self._token)


def _server(tools: Tools) -> Server[Any]:
    async def listed(_: Any, __: Any) -> ListToolsResult:
        return ListToolsResult(tools=tools.listed())

    async def called(_: Any, asked: CallToolRequestParams) -> CallToolResult:
        return await tools.call(asked.name, asked.arguments or {})

    return Server(
        "servicemap",
        version=__version__,
        instructions=INSTRUCTIONS,
        on_list_tools=listed,
        on_call_tool=called,
    )
