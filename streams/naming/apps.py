"""Programs that run another one that their arguments name: application servers, tracers, task runners."""

import re
from collections.abc import Sequence
from posixpath import splitext

from streams.naming.paths import generic, named, project
from streams.naming.words import fit, words

# They serve an application named module:attribute, and one host runs many.
SERVERS = frozenset({"gunicorn", "uvicorn", "hypercorn", "daphne", "granian", "waitress-serve", "waitress", "meinheld"})
# They run the script among their arguments.
THROUGH = words(
    "debugpy pdb cProfile profile coverage trace tsx ts-node ts-node-dev ts-node-esm babel-node nodemon "
    "node-dev pm2-runtime with-contenv kernprof memray scalene streamlit pyinstrument viztracer esrun swc-node "
    "vite-node"
)
# They start the command in their arguments: bundle exec puma.
STARTERS = words(
    "bundle bundler ddtrace-run opentelemetry-instrument newrelic-admin dotenv spring rbtrace appsignal-wrap "
    "elastic-apm-run honeycomb-instrument pipenv poetry uv"
)
_STARTS = frozenset({"exec", "run", "run-program", "--"})
# The command of a framework is in every project.
COMMANDS = frozenset({"manage", "artisan", "rails", "rake", "console"})
_SPEC = re.compile(r"([A-Za-z_]\w*(?:\.\w+)*):[A-Za-z_][\w.]*(?:\(.*\))?")
_MODULE = re.compile(r"([A-Za-z_]\w*(?:\.\w+)*)\.(?:wsgi|asgi|app|main|application|server)")
_SCRIPTS = {".py", ".js", ".ts", ".mjs", ".cjs", ".mts", ".rb", ".tsx", ".jsx"}
_INFRA = words("src wsgi asgi main app server application api config core run __main__")


def application(spec: str) -> str:
    """Return the application of module:attribute, shop of shop.wsgi:app; "" when it has no name of its own."""
    match = _SPEC.fullmatch(spec) or _MODULE.fullmatch(spec)
    module = match[1] if match else spec
    if not re.fullmatch(r"[A-Za-z_][\w.-]*", module):
        return ""
    parts = [part for part in module.split(".") if part and part not in _INFRA]
    return parts[-1] if parts and fit(parts[-1]) else ""


def served(server: str, arguments: Sequence[str], cwd: str) -> str:
    """Return an application server's name with its application, which its arguments or its folder name."""
    specs = [word for word in arguments if _SPEC.fullmatch(word) or _MODULE.fullmatch(word)]
    if not specs:
        return server
    app = application(specs[0]) or project(cwd)
    return f"{server}/{app}" if app else server


def inner_script(arguments: Sequence[str]) -> str:
    """Return the script among the arguments of a program that runs one; "" when there is none."""
    scripts = (word for word in arguments if splitext(word)[1] in _SCRIPTS and word[0] != "-")
    return next((word for word in scripts if not word.endswith(".config.js")), "")


def started(arguments: Sequence[str]) -> int | None:
    """Return the position of the command that a starter starts; None if it starts none."""
    for at, word in enumerate(arguments):
        if word in _STARTS:
            continue
        return at if fit(word) or word.startswith("/") else None
    return None


def module(name: str, cwd: str) -> str:
    """Return the name of a module that an interpreter runs: http.server, and pkg of pkg.__main__."""
    name = name.removesuffix(".__main__")
    if all(generic(part) or part in _INFRA for part in name.split(".")) and "." in name:
        name = name.rpartition(".")[2]
    return named(name, cwd) if generic(name) else name


def command_of(name: str, path: str, cwd: str) -> str:
    """Return a framework's command with its project: shop/artisan."""
    folder = project(named_folder(path, cwd))
    return f"{folder}/{name}" if folder else name


def named_folder(path: str, cwd: str) -> str:
    """Return the folder of a path, which may be relative."""
    folder = path.rpartition("/")[0]
    return folder if path.startswith("/") else f"{cwd}/{folder}"
