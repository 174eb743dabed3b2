"""`servicemap risks`: what stands alone, is open to all, or is left over."""

import click

from graph.risks.all import RISKS
from servicemap.config import Config
from servicemap.map_options import of_range
from servicemap.options import configured


@click.command()
@configured()
@of_range
@click.option("--risk", type=click.Choice(list(RISKS)), help="Only this one.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per finding.")
@click.option("--list", "listing", is_flag=True, help="List the risks that are looked for.")
def command(
    config: Config, since: int | None, at: int | None, risk: str | None, *, as_json: bool, listing: bool
) -> None:
    """Print what stands alone, is open to the internet, or is left over, as seen in the last day.

    What was not used in the range counts as unused, so ask for a range in which everything was: --since 7d.

    \b
    servicemap risks
    servicemap risks --since 7d --risk unused-listener
    servicemap risks --since 30d --json | jq -r .sentence
    """
    from servicemap.risking import print_kinds, run

    if listing:
        print_kinds()
    else:
        run(config, since, at, risk or "", as_json=as_json)
