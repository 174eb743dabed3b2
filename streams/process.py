"""A process of one host, with the names that its facts give it."""

from typing import Any

from msgspec import Struct

Holder = tuple[int, int]  # pid, start


class Process(Struct, eq=False):
    """A process, with the names that its facts give it."""

    node: str
    pid: int
    started: int
    parent: int
    name: str
    service: str
    container: str
    facts: dict[str, Any]
    namespace: str = ""
    pod: str = ""
    container_name: str = ""
