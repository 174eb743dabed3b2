"""Hosts that settings of a service name: redis in REDIS_HOST=redis, db:5432 in postgres://user@db:5432/shop."""

import re
from collections.abc import Container, Iterable, Iterator
from typing import NamedTuple

_URL = re.compile(r"://(?:[^@/\s]{0,200}@)?([^/\s?#\"'()]+)")
_HOST = re.compile(r"([A-Za-z0-9][\w.-]*)(?::(\d{1,5}))?")
_ASKS = re.compile(
    r"(?:^|_)(?:HOST(?:NAME|S)?|ADDR(?:ESS|ESSES)?|SERVERS?|SERVICE|URLS?|URI|ENDPOINTS?|BROKERS?|BOOTSTRAP|NODES?|PEERS?"
    r"|UPSTREAM|BACKEND|CONNECT|CLUSTER|TARGET|DSN)(?:_|\d|$)"
)
_OF_OTHERS = re.compile(r"ORIGIN|CORS|PUBLIC|EXTERNAL|CALLBACK|REDIRECT|ADVERTISED")  # addresses for others to use
_LONGEST = 4_096  # characters of a value


class Hint(NamedTuple):
    """Another service that a setting names, and its port; 0 if none is given."""

    host: str
    port: int


def hints(settings: Iterable[tuple[str, str]], known: Container[str]) -> Iterator[Hint]:
    """Yield the hosts among those known that settings name: in addresses of any form, and alone where one is asked for.

    A setting is a name and a value; an argument of a command has no name.
    """
    for name, value in settings:
        shouted = re.sub(r"[.-]", "_", name.upper())
        if _OF_OTHERS.search(shouted):
            continue
        for hint, sure in _hosts(value[:_LONGEST]):
            if hint.host in known and (sure or _ASKS.search(shouted)):
                yield hint


def _hosts(value: str) -> Iterator[tuple[Hint, bool]]:
    """Yield what may be hosts in a value, and whether it can hardly be anything else."""
    urls = _URL.findall(value)
    for url in urls:
        yield from ((hint, True) for hint in _listed(url))
    if not urls:
        for part in value.split():
            yield from ((hint, hint.port > 0) for hint in _listed(part.rpartition("=")[2]))


def _listed(text: str) -> Iterator[Hint]:
    """Yield the hosts of a list: kafka1:9092,kafka2:9092."""
    for part in re.split(r"[,;]", text):
        found = _HOST.fullmatch(part.rpartition("@")[2].partition("/")[0])
        if found and (port := int(found[2] or 0)) <= 65_535:
            yield Hint(found[1], port)
