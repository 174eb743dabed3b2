"""Access to the view, and the headers that limit what a browser does with its answers.

Without a token, on loopback, every local program may read. Only requests to a name of this machine are answered:
another site could make its own name point here (DNS rebinding). With a token, every request needs it.
"""

import hashlib
import hmac
import logging
from html import escape
from urllib.parse import urlencode

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from answers.faults import BadRequest, NothingStored, NotThere
from schemas.loopback import is_loopback
from sinks.store import StoreError
from view.answers import Busy
from view.overlays import Unwritable, bearer

log = logging.getLogger(__name__)

_TOO_LONG = {159, 160}  # TIMEOUT_EXCEEDED, TOO_SLOW: it would have taken too long
COOKIE = "servicemap-view"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
UNNAMED = "this name is not allowed: open the view at the address that servicemap printed"
UNKNOWN = "a token is needed: open the address with ?token=… or send Authorization: Bearer …"
FOREIGN = "requests from other sites are not allowed"


class Guard:
    """Admits requests, and turns failures into answers. Who has the token for writing may read as well."""

    def __init__(self, token: str, write_token: str = "") -> None:
        self._token = token.encode()
        self._bearers = [self._token, *([write_token.encode()] if write_token else ())]
        self._cookie = hmac.new(self._token, COOKIE.encode(), hashlib.sha256).hexdigest()  # does not reveal the token

    def middleware(self) -> Middleware:
        """Return the middleware before every handler."""

        @web.middleware
        async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
            refused = self._refused(request)
            if refused is not None:
                return refused
            if self._token and request.path == "/" and "token" in request.query:
                return self._welcome(request)
            return await _answered(request, handler)

        return guarded

    def _refused(self, request: web.Request) -> web.Response | None:
        if request.headers.get("Sec-Fetch-Site") in {"cross-site", "same-site"} and request.path.startswith("/api/"):
            return error_response(403, FOREIGN)
        if not self._token:
            return None if is_loopback(_name(request.host)) else error_response(403, UNNAMED)
        return None if self._known(request) else error_response(401, UNKNOWN)

    def _known(self, request: web.Request) -> bool:
        given = bearer(request)
        if request.path == "/" and not given:
            given = request.query.get("token", "")
        if any(hmac.compare_digest(given.encode("utf-8", "surrogateescape"), known) for known in self._bearers):
            return True
        cookie = request.cookies.get(COOKIE, "")
        return hmac.compare_digest(cookie.encode("utf-8", "surrogateescape"), self._cookie.encode())

    def _welcome(self, request: web.Request) -> web.Response:
        """Move the token from the address into a cookie.

        This is a page and not a redirect: after a link on another site, a redirect would come without a strict cookie.
        """
        rest = urlencode([pair for pair in request.query.items() if pair[0] != "token"])
        target = escape(f"{request.path}?{rest}" if rest else request.path)
        page = f'<!doctype html><title>servicemap</title><meta http-equiv="refresh" content="0;url={target}">'
        response = web.Response(text=page, content_type="text/html", headers={"Cache-Control": "no-store"})
        response.set_cookie(
            COOKIE, self._cookie, path="/", httponly=True, samesite="Strict", secure=request.secure or None
        )
        return response


def error_response(status: int, sentence: str) -> web.Response:
    """Return an error as JSON."""
    body = msgspec.json.encode({"error": sentence})
    headers = {"Cache-Control": "no-store"}
    return web.Response(status=status, body=body, content_type="application/json", headers=headers)


async def with_headers(_: web.Request, response: web.StreamResponse) -> None:
    """Add the headers to an answer."""
    response.headers.update(HEADERS)
    response.headers.pop("Server", None)


def _once(request: web.Request) -> None:
    """Refuse a parameter that is given twice: one of the two would be ignored."""
    if twice := sorted({name for name in request.query if len(request.query.getall(name)) > 1}):
        raise BadRequest(f"{twice[0]}: give this parameter once")


async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        _once(request)
        return await handler(request)
    except BadRequest as error:
        return error_response(400, str(error))
    except Busy as error:
        response = error_response(503, str(error))
        response.headers["Retry-After"] = "2"
        return response
    except NotThere as error:
        return error_response(404, str(error))
    except web.HTTPMethodNotAllowed as error:
        methods = ", ".join(sorted(error.allowed_methods - {"HEAD"}))
        response = error_response(405, f"use {methods}" if methods != "GET" else "this only reads: use GET")
        response.headers["Allow"] = error.headers["Allow"]
        return response
    except web.HTTPException as error:
        lists = ": /api/openapi.json lists what there is" if request.path.startswith("/api") else ""
        nothing = f"there is no {request.path} here{lists}"
        return error_response(error.status, nothing if error.status == 404 else error.reason)
    except (Unwritable, NothingStored) as error:
        return error_response(503, str(error))
    except StoreError as error:
        status = 504 if error.code in _TOO_LONG else 503 if error.code == 0 else 500
        return error_response(status, str(error))
    except Exception:
        log.exception("could not answer %s", request.path)
        return error_response(500, "the view failed: its log has the reason")


def _name(host: str) -> str:
    """Return a Host header without its port."""
    return host.partition("]")[0] if host.startswith("[") else host.rpartition(":")[0] or host
