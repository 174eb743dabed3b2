"""`servicemap log`: list the topics, read one, show who lags behind."""

import sys

import click

from servicemap.config import Config
from servicemap.options import Moment, Number, configured
from servicemap.subcommands import WithDefault


@click.group(cls=WithDefault, default="topics")
def command() -> None:
    """List the topics, read one, show who lags behind. This changes nothing.

    \b
    servicemap log
    servicemap log read connections --follow
    servicemap log lag
    """


@command.command()
@configured()
@click.option("--json", "as_json", is_flag=True, help="One JSON object per topic.")
def topics(config: Config, as_json: bool) -> None:
    """List the topics: what is in them, for how long, and by which key."""
    from servicemap.browsing import list_topics

    list_topics(config, as_json=as_json)


@command.command()
@configured()
@click.argument("topic")
@click.option(
    "--from", "since", type=Moment(), metavar="TIME", help="Records from this time on: 10m (ago), 12:00, @seconds."
)
@click.option("--to", "until", type=Moment(), metavar="TIME", help="Records up to this time.")
@click.option("--follow", is_flag=True, help="Keep printing new records; without --from print only new ones.")
@click.option("--limit", type=Number(0, sys.maxsize), metavar="N", help="Stop after this many records.")
@click.option("--key", metavar="KEY", help="Only records of this key, such as a host's id.")
@click.option("--offsets", is_flag=True, help="Print where records are and how large, without their values.")
@click.option("--json", "_json", is_flag=True, help="Changes nothing: the output is always JSON.")
def read(
    config: Config,
    topic: str,
    since: int | None,
    until: int | None,
    follow: bool,
    limit: int | None,
    key: str | None,
    offsets: bool,
    _json: bool,
) -> None:
    """Print the records of a TOPIC as JSON lines, oldest first.

    The exit code is 4 for an unknown topic or key, and for a time before all records or in the future.

    \b
    servicemap log read connections --from 10m --limit 1
    servicemap log read events --follow | jq .value
    servicemap log read heartbeats --key 4f1c… --from 12:00 --to 12:05 --offsets
    """
    from servicemap.records import Wanted, read_topic

    if follow and until is not None:
        raise click.UsageError("--follow has no end: leave out --to")
    if since is not None and until is not None and since >= until:
        raise click.UsageError("the time range is empty: --from must be earlier than --to")
    wanted = Wanted(topic=topic, since=since, until=until, follow=follow, limit=limit, key=key, offsets=offsets)
    read_topic(config, wanted)


@command.command()
@configured()
@click.option("--json", "as_json", is_flag=True, help="One JSON object per group and partition.")
def lag(config: Config, as_json: bool) -> None:
    """Show how far each reader is behind: records, and seconds since the first it has not read was logged."""
    from servicemap.browsing import show_lag

    show_lag(config, as_json=as_json)
