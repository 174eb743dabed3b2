"""Every protocol: those whose requests are counted have a parser; others are known by their first bytes."""

from collections.abc import Callable
from typing import NamedTuple

from collectors.protocols import first_bytes
from collectors.protocols.first_bytes import ssh
from collectors.protocols.grpc import Grpc
from collectors.protocols.memcached import Memcached
from collectors.protocols.mysql import MySQL
from collectors.protocols.parser import Parser
from collectors.protocols.postgresql import PostgreSQL
from collectors.protocols.redis import Redis

__all__ = ["ASKED", "HTTP", "HTTP2", "PLAIN", "SSH", "asked", "greeted", "plain", "ssh"]

HTTP, HTTP2, SSH = "http", "http/2", "ssh"
PARSERS: tuple[type[Parser], ...] = (Redis, PostgreSQL, Memcached, MySQL, Grpc)
Looks = Callable[[bytes, int], bool]
Answers = Callable[[bytes, int, bytes], bool]
ASKED = 12  # bytes of a request by which its answer is recognised


class Plain(NamedTuple):
    """A protocol that is only recognised, by a request and the answer to it."""

    name: str
    asks: Looks
    answers: Answers
    repeats: bool = False
    """Not only the first segment of a connection looks so."""


PLAIN: tuple[Plain, ...] = (
    Plain(HTTP2, first_bytes.http2, first_bytes.http2_answers),
    Plain("amqp", first_bytes.amqp, first_bytes.amqp_answers),
    Plain("mongodb", first_bytes.mongodb, first_bytes.mongodb_answers, repeats=True),
    Plain("kafka", first_bytes.kafka, first_bytes.kafka_answers, repeats=True),
)


def asked(payload: bytes, size: int) -> type[Parser] | None:
    """Return the parser of a segment that begins with a request."""
    return next((parser for parser in PARSERS if parser.asks(payload, size)), None)


def greeted(payload: bytes, size: int) -> type[Parser] | None:
    """Return the parser of a segment that is a server's greeting."""
    return next((parser for parser in PARSERS if parser.greets(payload, size)), None)


def plain(payload: bytes, size: int) -> Plain | None:
    """Return the protocol of a segment that is a client's request."""
    return next((one for one in PLAIN if one.asks(payload, size)), None)
