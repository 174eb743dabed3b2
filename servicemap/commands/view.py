"""`servicemap view`: the live view in the browser, of any store."""

import click

from servicemap.config import Config
from servicemap.options import Port, configured


@click.command()
@configured(host="view__host", port="view__port", token="view__token")
@click.option("--host", help="Address to listen on; any other than loopback needs a token.  [default: 127.0.0.1]")
@click.option("--port", type=Port(), help="Port; 0: any.  [default: 8080, or the next that is free]")
@click.option("--token", help="Token that clients must send; better given as SERVICEMAP_VIEW__TOKEN.")
@click.option("--open", "browser", is_flag=True, help="Open it in the browser.")
def command(config: Config, browser: bool) -> None:
    """Serve the live view until Ctrl-C; `servicemap up` serves it too. It only reads.

    \b
    servicemap view --open
    servicemap view --store clickhouse://reader:secret@ch:9000/servicemap
    SERVICEMAP_VIEW__TOKEN=... servicemap view --host 0.0.0.0
    """
    from servicemap.extras import require

    require("view")
    from servicemap.viewing import PAGES, run

    run(config, PAGES, browser=browser)
