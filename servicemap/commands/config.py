"""`servicemap config`: show the configuration, and check it."""

import click

from servicemap.config import Config
from servicemap.config_faults import Fault
from servicemap.options import configured
from servicemap.subcommands import WithDefault


@click.group(cls=WithDefault, default="show")
def command() -> None:
    """Show the configuration with where each value comes from, or check it.

    \b
    servicemap config
    servicemap config show --config servicemap.toml --json
    servicemap config check
    """


@command.command()
@configured()
@click.option("--json", "as_json", is_flag=True, help="One JSON object per value.")
def show(config: Config, as_json: bool) -> None:
    """Print every value in effect and its origin: default, a file, the environment or the command line."""
    from servicemap.settings import show_settings

    show_settings(config, click.get_current_context().params, as_json=as_json)


@command.command()
@configured(judged=True)
@click.option("--json", "as_json", is_flag=True, help='{"ok": …, "problems": […]}')
def check(config: Config, faults: list[Fault], as_json: bool) -> None:
    """List every setting that cannot be used: its name, its value, where it is set and what is allowed.

    The exit code is 1 if there is any.
    """
    from servicemap.settings import check_settings

    check_settings(config, faults, as_json=as_json)
