"""The reference of the command line: what every command prints with --help."""

from collections.abc import Iterator

import click

from servicemap.cli import main

_HEAD = """# Command line

`servicemap COMMAND --help` prints the same. Exit codes:

* 0: done. The map of a known, silent service is empty; that counts as an answer.
* 1: what was asked cannot be done; one sentence on stderr explains it.
* 2: the command line is wrong: an option, a value or a combination that is not allowed.
* 3, of `doctor`: something cannot be seen.
* 4: nothing matches: a service, host, topic or key that does not exist, or a time without stored data.
* 130: Ctrl-C.

The options that every command has can also be set in the [configuration](configuration.md).

Results go to stdout, everything else to stderr. Names that others chose may hold control characters. They are printed
so that a terminal ignores them: as `\\x1b` in tables, as `\\u001b` in JSON, which is the same value. `sql` passes the
server's bytes unchanged to a pipe or a file, except in the formats for people (Pretty, Vertical, Markdown). On a
terminal every format is made printable.

This page is generated from the code by `make golden`.
"""
WIDTH = 100


def page() -> str:
    """Return the reference of the command line, in Markdown."""
    return "\n".join([_HEAD, *(line for name, found in commands(main, "servicemap") for line in _entry(name, found))])


def commands(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    """Yield a command and all below it, with what is typed for each."""
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=name)
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            assert found is not None
            yield from commands(found, f"{name} {inner}")


def _entry(name: str, command: click.Command) -> Iterator[str]:
    context = click.Context(command, info_name=name, terminal_width=WIDTH, help_option_names=["-h", "--help"])
    yield f"## {name}\n"
    yield f"```text\n{command.get_help(context)}\n```\n"
