"""Names that DNS answers and requests of HTTP gave addresses lately, in all network namespaces of a host.

They are shared: who connects in a container may be seen before its namespace is looked at, and its lookups pass others.
"""

from collections import OrderedDict
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import ip_address
from typing import NamedTuple, TypeVar

from schemas.raw import BY_DNS, BY_HTTP

MOST = 8_192  # addresses, those that were looked up last
MOST_NAMES = 4  # of one address, the latest
LEAST_S, LONGEST_S = 300, 86_400  # for how long a name is used: clients keep some for longer than they should
_NS = 1_000_000_000
Value = TypeVar("Value")


class Answer(NamedTuple):
    """When a name was given to an address, until when it may be used (ns since the epoch), and how it is known."""

    asked: int
    until: int
    provenance: str


class NameCache:
    """Names by address. They are aliases: nothing here says who is at an address."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._names: OrderedDict[str, dict[str, Answer]] = OrderedDict()

    def learn(self, name: str, address: str, asked: int, seconds: int) -> None:
        """Take an address that an answer gave for a name, at `asked`, ns since the epoch."""
        self._put(name, address, Answer(asked, asked + min(max(seconds, LEAST_S), LONGEST_S) * _NS, BY_DNS))

    def learn_host(self, name: str, address: str, asked: int) -> None:
        """Take the name by which a client asks a server for something. It counts only where DNS has shown none."""
        if not any(one.provenance == BY_DNS for one in self.of(address, asked).values()):
            self._put(name, address, Answer(asked, asked + LEAST_S * _NS, BY_HTTP))

    def of(self, address: str, now: int) -> Mapping[str, Answer]:
        """Return the names of an address that may be used now, with their answers; the latest last."""
        known = self._names.get(address, {})
        return {name: one for name, one in known.items() if now < one.until}

    def _put(self, name: str, address: str, answer: Answer) -> None:
        if not name or not _is_elsewhere(address):
            return
        names = self._names.setdefault(address, {})
        self._names.move_to_end(address)
        put(names, name, answer)
        if len(self._names) > self._most:
            self._names.popitem(last=False)


def put(names: dict[str, Value], name: str, value: Value) -> None:
    """Put a name at the end, as the latest; of too many the first is dropped."""
    names.pop(name, None)
    names[name] = value
    if len(names) > MOST_NAMES:
        del names[next(iter(names))]


@lru_cache(MOST)  # 2 us
def _is_elsewhere(address: str) -> bool:
    """Return whether an address may be that of another host, and of one alone."""
    one = ip_address(address)
    return not (one.is_loopback or one.is_unspecified or one.is_multicast)
