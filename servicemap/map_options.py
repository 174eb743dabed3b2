"""Options of commands about the map of a range: of which time, at which level, and how it becomes a graph."""

import functools
from collections.abc import Callable
from typing import Any

import click
from click.shell_completion import CompletionItem

from answers.asked import Drawing
from graph.filters.completing import completed
from graph.filters.parsing import BadFilter, parse_filter
from graph.levels import LEVELS
from servicemap.completing import Named
from servicemap.options import Moment, not_empty


def of_range(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command --since and --at as `since` and `at`."""

    @click.option(
        "--since",
        type=Moment(),
        metavar="TIME",
        help="Start of the range: 10m (ago), yesterday, 12:00, 2026-05-01 12:00.",
    )
    @click.option("--at", type=Moment(), metavar="TIME", help="End of the range; without --since it is a minute long.")
    @functools.wraps(command)
    def run(*given: Any, since: int | None, at: int | None, **rest: Any) -> None:
        if since is not None and at is not None and since >= at:
            raise click.UsageError("the time range is empty: --since must be earlier than --at")
        command(*given, since=since, at=at, **rest)

    return run


class Matching(click.ParamType):
    """A filter (graph/filters/), as its text."""

    name = "filter"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text, if it is a filter."""
        try:
            parse_filter(str(value))
        except BadFilter as error:
            self.fail(str(error))
        return str(value).strip()

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Complete the last word of a filter: fields, and values of those that have choices."""
        before, space, last = incomplete.rpartition(" ")
        return [CompletionItem(f"{before}{space}{one.text}", help=one.about) for one in completed(last)]


def of_part(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command --service, --host and --filter, as `service`, `host` and `filter`."""

    @click.option(
        "--service", default="", type=Named("service"), metavar="NAME", help="Only edges with this service at an end."
    )
    @click.option(
        "--host",
        default="",
        type=Named("host"),
        metavar="NAME",
        help="Only edges with an end on this host (name or id).",
    )
    @filtering
    @functools.wraps(command)
    def run(*given: Any, **rest: Any) -> None:
        not_empty("service", "host", "filter")
        command(*given, **rest)

    return run


def filtering(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command --filter, as `filter`."""
    about = "Only what matches: 'health:bad -infra rps>10' (docs/reference/filters.md)."
    return click.option("--filter", default="", type=Matching(), metavar="FILTER", help=about)(command)


def at_level(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command --level, by service unless another is given."""
    levels = click.Choice(LEVELS)
    return click.option("--level", type=levels, default="service", show_default=True, help="Kind of the nodes.")(
        command
    )


def as_graph(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of a Drawing, as its second argument."""

    @of_range
    @at_level
    @click.option("--collapse-intermediaries", "collapse", is_flag=True, help="Draw proxies and queues through.")
    @click.option("--overlay", default="", metavar="WHAT", help="Only edges annotated so: essential, essential!=false.")
    @filtering
    @functools.wraps(command)
    def run(
        config: Any,
        *,
        since: int | None,
        at: int | None,
        level: str,
        collapse: bool,
        overlay: str,
        filter: str,
        **rest: Any,
    ) -> None:
        not_empty("overlay", "filter")
        wanted = Drawing(since=since, at=at, level=level, collapse=collapse, overlay=overlay, filter=filter)
        command(config, wanted, **rest)

    return run
