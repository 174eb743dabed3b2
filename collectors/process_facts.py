"""What a process is, read from /proc/PID once per process and after it executes another program (proc(5))."""

import re
from typing import NamedTuple

from collectors.procfs import read_file
from collectors.redact import redact
from schemas.text import cut, to_text

_UID = re.compile(rb"[0-9]{1,10}")
MOST_PASSWD = 4 << 20  # bytes
_BYTES_OF_CHARACTER = 4  # at most, in UTF-8
_WITHHELD = 1_024  # bytes before the end of a read that cuts a command line: a secret without its end has no shape


class Facts(NamedTuple):
    """Facts beyond the stat file; "" and 0 where they may not be read."""

    uid: int
    exe: str
    cmdline: list[str]
    cgroup: str
    container: str
    unit: str
    netns: int


def parse_uid(status: bytes) -> int:
    """Return the effective user id in /proc/PID/status; -1 when it is not there."""
    for line in status.split(b"\n"):  # and no other: a program may call itself "\rUid: 0 0 0 0"
        if line.startswith(b"Uid:"):
            return int(line.split()[2])
    return -1


def cmdline_read(limit: int) -> int:
    """Return how many bytes of a command line to read, to show `limit` characters of it."""
    return limit * _BYTES_OF_CHARACTER + _WITHHELD


def parse_cmdline(raw: bytes, limit: int) -> list[str]:
    """Return the arguments, secrets replaced, at most `limit` characters.

    Secrets are looked for in the arguments as they are; what is no printable text in them is escaped afterwards.
    `raw` is what a read of `cmdline_read` bytes returned.
    """
    if len(raw) >= cmdline_read(limit):
        raw = raw[: max(len(raw) - _WITHHELD, raw.rfind(b"\0"))]
    text = raw.rstrip(b"\0").decode("utf-8", "surrogateescape")
    if not text:
        return []
    redacted = redact(text.split("\0"))
    return bounded([to_text(argument.encode("utf-8", "surrogateescape")) for argument in redacted], limit)


def bounded(arguments: list[str], limit: int) -> list[str]:
    """Cut a command line to a number of characters; an ellipsis says where."""
    kept: list[str] = []
    for argument in arguments:
        if len(argument) > limit:
            return [*kept, cut(argument, limit) + "…"]
        kept.append(argument)
        limit -= len(argument) + 1
    return kept


class Users:
    """Names of users, from /etc/passwd alone: name services may ask the network, which discovery must not."""

    def __init__(self, passwd: str = "/etc/passwd") -> None:
        self._passwd = passwd
        self._names: dict[int, str] = {}

    def reload(self) -> None:
        """Read the file again."""
        self._names = parse_passwd(read_file(self._passwd, MOST_PASSWD) or b"")

    def name(self, uid: int) -> str:
        """Return a user's name; "" when unknown."""
        return self._names.get(uid, "")


def parse_passwd(raw: bytes) -> dict[int, str]:
    """Return uid -> name; the first entry of a uid counts (passwd(5))."""
    names: dict[int, str] = {}
    for line in raw.split(b"\n"):
        fields = line.split(b":")
        if len(fields) >= 3 and _UID.fullmatch(fields[2]):
            names.setdefault(int(fields[2]), to_text(fields[0]))
    return names
