"""The command line. A command parses, calls one function, prints; each is imported only when it is used."""

import errno
import os
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any

import click
from click.shell_completion import CompletionItem

from schemas.text import shown
from servicemap import __version__
from servicemap.stdio import flushed, settle
from servicemap.subcommands import Group

INTERRUPTED = 130  # exit code after Ctrl-C

COMMANDS = {
    "up": "run the map of this machine: collectors, log, folds and store",
    "view": "show the map in the browser, live and at any past time",
    "api": "answer programs over HTTP, with an OpenAPI document",
    "mcp": "answer AI agents over the Model Context Protocol",
    "map": "print who talks to whom, now or at any past time",
    "diff": "show what appeared, vanished or changed between two times, and what may explain it",
    "impact": "show who depends on a service, directly or through others",
    "deps": "show what a service depends on, directly or through others",
    "path": "show by which way one service reaches another",
    "order": "show in which order services can be started or stopped",
    "policy": "print the firewall rules that what was seen implies, and what rules would have blocked",
    "risks": "show what stands alone, is open to all, or is left over",
    "clusters": "show which instances of stores, and peers of services, are one cluster",
    "export": "write a map for Graphviz, Gephi, Mermaid, spreadsheets and other programs",
    "why": "find the culprit of trouble: what departs from its own past, with what was measured",
    "owner": "show who had an address, a port or a pid, now or at any past time",
    "names": "show what every process is called, and by which rule",
    "facts": "show what programs of your own print about hosts, services and processes",
    "overlay": "say who owns a service, how critical it is, what it cannot do without",
    "sql": "query the store in ClickHouse's SQL",
    "log": "list the topics, read one, show who lags behind",
    "replay": "fold a past range of the log again, compare, and swap in the result",
    "simulate": "a fleet that never was: its map, how true it is, or its records in a log",
    "store": "throw the embedded store away and rebuild it from the log",
    "alerts": "list the alert rules, and show when they would have fired",
    "dashboards": "write Grafana's dashboards and alerts, or publish them to Grafana",
    "metrics": "serve edges as metrics for the service graphs of Grafana, Tempo and others",
    "doctor": "check what this host can see, what is missing, and the command that fixes it",
    "collect": "run only the collectors of this host",
    "work": "run only the folds",
    "sink": "run only the sink",
    "config": "show the configuration, and check it",
    "completion": "let the shell complete commands, options, filters and names",
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

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run a command to its exit code; what cannot be written is one sentence."""
        settle()
        try:
            super().main(*args, **extra)
        except SystemExit as end:
            wrong, code = flushed(), end.code
            if wrong is None or wrong.errno == errno.EPIPE:
                raise
            _print_refusal(wrong)
            sys.exit(code or 1)
        except OSError as error:
            flushed()
            _print_refusal(error)
            sys.exit(1)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; Ctrl-C ends it without a word of its own."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)
        except ModuleNotFoundError as error:
            from servicemap.extras import OF_COMMANDS, require

            extra = OF_COMMANDS.get(ctx.invoked_subcommand or "")
            if extra:
                require(extra)
            raise error

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete the commands without importing them."""
        named = [CompletionItem(name, help=about) for name, about in COMMANDS.items() if name.startswith(incomplete)]
        return [*named, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _print_refusal(error: OSError) -> None:
    """Print on stderr what the system refused, if stderr can be written."""
    where = f" {shown(os.fsdecode(error.filename))}" if isinstance(error.filename, str | bytes) else ""
    with suppress(OSError):
        print(f"servicemap: cannot read or write{where}: {error.strerror or error}", file=sys.stderr, flush=True)


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
