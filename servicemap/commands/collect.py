"""`servicemap collect`: the collectors of this host alone, into the log."""

import click

from servicemap.config import Config
from servicemap.options import Duration, configured


@click.command()
@configured(window="collectors__window_ms", host_id="collectors__host_id")
@click.option("--window", type=Duration(), help="Width of a window.  [default: 5s]")
@click.option("--host-id", help="Id of this host.  [default: its machine id]")
def command(config: Config) -> None:
    """Collect until a signal.

    \b
    servicemap collect --log kafka://broker:9092
    servicemap collect --host-id web7 --window 1s
    """
    from servicemap.collecting import run_collectors

    run_collectors(config)
