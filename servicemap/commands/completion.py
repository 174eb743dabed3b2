"""`servicemap completion`: commands, options, filters and names, completed by the shell."""

import click

from servicemap.completing import SHELLS, used
from servicemap.subcommands import Group

_SHELL = click.argument("shell", type=click.Choice(list(SHELLS)), required=False)


@click.group(cls=Group)
def command() -> None:
    """Let the shell complete commands, options, filters, and names of services and hosts.

    SHELL is bash, zsh or fish; without it, the one that you use.

    \b
    servicemap completion install
    servicemap completion show zsh > ~/.zfunc/_servicemap
    """


@command.command()
@_SHELL
def install(shell: str | None) -> None:
    """Write the completion where the shell finds it, for you alone, and say what is left to do.

    \b
    servicemap completion install
    servicemap completion install fish
    """
    from servicemap.completing import write

    click.echo(write(shell or used()))


@command.command()
@_SHELL
def show(shell: str | None) -> None:
    """Print the completion.

    \b
    servicemap completion show bash
    """
    from servicemap.completing import script

    click.echo(script(shell or used()))


@command.command()
@_SHELL
def remove(shell: str | None) -> None:
    """Take the completion away again.

    \b
    servicemap completion remove
    """
    from servicemap.completing import take_away

    click.echo(take_away(shell or used()))
