"""`servicemap mcp`: the questions as tools for AI agents."""

import click

from servicemap.config import Config
from servicemap.options import Port, configured, typed


@click.command()
@configured(host="mcp__host", port="mcp__port", token="mcp__token")
@click.option("--http", "over_http", is_flag=True, help="Serve over HTTP, in place of stdin and stdout.")
@click.option("--host", help="Address to listen on; any other than loopback needs a token.  [default: 127.0.0.1]")
@click.option("--port", type=Port(), help="Port; 0: any.  [default: 8091, or the next that is free]")
@click.option("--token", help="Token that clients must send; better given as SERVICEMAP_MCP__TOKEN.")
def command(config: Config, *, over_http: bool) -> None:
    """Answer AI agents over the Model Context Protocol: the questions of this command line are its tools.

    Without --http it speaks on stdin and stdout, as programs expect that start it themselves. Answers are short, name
    the SQL behind them, and come in pages. Nothing can be changed.

    \b
    servicemap mcp --http
    claude mcp add servicemap -- servicemap mcp
    """
    from servicemap.extras import require

    require("mcp")
    if not over_http and (typed("host") or typed("port") or typed("token")):
        raise click.UsageError("--host, --port and --token are of --http: add it")
    from servicemap.mcp.serving import serve, speak

    (serve if over_http else speak)(config)
