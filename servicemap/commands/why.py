"""`servicemap why`: from a symptom to the culprit."""

from typing import Literal

import click

from graph.levels import LEVELS
from servicemap.config import Config
from servicemap.options import Moment, configured


@click.command()
@configured()
@click.argument("subject", required=False, default="")
@click.option("--at", type=Moment(), metavar="TIME", help="When it was bad: 10m (ago), 12:00, 2026-05-01T12:00.")
@click.option("--since", type=Moment(), metavar="TIME", help="When the trouble began; it is found without this.")
@click.option(
    "--symptom", type=click.Choice(["slow", "failing"]), help="What is wrong with it.  [default: whatever departs]"
)
@click.option("--level", type=click.Choice(LEVELS), default="service", show_default=True, help="Kind of the nodes.")
@click.option("--json", "as_json", is_flag=True, help="For programs: suspects with all that was measured.")
def command(
    config: Config,
    subject: str,
    at: int | None,
    since: int | None,
    symptom: Literal["slow", "failing"] | None,
    level: str,
    as_json: bool,
) -> None:
    """Find the culprit: the deepest node or edge that departs from its own past.

    SUBJECT is what somebody complains of: a service (or another node of the level) by its name, or an edge, such as
    "web -> store". Without it, the search begins with all that departs.

    Everything is compared with the hour before, by medians: latency, errors, requests, connections, round trips and
    retransmits of both sides, CPU, waiting, quotas and memory. A start that is a minute wrong does not matter. A caller
    whose added time is that of what it calls is not accused. What is not measured is said.

    The exit code is 4 for an unknown name, or a time of which nothing is stored.

    \b
    servicemap why
    servicemap why web --symptom slow
    servicemap why "web -> store" --at 10m
    servicemap why --since 12:00 --at 12:10 --json | jq '.suspects[0].subject'
    """
    from answers.why import WhyAsked
    from servicemap.culprit import run

    if since is not None and at is not None and since >= at:
        raise click.UsageError("the time range is empty: --since must be earlier than --at")
    run(config, WhyAsked(subject=subject, symptom=symptom or "", level=level, since=since, at=at), as_json=as_json)
