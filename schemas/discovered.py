"""What a program of the operator's prints: facts of nodes, as JSON objects one a line, or as one array of them.

{"name": "os.release", "value": "Debian GNU/Linux 12"}                                        of the host
{"node": {"port": 443}, "name": "tls.not_after", "value": "2027-01-01T00:00:00Z"}   of who listens there
{"node": {"pid": 812}, "name": "package", "value": "nginx 1.22.1"}                           of a process
{"node": {"service": "shop"}, "name": "owner", "value": "team blue"}                  of a service on the host
"""

from collections.abc import Iterator
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta, Struct

from schemas.text import cut, shown

MOST = 1_000  # facts that are read of one output
LONGEST = 1_000  # characters of a value, digits of a number
MOST_OF_ERROR = 200  # characters: an error repeats the names of fields, which may be of any length
_END = r"$(?!\n)"

_Name = Annotated[str, Meta(max_length=100, pattern=rf"^[A-Za-z0-9][A-Za-z0-9_.:+/@-]*{_END}")]
_Text = Annotated[str, Meta(min_length=1, max_length=LONGEST)]


class Of(Struct, frozen=True, forbid_unknown_fields=True):
    """The node that a fact is of; without any of these the host. One that is empty or 0 is a mistake, not the host."""

    port: Annotated[int, Meta(ge=1, le=65_535, description="TCP or else UDP port of the host's own namespace")] = 0
    pid: Annotated[int, Meta(ge=1, le=2**22)] = 0
    service: Annotated[
        str, Meta(min_length=1, max_length=200, description="a service, as far as it runs on this host")
    ] = ""

    def __post_init__(self) -> None:
        if sum(map(bool, (self.port, self.pid, self.service))) > 1:
            raise ValueError("a node has a port, a pid or a service, and only one of them")


class Printed(Struct, frozen=True, forbid_unknown_fields=True):
    """A fact as it is printed."""

    name: _Name
    value: _Text | int | float | bool
    node: Of = Of()

    def __post_init__(self) -> None:
        if isinstance(self.value, int) and abs(self.value) >= 10**LONGEST:
            raise ValueError(f"a number has at most {LONGEST} digits")

    @property
    def text(self) -> str:
        """Return the value as one line of text."""
        return shown(self.value) if isinstance(self.value, str) else msgspec.json.encode(self.value).decode()


class Output(NamedTuple):
    """The facts of an output, what is wrong with each other item, and whether there were more than MOST items."""

    facts: list[Printed]
    refused: list[str]
    more: bool


_DECODER = msgspec.json.Decoder(Printed)
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_NOT_ONE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, OverflowError)


def parse_output(raw: bytes) -> Output:
    """Read the output of a program. What cannot be used costs itself alone."""
    output = Output([], [], more=False)
    for number, item in enumerate(_items(raw), start=1):
        if number > MOST:
            return output._replace(more=True)
        try:
            output.facts.append(_DECODER.decode(item))
        except _NOT_ONE as error:
            output.refused.append(f"item {number}: {cut(shown(str(error)[:MOST_OF_ERROR]), MOST_OF_ERROR)}")
    return output


def _items(raw: bytes) -> Iterator[bytes | msgspec.Raw]:
    if raw.lstrip().startswith(b"["):
        try:
            yield from _ARRAY.decode(raw)
        except _NOT_ONE:
            yield raw  # one item that is refused
        return
    start = 0
    while start < len(raw):  # not split at once: an output may be a hundred thousand empty lines
        end = raw.find(b"\n", start)
        end = len(raw) if end < 0 else end
        if line := raw[start:end].strip():
            yield line
        start = end + 1
