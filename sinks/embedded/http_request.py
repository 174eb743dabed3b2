"""What a request to the HTTP interface asks, for whom, and whether a browser was tricked into it."""

import base64
import ipaddress
import socket
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message

from sinks.embedded.engine import EngineError
from sinks.embedded.external import is_about
from sinks.embedded.http_sessions import MAX_SECONDS, SECONDS
from sinks.embedded.native import REVISION

_NOT_SETTINGS = {
    *("query", "database", "default_format", "user", "password", "query_id", "quota_key", "role"),
    *("session_id", "session_timeout", "session_check", "close_session", "compress", "decompress", "buffer_size"),
    *("client_protocol_version", "enable_http_compression", "wait_end_of_query", "http_response_buffer_size"),
    *("http_headers_progress_interval_ms", "send_progress_in_http_headers", "http_write_exception_in_output_format"),
    *("cancel_http_readonly_queries_on_client_close", "add_http_cors_header", "replace_running_query"),
}
_PROGRESS_MS = 100  # ClickHouse's http_headers_progress_interval_ms
_HOLD = 1 << 20  # bytes of a result that wait for its end, as in ClickHouse
_LONGEST_HOLD = 64 << 20


@dataclass(frozen=True)
class Request:
    """A statement's circumstances: the values of the URL and of a form, sorted."""

    values: dict[str, str]
    settings: dict[str, str]
    parameters: dict[str, str]
    database: str
    form: str
    query_id: str
    named: bool  # the client chose the id
    revision: int  # whose blocks it reads as Native; what it sends is plain (0), always
    hold: int  # bytes of a result that wait for its end, so that an error before it has a status
    progress_seconds: float  # between two lines in the head; 0: none are wanted
    session_seconds: int  # how long its session waits for the next request
    files: Mapping[str, bytes]

    def has(self, name: str) -> bool:
        """Return whether a value is switched on."""
        return on(self.values, name)


def on(values: Mapping[str, str], name: str) -> bool:
    """Return whether a value is there and switched on."""
    return values.get(name, "0").lower() in ("1", "true")


def number(values: Mapping[str, str], name: str, otherwise: int) -> int:
    """Return a whole number among values; raises EngineError when it is something else."""
    given = values.get(name) or str(otherwise)
    if not (given.isascii() and given.isdigit() and len(given) < 19):
        raise EngineError(72, f"DB::Exception: {name}: give a whole number. (CANNOT_PARSE_NUMBER)")
    return int(given)


def request_of(values: dict[str, str], headers: Message, files: Mapping[str, bytes]) -> Request:
    """Sort values; headers may name the format and the database, and come first, as in ClickHouse."""
    if role := values.get("role"):
        raise EngineError(511, f"DB::Exception: There is no role `{role}`: this store has none. (UNKNOWN_ROLE)")
    waits = on(values, "wait_end_of_query")
    hold = number(values, "http_response_buffer_size", number(values, "buffer_size", _HOLD))
    progress = number(values, "http_headers_progress_interval_ms", _PROGRESS_MS) / 1000
    seconds = number(values, "session_timeout", SECONDS)
    if seconds > MAX_SECONDS:
        raise EngineError(374, f"DB::Exception: session_timeout is at most {MAX_SECONDS}. (INVALID_SESSION_TIMEOUT)")
    about_query = {
        name: value
        for name, value in values.items()
        if name not in _NOT_SETTINGS and not name.startswith("param_") and not is_about(name, files)
    }
    return Request(
        values=values,
        settings=about_query,
        parameters={name[6:]: value for name, value in values.items() if name.startswith("param_")},
        database=headers.get("X-ClickHouse-Database") or values.get("database", ""),
        form=headers.get("X-ClickHouse-Format") or values.get("default_format") or "TabSeparated",
        query_id=values.get("query_id") or str(uuid.uuid4()),
        named=bool(values.get("query_id")),
        revision=min(number(values, "client_protocol_version", 0), REVISION),
        hold=_LONGEST_HOLD if waits else min(hold, _LONGEST_HOLD),
        progress_seconds=max(progress, 0.01) if on(values, "send_progress_in_http_headers") else 0.0,
        session_seconds=0 if on(values, "close_session") else seconds,
        files=files,
    )


def credentials(values: Mapping[str, str], headers: Message) -> tuple[str, str]:
    """Name and password: of ClickHouse's headers, of Basic authentication, or of the URL."""
    name = headers.get("X-ClickHouse-User")
    if name is not None:
        return name, headers.get("X-ClickHouse-Key", "")
    scheme, _, given = headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        with suppress(ValueError):  # binascii.Error, and what is not ASCII
            name, _, password = base64.b64decode(given).decode("utf-8", "replace").partition(":")
            return name, password
    return values.get("user", ""), values.get("password", "")


def stranger(headers: Message, any_name: bool = False) -> str | None:
    """Why a browser must not have sent this, if so. `any_name`: what is asked needs a password, which no page knows.

    A page of some site can post to a loopback port, and with DNS rebinding even read from it:
    its own name is then in Host, and its origin in Origin.
    """
    host = _name(headers.get("Host", "")) or "localhost"
    if not any_name and not _is_own_name(host):
        return f"This store does not answer to the name {host}: use 127.0.0.1 or localhost."
    origin = headers.get("Origin")
    if origin and origin.partition("://")[2] != headers.get("Host"):
        return "This store answers no requests from pages of other sites."
    if headers.get("Sec-Fetch-Site") == "cross-site":
        return "This store answers no requests from pages of other sites."
    return None


def _name(host: str) -> str:
    """Return a Host header without its port: bytes of a stranger's, of which no parser should make more."""
    name = host.partition("]")[0].removeprefix("[") if host.startswith("[") else host.partition(":")[0]
    return name.strip().lower()


def _is_own_name(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost") or host == socket.gethostname():
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
