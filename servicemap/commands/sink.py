"""`servicemap sink`: Run only the sink, from the log into ClickHouse."""

import click

from servicemap.config import Config
from servicemap.options import configured


@click.command(help=__doc__.split(": ", 1)[1])
@configured()
def command(config: Config) -> None:  # noqa: D103
    from servicemap.sinking import run_sink

    run_sink(config)
