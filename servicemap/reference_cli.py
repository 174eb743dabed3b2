"""The reference of the command line: what every command says of itself with --help."""

from collections.abc import Iterator

import click

from servicemap.cli import main

_HEAD = """# Command line

`servicemap COMMAND --help` prints the same. Commands end with 0; 1 with one sentence on stderr when they cannot do what
was asked; 2 when they were not asked rightly; `doctor` with 3 when something cannot be seen. Options that every command
has can stand in the [configuration](configuration.md) too.

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
