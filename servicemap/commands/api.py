"""`servicemap api`: the questions over HTTP, for programs."""

import click

from servicemap.config import Config
from servicemap.options import Port, configured


@click.command()
@configured(host="api__host", port="api__port", token="api__token")
@click.option("--host", help="Address to listen on; any other than loopback needs a token.  [default: 127.0.0.1]")
@click.option("--port", type=Port(), help="Port; 0: any.  [default: 8090, or the next that is free]")
@click.option("--token", help="Token that programs must send; better given as SERVICEMAP_API__TOKEN.")
def command(config: Config) -> None:
    """Answer programs over HTTP until Ctrl-C. It only reads, unless api.writable lets it write overlays.

    Every question is a path below /api/v1/, and /api/openapi.json describes all of them. The live view answers the same
    on its own port.

    \b
    servicemap api
    curl 'http://127.0.0.1:8090/api/v1/impact?node=postgres&since=1d'
    curl http://127.0.0.1:8090/api/openapi.json
    """
    from servicemap.extras import require

    require("view")
    from servicemap.viewing import API, run

    run(config, API)
