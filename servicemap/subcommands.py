"""A command with subcommands, one of which is meant when none is named."""

from typing import Any

import click


class WithDefault(click.Group):
    """Runs the subcommand `default` unless another is named, so that its options stand right after the command."""

    def __init__(self, *args: Any, default: str, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self._default = default

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default in where no subcommand is named."""
        named = bool(args) and (args[0] in self.commands or args[0] in ctx.help_option_names)
        unknown = bool(args) and not named and not args[0].startswith("-")
        return super().parse_args(ctx, args if named or unknown else [self._default, *args])
