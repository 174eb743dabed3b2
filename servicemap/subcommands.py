"""Commands with subcommands: a misspelt one is reported with those near it, and one may be the default."""

from typing import Any

import click

from schemas.matching import unknown


class Group(click.Group):
    """Reports a subcommand that does not exist, with those that come near."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the subcommand."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            raise click.UsageError(unknown("command", name, self.list_commands(ctx)), ctx)
        return super().resolve_command(ctx, args)


class WithDefault(Group):
    """Runs the subcommand `default` unless another is named, so that its options stand right after the command."""

    def __init__(self, *args: Any, default: str, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self._default = default

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default in where no subcommand is named."""
        named = bool(args) and (args[0] in self.commands or args[0] in ctx.help_option_names)
        unknown = bool(args) and not named and not args[0].startswith("-")
        if named or unknown:
            return super().parse_args(ctx, args)
        self._refuse_late_command(ctx, args)
        return super().parse_args(ctx, [self._default, *args])

    def _refuse_late_command(self, ctx: click.Context, args: list[str]) -> None:
        """Report a subcommand after options: the default one would refuse it as an argument that it does not take."""
        parsed = self.commands[self._default].make_context(self._default, [*args], ctx, resilient_parsing=True)
        if late := next((each for each in parsed.args if each in self.commands), ""):
            ctx.fail(f"options come after the command: {ctx.command_path} {late} …")
