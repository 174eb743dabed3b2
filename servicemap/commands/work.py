"""`servicemap work`: Run only the folds, over the local log in a loop or over Kafka in a Faust worker."""

import click

from servicemap.config import Config
from servicemap.options import configured


@click.command(help=__doc__.split(": ", 1)[1])
@configured()
def command(config: Config) -> None:  # noqa: D103
    if config.log.kafka:
        from servicemap.work import run_faust

        run_faust(config)
    else:
        from servicemap.work import run_loop

        run_loop(config)
