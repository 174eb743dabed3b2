"""`servicemap policy`: the firewall rules that what was seen implies, and what given rules would have blocked."""

from typing import BinaryIO

import click

from answers.asked import OfMap
from answers.policy import PolicyAsked
from graph.questions.policy import DIRECTIONS, Direction
from servicemap.config import Config
from servicemap.map_options import at_level, of_range
from servicemap.options import configured, not_empty
from servicemap.policies import FORMATS


@click.command()
@configured()
@click.argument("node", required=False, default="")
@of_range
@at_level
@click.option("--overlay", default="", metavar="WHAT", help="All nodes with an annotation: criticality=high.")
@click.option("--only", type=click.Choice(DIRECTIONS), help="Only what comes in, or what goes out.")
@click.option(
    "--format", "form", type=click.Choice(["table", "json", *FORMATS]), default="table", show_default=True,
    help="What reads the rules; json is for --against.",
)  # fmt: skip
@click.option(
    "--against", type=click.File("rb"), metavar="FILE",
    help="Print what these rules, as --format json writes them, would have blocked.",
)  # fmt: skip
def command(
    config: Config,
    node: str,
    since: int | None,
    at: int | None,
    level: str,
    overlay: str,
    only: Direction | None,
    form: str,
    against: BinaryIO | None,
) -> None:
    """Print the rules that allow what was seen of NODE: who connects to it, and where it connects to.

    Nothing is ever applied. What did not happen in the range would be blocked, so ask for a range in which everything
    did: --since 30d. With --against the exit code is 1 when the rules would have blocked anything.

    \b
    servicemap policy postgres --since 7d
    servicemap policy web --since 30d --only in --format nftables > web.nft
    servicemap policy --overlay criticality=high --since 30d --format kubernetes > policies.json
    servicemap policy postgres --since 30d --format json > rules.json
    servicemap policy --against rules.json --since 1d
    """
    from servicemap.policing import check, run

    not_empty("overlay")
    if against is not None:
        if node or overlay or only or form in FORMATS:
            raise click.UsageError("--against takes its nodes from the file: give it only a range, a level and json")
        check(config, OfMap(since=since, at=at, level=level), against, as_json=form == "json")
        return
    if bool(node) == bool(overlay):
        raise click.UsageError("say which nodes: the name of one, or --overlay")
    run(config, PolicyAsked(since=since, at=at, level=level, node=node, overlay=overlay, only=only or ""), form)
