"""Which service a process belongs to: systemd unit, container, or program (for an interpreter: the script).

A pure function of the process's raw facts and the user's rules, so that a replay with other rules renames the past.
"""

import re
from collections.abc import Sequence
from posixpath import basename, splitext

from msgspec import Struct

from schemas.text import to_bytes

_INTERPRETER = re.compile(
    r"(python|pypy|ruby|perl|node|nodejs|bun|deno|php|php-fpm|lua|Rscript|bash|sh|dash|zsh)[\d.]*"
)
# Options that take a value, by interpreter family; what follows them is no script.
_WITH_VALUE = {"-W", "-X", "-r", "--require", "-I", "-e", "-c", "--loader", "--import", "-d"}
# A script of such a name says nothing; its folder does.
_GENERIC = {"main", "app", "server", "index", "run", "manage", "start", "__main__", "wsgi", "asgi", "cli"}
# Units that hold what a person started, not one thing: name the program instead.
_HOLDERS = re.compile(r"(user@\d+|session-.*|cron|crond|ssh|sshd|getty@.*|dbus|init|systemd-.*)\.(service|scope)")
_CMDLINE_SCAN = 64
COMM_BYTES = 15


class NamingRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Name a service by hand: every given pattern must match the whole of its fact."""

    service: str
    program: str = ".*"
    cmdline: str = ".*"
    unit: str = ".*"
    container: str = ".*"
    user: str = ".*"

    def matches(self, program: str, cmdline: Sequence[str], unit: str, container: str, user: str) -> bool:
        """Say whether a process with these facts is meant."""
        facts = (
            (self.program, program),
            (self.cmdline, " ".join(cmdline)),
            (self.unit, unit),
            (self.container, container),
            (self.user, user),
        )
        return all(re.fullmatch(pattern, fact, re.DOTALL) for pattern, fact in facts)


def program(comm: str, exe: str, cmdline: Sequence[str]) -> str:
    """Return a process's program: what a person would call it.

    A program may rewrite its arguments ("postgres: writer", "nginx: worker process") or be a link to another
    executable (redis-server), and its main thread may rename itself (node), so the three facts are weighed.
    """
    title = re.split(r"[\s:]", cmdline[0].lstrip("-"), maxsplit=1)[0] if cmdline else ""
    called = basename(title)
    base = basename(exe.removesuffix(" (deleted)"))
    own = _cut(called) == to_bytes(comm) or called == base or not base
    name = called if called and own else base or comm or called
    if name == "java":
        return _jar(cmdline) or name
    return (_INTERPRETER.fullmatch(name) and _script(cmdline)) or name


def _cut(name: str) -> bytes:
    """Return what the kernel keeps of a name, which may end within a letter."""
    return to_bytes(name)[:COMM_BYTES]


def service(
    rules: Sequence[NamingRule], name: str, cmdline: Sequence[str], unit: str, container: str, user: str
) -> str:
    """Return a process's service: the first rule that matches, its systemd unit, its container, or its program."""
    for rule in rules:
        if rule.matches(name, cmdline, unit, container, user):
            return rule.service
    if unit and not _HOLDERS.fullmatch(unit):
        return unit.removesuffix(".service").removesuffix(".scope")
    return name


def _script(cmdline: Sequence[str]) -> str:
    """Return the script or module an interpreter runs, "" for an interactive one or a one-liner."""
    skip = False
    for at, word in enumerate(cmdline[1:_CMDLINE_SCAN], start=1):
        if skip:
            skip = False
        elif word == "-m" and at + 1 < len(cmdline):
            return cmdline[at + 1]
        elif word in {"-c", "-e"}:
            return ""
        elif word in _WITH_VALUE:
            skip = True
        elif not word.startswith("-"):
            return _named(word)
    return ""


def _jar(cmdline: Sequence[str]) -> str:
    """Return the jar or main class that a Java machine runs."""
    skip = False
    for at, word in enumerate(cmdline[1:], start=1):
        if skip:
            skip = False
        elif word == "-jar" and at + 1 < len(cmdline):
            return _named(cmdline[at + 1])
        elif word in {"-cp", "-classpath", "--class-path", "-p", "--module-path", "--add-modules"}:
            skip = True
        elif not word.startswith("-"):
            return word.rpartition(".")[2]
    return ""


def _named(path: str) -> str:
    stem, extension = splitext(basename(path))
    name = (
        stem
        if extension in {".py", ".js", ".mjs", ".cjs", ".ts", ".rb", ".pl", ".php", ".sh", ".jar"}
        else basename(path)
    )
    folder = basename(path.rpartition("/")[0])
    return f"{folder}/{name}" if name in _GENERIC and folder not in {"", ".", ".."} else name
