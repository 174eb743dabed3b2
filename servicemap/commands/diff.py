"""`servicemap diff`: what appeared, vanished or changed between two times."""

import click

from servicemap.config import Config
from servicemap.map_options import at_level
from servicemap.options import Duration, configured
from servicemap.two_times import Time, When


@click.command()
@configured()
@click.argument("then", type=When())
@click.argument("now", type=When(), required=False)
@at_level
@click.option("--for", "width", type=Duration(), metavar="TIME", help="How long each time is.  [default: 10m]")
@click.option("--all", "everything", is_flag=True, help="List edges that come and go as usual, too.")
@click.option("--exit-code", is_flag=True, help="End with 3 if anything differs.")
@click.option("--json", "as_json", is_flag=True, help="For programs: nodes and edges, with all that was measured.")
def command(
    config: Config,
    then: Time,
    now: Time | None,
    level: str,
    width: int | None,
    everything: bool,
    exit_code: bool,
    as_json: bool,
) -> None:
    """Compare the map of THEN with that of NOW: what appeared, what vanished, and what changed beyond the usual.

    A time is a moment (1h ago, yesterday at this time, 12:00, 2026-05-01T12:00) or a range: 10:00..10:10. A moment
    stands for the ten minutes up to it. Without NOW it is the present.

    Rates of connections, requests and bytes, the share that fails or is sent again, and times to answer are compared.
    One has changed if it moved by more than five times what is usual for that edge in the hours before THEN, and by
    more than chance explains. Restarts, deployments and agents that fell silent stand below what they may explain.

    The exit code is 4 when nothing is stored of one of the times.

    \b
    servicemap diff 1h
    servicemap diff yesterday --level host
    servicemap diff 10:00..10:10 11:00..11:10
    servicemap diff 1d now --for 1h --json | jq '.edges[] | select(.change == "appeared")'
    """
    from answers.diff import DiffAsked
    from servicemap.differing import run

    since, at = now or (None, None)
    seconds = max(1, width // 1000) if width is not None else None
    asked = DiffAsked(then_since=then.since, then_at=then.at, since=since, at=at, level=level, seconds=seconds)
    run(config, asked, everything=everything, exit_code=exit_code, as_json=as_json)
