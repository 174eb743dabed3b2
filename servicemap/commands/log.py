"""`servicemap log`: list the topics, read one, show who lags behind, copy records to a file and from one."""

import sys
from pathlib import Path

import click

from servicemap.config import Config
from servicemap.options import Moment, Number, configured
from servicemap.subcommands import WithDefault


@click.group(cls=WithDefault, default="topics")
def command() -> None:
    """List the topics, read one, show who lags behind; copy records to a file and from one.

    \b
    servicemap log
    servicemap log read connections --follow
    servicemap log lag
    servicemap log export --from 1h hour.capture
    servicemap log import hour.capture --data /tmp/hour
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


@command.command("export")
@configured()
@click.argument("capture", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--from", "since", type=Moment(), metavar="TIME", help="Start of the range: 10m (ago), 12:00, @seconds.")
@click.option("--to", "until", type=Moment(), metavar="TIME", help="End of the range.")
@click.option(
    "--topic",
    "topics_",
    multiple=True,
    metavar="TOPIC",
    help="Only this topic; repeatable.  [default: all that a map needs]",
)
@click.option("--json", "as_json", is_flag=True, help="Print the manifest as JSON: counts, times, checksums.")
def export_capture(
    config: Config, capture: Path, since: int | None, until: int | None, topics_: tuple[str, ...], as_json: bool
) -> None:
    """Copy records to FILE, a capture that another log or `servicemap up --from FILE` takes in.

    Without --topic it has what the map of the range is made of: all raw topics, from 12 minutes before the range to 2
    minutes after it, and the topics of which the last record of each key counts (hosts, overlays) from their beginning.

    FILE is JSON lines, compressed: `zstd -dc FILE` prints them. It holds command lines, addresses and names: give it
    only to those who may know them. The exit code is 4 when there are no such records.

    \b
    servicemap log export week.capture
    servicemap log export --from 12:00 --to 13:00 noon.capture
    servicemap log export --topic edges --topic events --from 1h edges.capture --json
    """
    from servicemap.captures.exporting import Wanted, export
    from servicemap.captures.printing import print_capture, stoppable

    if since is not None and until is not None and since >= until:
        raise click.UsageError("the time range is empty: --from must be earlier than --to")
    with stoppable("stopped; no capture is written") as report:
        manifest = export(config, capture, Wanted(topics=topics_, start=since, end=until), report)
    print_capture(capture, manifest, as_json=as_json)


@command.command("import")
@configured()
@click.argument("capture", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help='{"records": …, "there": …, "left_out": […]}')
def import_capture(config: Config, capture: Path, as_json: bool) -> None:
    """Copy the records of a capture into a log that has none, or only a beginning of these.

    They keep their partitions, order, times, keys and headers. All of FILE is checked first: a damaged one changes
    nothing. An import that was stopped may be repeated; it goes on where it was.

    \b
    servicemap log import hour.capture --data /tmp/hour
    servicemap log import hour.capture --log kafka://127.0.0.1:9092
    """
    from servicemap.captures.importing import import_file
    from servicemap.captures.printing import print_imported, stoppable

    with stoppable("stopped; run it again to go on") as report:
        imported = import_file(config, capture, report)
    print_imported(config, imported, as_json=as_json)
