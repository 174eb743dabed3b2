"""Every protocol: those whose requests are counted have a parser; others are known by their first bytes."""

from collections.abc import Callable
from typing import NamedTuple

from collectors.protocols import first_bytes
from collectors.protocols.first_bytes import ssh
from collectors.protocols.memcached import Memcached
from collectors.protocols.mysql import MySQL
from collectors.protocols.parser import Parser
from collectors.protocols.postgresql import PostgreSQL
from collectors.protocols.redis import Redis

__all__ = ["HTTP", "SSH", "asked", "greeted", "plain", "ssh"]

HTTP, SSH = "http", "ssh"
PARSERS: tuple[type[Parser], ...] = (Redis, PostgreSQL, Memcached, MySQL)
Looks = Callable[[bytes, int], bool]


class Plain(NamedTuple):
    """A protocol that is only recognised."""

    name: str
    looks: Looks
    by_server: bool = False
    """The server sends what it is recognised by."""
    repeats: bool = False
    """Not only the first segment of a connection looks so."""


PLAIN: tuple[Plain, ...] = (
    Plain("grpc", first_bytes.grpc),
    Plain("http/2", first_bytes.http2),
    Plain("amqp", first_bytes.amqp),
    Plain("mongodb", first_bytes.mongodb, repeats=True),
    Plain("mongodb", first_bytes.mongodb_answers, by_server=True, repeats=True),
    Plain("kafka", first_bytes.kafka, repeats=True),
)


def asked(payload: bytes, size: int) -> type[Parser] | None:
    """Return the parser of a segment that begins with a request."""
    return next((parser for parser in PARSERS if parser.asks(payload, size)), None)


def greeted(payload: bytes, size: int) -> type[Parser] | None:
    """Return the parser of a segment that is a server's greeting."""
    return next((parser for parser in PARSERS if parser.greets(payload, size)), None)


def plain(payload: bytes, size: int) -> Plain | None:
    """Return the protocol that a segment is recognised by."""
    return next((one for one in PLAIN if one.looks(payload, size)), None)
