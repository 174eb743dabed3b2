"""`servicemap clusters`: instances of data stores, and peers of services, that are one thing."""

import click

from servicemap.config import Config
from servicemap.map_options import of_range
from servicemap.options import configured, not_empty


@click.command()
@configured()
@click.argument("name", default="")
@of_range
@click.option("--all", "everything", is_flag=True, help="Add instances of stores that are alone.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per cluster, with members, roles and evidence.")
def command(config: Config, name: str, since: int | None, at: int | None, *, everything: bool, as_json: bool) -> None:
    """Print which instances of a store, or peers of a service, are a cluster; with NAME, the members of one.

    Nothing is declared: programs, ports, protocols, and who connects to whom tell. A replica connects to its leader.
    SURE says how certain that is; --json has the evidence in words. What only uses a store is no member.

    The exit code is 4 when there is no cluster NAME.

    \b
    servicemap clusters
    servicemap clusters "Redis of cart"
    servicemap clusters --at 2026-05-01T12:00 --all
    servicemap clusters --json | jq 'select(.kind == "Kafka") | .members[].hostname'
    """
    from answers.clusters import ClustersAsked
    from servicemap.clustering import run

    not_empty("name")
    run(config, ClustersAsked(since=since, at=at, name=name, everything=everything), as_json=as_json)
