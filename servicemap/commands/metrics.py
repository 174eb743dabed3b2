"""`servicemap metrics`: edges as metrics, for the service graphs of Grafana, Tempo and others."""

import click

from graph.levels import LEVELS
from servicemap.config import Config
from servicemap.options import Number, configured


@click.command()
@configured(level="edge_metrics__level", most_edges="edge_metrics__most_edges", otlp="edge_metrics__otlp")
@click.option("--level", type=click.Choice(LEVELS), help="Kind of the nodes.  [default: service]")
@click.option("--most-edges", type=Number(1), metavar="N", help="Series, at the most.  [default: 1000]")
@click.option("--otlp", metavar="URL", help="Push them too, once a minute: http://collector:4318/v1/metrics")
def command(config: Config) -> None:
    """Serve edges as metrics until Ctrl-C, under the names that service graphs draw.

    These are traces_service_graph_request_total, traces_service_graph_request_failed_total and
    traces_service_graph_request_server_seconds, with client, server and connection_type. `servicemap up` serves them
    where edge_metrics.enabled is set.

    \b
    servicemap metrics
    servicemap metrics --level host --most-edges 200
    servicemap metrics --otlp http://127.0.0.1:4318/v1/metrics
    """
    from servicemap.extras import require

    require("store")
    from servicemap.edge_metrics.serving import run

    run(config)
