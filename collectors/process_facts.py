"""What a process is, read from /proc/PID once per process and after it executes another program (proc(5))."""

import re
from pathlib import Path
from typing import NamedTuple

from collectors.cgroups import container_of, parse_cgroup, unit_of
from collectors.procfs import link, read_file
from collectors.redact import redact
from schemas.text import cut, to_text

_UID = re.compile(rb"[0-9]{1,10}")


class Facts(NamedTuple):
    """Facts beyond the stat file; "" and 0 where they may not be read."""

    uid: int
    exe: str
    cmdline: list[str]
    cgroup: str
    container: str
    unit: str
    netns: int


class FactsReader:
    """Reads facts. `cmdline_bytes` bounds a command line, before and after redaction."""

    def __init__(self, proc: str, cmdline_bytes: int) -> None:
        self._proc = proc
        self._cmdline_bytes = cmdline_bytes
        self.denied = False
        """Whether the executable or namespace of a process could not be read."""

    def read(self, pid: int) -> Facts | None:
        """Return the facts; None when the process is gone."""
        folder = f"{self._proc}/{pid}"
        status = read_file(f"{folder}/status")
        cgroup = read_file(f"{folder}/cgroup")
        if status is None:
            return None
        path = parse_cgroup(cgroup or b"")
        return Facts(
            uid=parse_uid(status),
            exe=to_text(self._link(f"{folder}/exe")),
            cmdline=parse_cmdline(read_file(f"{folder}/cmdline", self._cmdline_bytes * 4) or b"", self._cmdline_bytes),
            cgroup=path,
            container=container_of(path),
            unit=unit_of(path),
            netns=self.netns(pid),
        )

    def netns(self, pid: int) -> int:
        """Return the inode of a process's network namespace; 0 when unknown."""
        target = self._link(f"{self._proc}/{pid}/ns/net")  # net:[4026531840]
        return int(target[5:-1]) if target else 0

    def _link(self, path: str) -> bytes:
        try:
            return link(path)
        except PermissionError:
            self.denied = True
        except OSError:
            pass
        return b""


def parse_uid(status: bytes) -> int:
    """Return the effective user id in /proc/PID/status; -1 when it is not there."""
    for line in status.split(b"\n"):  # and no other: a program may call itself "\rUid: 0 0 0 0"
        if line.startswith(b"Uid:"):
            return int(line.split()[2])
    return -1


def parse_cmdline(raw: bytes, limit: int) -> list[str]:
    """Return the arguments, secrets replaced, at most `limit` characters.

    A program that writes its own title leaves one string, which is taken apart at its spaces for redaction only.
    Secrets are looked for in the arguments as they are; what is no printable text in them is escaped afterwards.
    """
    text = raw.rstrip(b"\0").decode("utf-8", "surrogateescape")
    if not text:
        return []
    arguments = text.split("\0")
    title = len(arguments) == 1 and " " in text
    redacted = [" ".join(redact(text.split(" ")))] if title else redact(arguments)
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
        self._passwd = Path(passwd)
        self._names: dict[int, str] = {}

    def reload(self) -> None:
        """Read the file again."""
        try:
            self._names = parse_passwd(self._passwd.read_bytes())
        except OSError:
            self._names = {}

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
