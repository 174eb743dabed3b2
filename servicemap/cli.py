"""The command line. A command parses, calls one function, prints; each is imported only when it is used."""

from importlib import import_module

import click

from servicemap import __version__
from servicemap.subcommands import Group

COMMANDS = {
    "up": "run the map of this machine: collectors, log, folds and store",
    "view": "show the map in the browser, live and at any past time",
    "map": "print who talks to whom, now or at any past time",
    "names": "say what every process is called, and by which rule",
    "sql": "query the store in ClickHouse's SQL",
    "log": "list the topics, read one, show who lags behind",
    "replay": "fold a past range of the log anew, compare, and swap it in",
    "store": "throw the embedded store away and make it anew from the log",
    "dashboards": "write Grafana's dashboards and alerts, or publish them into a Grafana",
    "doctor": "say what this host can see, what is missing, and the command that mends it",
    "collect": "run the collectors of this host alone",
    "work": "run the folds alone",
    "sink": "run the sink alone",
    "config": "show the configuration, and check it",
}


class Commands(Group):
    """The commands, imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order they are taught."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import a command."""
        if name not in COMMANDS:
            return None
        command: click.Command = import_module(f"servicemap.commands.{name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    "servicemap", cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="servicemap")
def main() -> None:
    """Servicemap: who really talks to whom on your machines, live and with a memory.

    \b
    servicemap up                  start it on this machine; it prints the address of the live view
    servicemap map                 see the map
    servicemap map --since 10m     of the last ten minutes
    servicemap sql "SELECT * FROM service_edges ORDER BY window DESC LIMIT 10"
    """
