"""`completion`: the scripts by which shells complete, where each shell looks for them, and names that are completed."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import click
from click.shell_completion import CompletionItem, get_completion_class

from schemas.text import shown
from servicemap.options import Failure

PROGRAM = "servicemap"
_LOADER = Path("/usr/share/bash-completion/bash_completion")  # of files in XDG_DATA_HOME
MOST = 200  # names


class Shell(NamedTuple):
    """A shell: the variable that names its folder and what that is by default, and the path of the script there."""

    variable: str
    folder: str
    path: str


SHELLS = {
    "bash": Shell("XDG_DATA_HOME", ".local/share", "bash-completion/completions/servicemap"),
    "zsh": Shell("XDG_DATA_HOME", ".local/share", "zsh/site-functions/_servicemap"),
    "fish": Shell("XDG_CONFIG_HOME", ".config", "fish/completions/servicemap.fish"),
}


def used(environment: Mapping[str, str] = os.environ) -> str:
    """Return the shell that somebody uses; Failure if none of these."""
    name = Path(environment.get("SHELL", "")).name
    if name not in SHELLS:
        of = f"the shell is {shown(name)}" if name else "it is not known which shell you use"
        raise Failure(f"{of}: name one of {', '.join(SHELLS)}")
    return name


def script(shell: str) -> str:
    """Return the script of a shell."""
    from servicemap.cli import main

    made = get_completion_class(shell)
    assert made is not None
    return str(made(main, {}, PROGRAM, f"_{PROGRAM.upper()}_COMPLETE").source()).strip()


def place(shell: str, environment: Mapping[str, str] = os.environ) -> Path:
    """Return where a shell looks for the script."""
    of = SHELLS[shell]
    folder = Path(environment.get(of.variable, ""))
    return (folder if folder.is_absolute() else Path.home() / of.folder) / of.path


def write(shell: str) -> str:
    """Write the script, and return a sentence about it and what is left to do."""
    file = place(shell)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{script(shell)}\n")
    return f"{shown(str(file))} is written: {_left_to_do(shell, file)}"


def take_away(shell: str) -> str:
    """Remove the script, and return a sentence about it."""
    file = place(shell)
    if not file.exists():
        raise Failure(f"there is no completion at {shown(str(file))}")
    file.unlink()
    return f"{shown(str(file))} is removed: shells that run already still complete"


def _left_to_do(shell: str, file: Path) -> str:
    if shell == "zsh":
        return (
            f"put `fpath+=({file.parent})` before `compinit` into ~/.zshrc, unless it is there, and start a new shell"
        )
    if shell == "bash" and not _LOADER.exists():
        return f"bash-completion is not installed, so put `source {file}` into ~/.bashrc, and start a new shell"
    return "start a new shell"


class Named(click.ParamType):
    """The name of a service or a host, which shells complete from the store; it need not be there."""

    name = "name"

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Return the names that begin so; nothing without a store that answers."""
        known = sorted(known_names(ctx.params).get(self._kind, ()))
        return [CompletionItem(one) for one in known if one.startswith(incomplete) and one.isprintable()][:MOST]


def known_names(given: Mapping[str, Any]) -> dict[str, set[str]]:
    """Return the names that the store of some options knows, by their kind; {} where that cannot be asked."""
    from graph.reading import names
    from log.protocol import LogError
    from servicemap.answering import opened
    from servicemap.config import ConfigError, load

    try:
        flags = {"data": given.get("data"), "store.url": given.get("store_url")}
        with opened(load(given.get("file"), flags=flags)) as store:
            return names(store)
    except (Failure, ConfigError, LogError, OSError):
        return {}
