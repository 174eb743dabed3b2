"""What a request to the HTTP interface asks, for whom, and whether a browser was tricked into it."""

import base64
import ipaddress
import socket
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from urllib.parse import urlsplit

from sinks.embedded.native import REVISION

_NOT_SETTINGS = {
    *("query", "database", "default_format", "user", "password", "query_id", "quota_key", "role"),
    *("session_id", "session_timeout", "session_check", "compress", "decompress", "buffer_size"),
    *("client_protocol_version", "enable_http_compression", "wait_end_of_query"),
    *("http_headers_progress_interval_ms", "send_progress_in_http_headers"),
    *("cancel_http_readonly_queries_on_client_close", "add_http_cors_header"),
}


@dataclass(frozen=True)
class Request:
    """A statement and how it was asked for."""

    values: dict[str, str]
    settings: dict[str, str]
    parameters: dict[str, str]
    form: str
    query_id: str

    @property
    def revision(self) -> int:
        """The revision whose blocks a client reads as Native; what it sends is plain (0), always."""
        return min(int(self.values.get("client_protocol_version", 0)), REVISION)


def request_of(values: dict[str, str], headers: Message) -> Request:
    """Sort the URL's values; `headers` may name the format."""
    form = headers.get("X-ClickHouse-Format") or values.get("default_format")
    return Request(
        values=values,
        settings={
            name: value for name, value in values.items() if name not in _NOT_SETTINGS and not name.startswith("param_")
        },
        parameters={name[6:]: value for name, value in values.items() if name.startswith("param_")},
        form=form or "TabSeparated",
        query_id=values.get("query_id") or str(uuid.uuid4()),
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


def stranger(headers: Message) -> str | None:
    """Why a browser must not have sent this, if so.

    A page of some site can post to a loopback port, and with DNS rebinding even read from it:
    its own name is then in Host, and its origin in Origin.
    """
    host = urlsplit(f"//{headers.get('Host', '')}").hostname or "localhost"
    if not _is_own_name(host):
        return f"This store does not answer to the name {host}: use 127.0.0.1 or localhost."
    origin = headers.get("Origin")
    if origin and urlsplit(origin).netloc != headers.get("Host"):
        return "This store answers no requests from pages of other sites."
    if headers.get("Sec-Fetch-Site") == "cross-site":
        return "This store answers no requests from pages of other sites."
    return None


def _is_own_name(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost") or host == socket.gethostname():
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
