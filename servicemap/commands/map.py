"""`servicemap map`: print who talks to whom, now or at any past time."""

import click

from graph.model import LEVELS, Wanted
from servicemap.config import Config
from servicemap.options import Moment, configured, either_or, not_empty


@click.command()
@configured()
@click.option("--since", type=Moment(), metavar="TIME", help="From then on: 10m (ago), 12:00, 2026-05-01T12:00.")
@click.option("--at", type=Moment(), metavar="TIME", help="The minute up to then; with --since the end of the range.")
@click.option("--level", type=click.Choice(LEVELS), help="What a node is.  [default: service; process with --json]")
@click.option("--service", default="", metavar="NAME", help="Only edges with this service at an end.")
@click.option("--host", default="", metavar="NAME", help="Only edges with an end on this host (name or id).")
@click.option("--all", "everything", is_flag=True, help="Also what has no connections.")
@click.option("--dot", "as_dot", is_flag=True, help="For Graphviz: servicemap map --dot | dot -Tsvg > map.svg")
@click.option("--json", "as_json", is_flag=True, help="For programs: nodes and edges with all that is known.")
def command(
    config: Config,
    since: int | None,
    at: int | None,
    level: str | None,
    service: str,
    host: str,
    everything: bool,
    as_dot: bool,
    as_json: bool,
) -> None:
    """Print who talks to whom: the last minute that is stored, or any past time.

    Where HTTP was counted on any edge, there are requests a second, the share of errors (5xx, or left unanswered by
    the server) and times to the answer as well. An edge of --json then has requests, errors, given_up (by the clients;
    no errors, and not among the requests), p50_ms and p99_ms (null where no answer came), and one without HTTP has none
    of them.

    A map of which nothing is stored ends with 4: a service or host that nobody has, a time before or after all data.

    \b
    servicemap map
    servicemap map --level process --service nginx
    servicemap map --since 10m --json | jq '.edges[] | select(.connections_failed > 0)'
    servicemap map --at 2026-05-01T12:00 --dot | dot -Tsvg > map.svg
    """
    from servicemap.mapping import run

    not_empty("service", "host")
    if since is not None and at is not None and since >= at:
        raise click.UsageError("the stretch of time is empty: let --since be earlier than --at")
    either_or(("--json", as_json), ("--dot", as_dot))
    level = level or ("process" if as_json else "service")
    wanted = Wanted(start=0, end=0, level=level, service=service, host=host, everything=everything)
    run(config, since, at, "json" if as_json else "dot" if as_dot else "text", wanted)
