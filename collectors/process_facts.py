"""What a process is, read from /proc/PID once per process and after it executes another program (proc(5))."""

import re
from typing import NamedTuple

from collectors.container_files import Contained
from collectors.procfs import read_file
from collectors.redact import redact
from schemas.text import cut, to_text

_UID = re.compile(rb"[0-9]{1,10}")
# At the beginning of a line after "\n" alone: a program may call itself "\rUid: 0 0 0 0".
_EFFECTIVE = re.compile(rb"^Uid:\s+[0-9]+\s+([0-9]{1,10})\s", re.MULTILINE)
MOST_PASSWD = 4 << 20  # bytes
_BYTES_OF_CHARACTER = 4  # at most, in UTF-8
_WITHHELD = 1_024  # bytes before the end of what is cut before it is redacted: a secret without its end has no shape
_LONGEST = 128 << 10  # bytes that are read at least: a class path of some hundred jars stands before the main class
FIRST_READ = 4_096  # bytes; few command lines are longer
_SHARE = 256  # characters that every argument of a long command line has at least


class Facts(NamedTuple):
    """Facts beyond the stat file; "" and 0 where they may not be read."""

    uid: int
    exe: str
    cmdline: list[str]
    cgroup: str
    container: str
    unit: str
    netns: int
    cwd: str
    contained: Contained


def parse_uid(status: bytes) -> int:
    """Return the effective user id in /proc/PID/status; -1 when it is not there."""
    found = _EFFECTIVE.search(status)
    return int(found[1]) if found else -1


def cmdline_read(limit: int) -> int:
    """Return how many bytes of a command line to read, to show `limit` characters of it."""
    return max(limit * _BYTES_OF_CHARACTER, _LONGEST) + _WITHHELD


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
    arguments = shortened(text.split("\0"), 2 * limit + _WITHHELD, _WITHHELD)
    redacted = [to_text(argument.encode("utf-8", "surrogateescape")) for argument in redact(arguments)]
    return bounded(shortened(redacted, limit), limit)


def shortened(arguments: list[str], limit: int, withheld: int = 0) -> list[str]:
    """Cut the longest arguments, so that the ones behind them stay within a number of characters.

    A class path takes more than a whole command line may have; the main class behind it names the process.
    `withheld`: characters more that are cut off the end of what is cut.
    """
    left = limit
    lengths = sorted(map(len, arguments))
    if sum(lengths) + len(lengths) <= limit:
        return arguments
    for at, length in enumerate(lengths):
        sharing = len(lengths) - at
        share = max((left + 1) // sharing - len("…\0"), _SHARE + withheld)
        if length > share:
            if sharing == 1 and not withheld and length == len(arguments[-1]):
                return arguments  # nothing stands behind it
            return [cut(one, share - withheld) + "…" if len(one) > share else one for one in arguments]
        left -= length + 1
    return arguments


def bounded(arguments: list[str], limit: int) -> list[str]:
    """Cut a command line to a number of characters; an ellipsis shows where."""
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
