"""A process of one host, and what its facts make of it."""

from typing import Any

from msgspec import Struct

Holder = tuple[int, int]  # pid, start


class Process(Struct, eq=False):
    """A process and what its facts make of it."""

    node: str
    pid: int
    started: int
    parent: int
    name: str
    service: str
    container: str
    facts: dict[str, Any]
