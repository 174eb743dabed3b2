"""`servicemap map`: print who talks to whom, now or at any past time."""

import click

from graph.levels import LEVELS
from graph.model import Wanted
from servicemap.config import Config
from servicemap.map_options import of_part, of_range
from servicemap.options import configured, either_or, not_empty


@click.command()
@configured()
@of_range
@click.option("--level", type=click.Choice(LEVELS), help="Kind of the nodes.  [default: service; process with --json]")
@of_part
@click.option("--overlay", default="", metavar="WHAT", help="Only what has this annotation: owner.team=payments.")
@click.option("--all", "everything", is_flag=True, help="Add nodes without connections.")
@click.option("--watch", is_flag=True, help="Draw it again whenever something newer is stored, until Ctrl-C.")
@click.option("--dot", "as_dot", is_flag=True, help="For Graphviz: servicemap map --dot | dot -Tsvg > map.svg")
@click.option("--json", "as_json", is_flag=True, help="For programs: nodes and edges with all their fields.")
def command(
    config: Config,
    since: int | None,
    at: int | None,
    level: str | None,
    service: str,
    host: str,
    overlay: str,
    filter: str,
    everything: bool,
    watch: bool,
    as_dot: bool,
    as_json: bool,
) -> None:
    """Print who talks to whom: in the last stored minute, or at any past time.

    Edges whose requests are seen also have requests a second, the share of errors (of HTTP 5xx, or not answered by the
    server) and times to the answer. With --json they have requests, errors, unseen (requests whose results are
    not known), error_share (of the others; null without any), given_up (by the clients: neither errors nor among the
    requests), p50_ms and p99_ms (null without any answer). Other edges have none of these fields.

    Under load the agent looks at one of several connections, and these numbers are estimates. They begin with ~, and
    LOOKED AT has the greatest number of which one was looked at; with --json that is sampling, and 1 means all.

    Failing edges come first. With --watch, the map is drawn again in place; in a pipe, one below the other, and with
    --json one line each. Its range keeps the length that --since gives it.

    The exit code is 4 when nothing matches: an unknown service or host, or a time before or after all data.

    \b
    servicemap map
    servicemap map --level process --service nginx
    servicemap map --filter 'health:bad,warn around:1'
    servicemap map --filter 'service:shop -infra p99>250ms'
    servicemap map --watch --filter health:bad,warn
    servicemap map --since yesterday --at '12:00' --level host
    servicemap map --since 10m --json | jq '.edges[] | select(.connections_failed > 0)'
    servicemap map --at 2026-05-01T12:00 --dot | dot -Tsvg > map.svg
    """
    not_empty("overlay")
    either_or(("--json", as_json), ("--dot", as_dot))
    either_or(("--watch", watch), ("--dot", as_dot))
    either_or(("--watch", watch), ("--at", at))
    level = level or ("process" if as_json else "service")
    wanted = Wanted(
        start=0,
        end=0,
        level=level,
        service=service,
        host=host,
        overlay=overlay,
        filter=filter,
        everything=everything,
    )
    form = "json" if as_json else "dot" if as_dot else "text"
    if watch:
        from servicemap.watching import watch as show

        show(config, since, form, wanted)
    else:
        from servicemap.mapping import run

        run(config, since, at, form, wanted)
