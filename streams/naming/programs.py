"""Name the program of a process by its script, module, jar, guest or title, or else by its executable."""

import re
from collections.abc import Sequence

from schemas.workers import is_worker
from streams.naming import apps
from streams.naming.called import Called, Command
from streams.naming.interpreters import Interpreter, interpreter, plain
from streams.naming.java import MACHINES, java
from streams.naming.launchers import launcher
from streams.naming.options import Found, Kind, operands, read
from streams.naming.paths import generic, named, project, stem
from streams.naming.titles import title
from streams.naming.words import fit, versionless

_DEEPEST = 5  # commands within commands: ld-linux.so python3 -m debugpy …
_EXECUTABLE, _COMM, _TITLE, _SCRIPT = "executable", "kernel's name", "title", "script"


def program(comm: str, exe: str, cmdline: Sequence[str], cwd: str = "", lead: Sequence[str] = ()) -> Called:
    """Return the name of a process's program.

    A program may rewrite its arguments ("postgres: writer", "nginx: worker process") or be a link to another
    executable (redis-server), and its main thread may rename itself (node). So these facts are weighed. `lead` is the
    command line of the process that started a worker without a name of its own.
    """
    argv = tuple(cmdline)
    if lead and is_worker(argv):
        of = _program(Command(tuple(lead), exe=exe, cwd=cwd), 0)
        return Called(of.name, "parent", of.evidence)
    return _program(Command(argv, comm, exe, cwd), 0)


def _program(command: Command, depth: int) -> Called:
    base, own = command.base, command.own
    kind = own if own and _special(own) else base if _special(base) else ""
    if depth > _DEEPEST or not command.argv or not kind:
        return _native(command)
    if unwrap := launcher(kind):
        answer = unwrap(command)
        if isinstance(answer, Command):
            return _program(answer, depth + 1)
        return answer or _plain(command, kind)
    if MACHINES.fullmatch(kind):
        return java(command.argv, command.cwd) or _titled(command, kind) or _plain(command, kind)
    language = interpreter(kind)
    return _interpreted(command, language, kind, depth) if language else _native(command)


def _special(name: str) -> bool:
    """Return whether a program of this name only runs another one."""
    return bool(name) and bool(launcher(name) or MACHINES.fullmatch(name) or interpreter(name))


def _native(command: Command) -> Called:
    """Name a program by its executable, or by the first argument where the kernel's facts agree."""
    base, own = command.base, command.own
    if own and own != base and not fit(own):  # 10.0.0.1:80 of a title
        own = ""
    name = own or base or command.comm or (command.argv[0] if command.argv else "")
    path = command.exe.removesuffix(" (deleted)") if name == base else command.argv[0] if own else ""
    rule, evidence = (_EXECUTABLE, path) if path else (_COMM, command.comm)
    if own and own != command.argv[0].lstrip("-").rpartition("/")[2]:
        rule, evidence = _TITLE, command.argv[0]
    bare = _unwrapped(versionless(name))
    if not generic(bare) or not path:
        return Called(bare, rule, evidence)
    found = named(path.split(" ")[0] if rule == _TITLE else path, command.cwd)
    folder = project(command.cwd) if "/" not in found and "/go-build" in path else ""
    return Called(f"{folder}/{bare}" if folder else found if "/" in found else bare, rule, evidence)


def _unwrapped(name: str) -> str:
    """Return the name that a packager hid: .payd-wrapped is payd (nixpkgs), php-fpm8.2 is php-fpm."""
    if name.startswith(".") and name.endswith("-wrapped"):
        return name[1:-8]
    return re.sub(r"^(php-fpm|php-cgi|postgres|uwsgi)-?[\d.]+$", r"\1", name)


def _interpreted(command: Command, language: Interpreter, kind: str, depth: int) -> Called:
    first = command.argv[0]
    words = first.split()
    whole = first.rpartition("/")[2]
    if not language.names.fullmatch(whole.lstrip("-")):
        at_front = words[0].rpartition("/")[2] if words else ""
        if len(words) > 1 and language.names.fullmatch(at_front):  # node writes its command line as its title
            command = command._replace(argv=(*words, *(word for word in command.argv[1:] if word)))
        elif titled := _titled(command, kind):
            return titled
    found = read(language.grammar, command.argv)
    if found.kind is Kind.MODULE and found.value:
        if is_worker(command.argv):
            return _plain(command, kind)
        return _run(apps.module(found.value, command.cwd), found, command, depth, "module")
    if found.kind is Kind.SCRIPT and found.value:
        path = found.value
        if "://" in path and kind not in {"deno", "bun"}:
            return _plain(command, kind)
        if re.match(r"(?:npm|jsr|https?|node):", path):
            path = re.sub(r"@[\d.^~]*$", "", path.partition("?")[0].removeprefix("npm:").removeprefix("jsr:"))
        return _run(stem(path), found._replace(value=path), command, depth, _SCRIPT)
    return _plain(command, kind)


def _run(name: str, found: Found, command: Command, depth: int, rule: str) -> Called:
    """Name the code that an interpreter runs, or the program that this code runs."""
    rest = command.argv[found.rest :]
    cwd = command.cwd
    if name in apps.THROUGH and (inner := apps.inner_script(rest)):
        return Called(named(inner, cwd), rule, inner)
    if name in apps.STARTERS and (at := apps.started(rest)) is not None:
        return _started(command.started(found.rest + at), depth)
    if name in apps.SERVERS:
        served = apps.served(name, operands(rest, 0), cwd)
        return Called(
            served, "application" if "/" in served else rule, " ".join(rest) if "/" in served else found.value
        )
    if name in apps.COMMANDS:
        return Called(apps.command_of(name, found.value, cwd), rule, found.value)
    called = name if rule == "module" else named(found.value, cwd)
    return Called(called, rule, found.value) if fit(called) else _plain(command, command.base or command.own)


def _started(command: Command, depth: int) -> Called:
    """Name a command in another program's arguments. It is a script unless it is an interpreter."""
    name = stem(command.argv[0])
    if depth > _DEEPEST or _special(name):
        return _program(command, depth + 1)
    return _run(name, Found(Kind.SCRIPT, command.argv[0], 1), command, depth + 1, _SCRIPT)


def _titled(command: Command, kind: str) -> Called | None:
    """Return the name in a title that a program wrote over its arguments; None where there is no title."""
    first = command.argv[0].lstrip("-")
    rewritten = re.search(r"[\s:]", first) or (command.own and not _special(command.own))
    name = title(first) if rewritten and first.rpartition("/")[2] != command.base else ""
    folder = project(command.cwd) if generic(name) else ""
    name = f"{folder}/{name}" if folder else name
    return Called(name, _TITLE, command.argv[0]) if name and not _special(name) else None


def _plain(command: Command, kind: str) -> Called:
    """Name an interpreter by itself."""
    own = command.own
    whole = command.argv[0].lstrip("-").rpartition("/")[2] if command.argv else ""
    language = interpreter(kind)
    alike = language is not None and language.names.fullmatch(whole)
    name = own if own and _special(own) else whole if alike else kind
    return Called(plain(name) if interpreter(name) else name, "interpreter", command.exe or command.argv[0])
