"""Find the name in a path: the file without extension and version, with its folder if its name means nothing."""

import re
from posixpath import basename, join, normpath, splitext

from streams.naming.words import fit, versionless, words

_EXTENSIONS = words(
    ".py .pyc .pyw .pyz .js .mjs .cjs .jsx .ts .mts .cts .tsx .rb .ru .pl .pm .psgi .php .phar .sh .bash .zsh "
    ".ksh .fish .lua .r .jl .tcl .exp .exe .dll .jar .war .ear .java .kts .groovy .scala .clj .ex .exs .ps1 "
    ".awk .rkt .scm .lisp .wasm .appimage .csproj .fsproj .csx .fsx .fs .es6"
)
# Names that any program may have.
_GENERIC = words(
    "main app server index run manage start wsgi asgi cli application service daemon serve backend frontend "
    "client launcher launch entrypoint docker-entrypoint bootstrap boot init program artisan console script job "
    "bin exe out a.out bundle startup agent worker master www entry config quarkus-run root __init__ __main__ "
    "start-server run-server"
)
# Folders that hold programs of every kind.
_STRUCTURE = _GENERIC | words(
    "sbin .bin dist build target src lib libs lib32 lib64 libexec release releases debug current latest apps "
    "bin64 usr local opt srv home root tmp var www html public node_modules venv .venv env scripts cmd java "
    "quarkus-app publish code workspace work data mnt media share snap run dev shm site-packages dist-packages "
    "vendor store nix output classes resources package packages versions shared web-inf standalone .output "
    ".next .nuxt .cache node system software deploy deployments x86_64-linux-gnu aarch64-linux-gnu"
)
_TEMPORARY = re.compile(
    r"tmp.*|go-build\d*|b\d{3}|pytest-.*|_MEI\w+|\.mount_.*|net\d+\.\d+|.*-of-\w+|python[\d.]+|\d.*"
)
_SCRATCH = re.compile(r"(?:/tmp|/var/tmp|/private/tmp|/dev/shm)/([^/]+)")  # files there have made-up names
_STORE = re.compile(r"[0-9a-z]{32}-")  # /nix/store/HASH-name-1.2
_FOLDERS = 6


def stem(path: str) -> str:
    """Return the name of a file without extension and version; for a file in node_modules return its package."""
    if "node_modules/" in path:
        return basename(_package(path.rpartition("node_modules/")[2]))
    name = basename(path.rstrip("/"))
    before, extension = splitext(name)
    if before and extension.lower() in _EXTENSIONS:
        name = before
    return versionless(name)


def generic(name: str) -> bool:
    """Return whether a name is too general to identify a program."""
    return name.lower() in _GENERIC


def named(path: str, cwd: str = "") -> str:
    """Return the name that a path gives a program."""
    path = path if not (cwd + path).startswith("/") else normpath(join(cwd, path))
    if "/node_modules/" in f"/{path}":
        return _package(path.rpartition("node_modules/")[2])
    name = stem(path)
    extended = splitext(basename(path))[1].lower() in _EXTENSIONS  # a file, and not a folder that a program runs
    if not generic(name) and (extended or name.lower() not in _STRUCTURE):
        return name
    folder = project(path.rpartition("/")[0])
    if not folder:
        return name
    return f"{folder}/{name}" if generic(name) and not name.startswith("__") else folder


def project(folder: str) -> str:
    """Return the innermost of a path's folders that names its content; "" when none does."""
    parts = [] if "/go-build" in folder else folder.split("/")
    if parts[:2] == ["", "home"]:
        parts = parts[3:]  # the owner's name does not identify the program
    elif (scratch := _SCRATCH.match(folder)) and not scratch[1].replace("-", "").replace("_", "").isalpha():
        parts = parts[-folder[scratch.end() :].count("/") :] if scratch.end() < len(folder) else []
    for part in reversed(parts[-_FOLDERS:]):
        plain = versionless(_STORE.sub("", part))
        if plain.lower() in _STRUCTURE or _TEMPORARY.fullmatch(part) or part in {"", ".", ".."}:
            continue
        return plain if fit(plain) else ""
    return ""


def _package(inside: str) -> str:
    """Return the package of a path below node_modules."""
    parts = inside.split("/")
    if parts[0] == ".bin" and len(parts) > 1:
        return stem(parts[1])
    if parts[0].startswith("@") and len(parts) > 1:
        return f"{parts[0][1:]}/{parts[1]}" if generic(parts[1]) else parts[1]
    return parts[0]
