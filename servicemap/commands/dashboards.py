"""`servicemap dashboards`: Grafana's dashboards and alerts as files, and into a running Grafana."""

from contextlib import closing
from pathlib import Path

import click

from servicemap.config import Config
from servicemap.options import configured, either_or, typed
from servicemap.subcommands import Group


@click.group(cls=Group)
def command() -> None:
    """Write Grafana's dashboards and alert rules as files, or publish them to a running Grafana.

    \b
    servicemap dashboards build --out grafana
    servicemap dashboards publish --url http://localhost:3000 --user admin:secret
    """


@command.command()
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Write below this directory.")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if a file is out of date.")
def build(out: Path | None, check: bool) -> None:
    """Write the dashboards (dashboards/*.json), their provisioning and the alerts (provisioning/).

    They are files for Grafana's provisioning: dashboards where its provider looks for them, provisioning/ as
    /etc/grafana/provisioning. Without --out the files of this checkout are written.
    """
    from servicemap.building import build_files

    build_files(out, check=check)


@command.command()
@configured()
@click.option("--url", envvar="GRAFANA_URL", required=True, help="Such as http://localhost:3000; or give GRAFANA_URL.")
@click.option(
    "--token",
    envvar="GRAFANA_TOKEN",
    help="Token of a service account with the role Admin; better given as GRAFANA_TOKEN.",
)
@click.option(
    "--user",
    envvar="GRAFANA_USER",
    metavar="NAME:PASSWORD",
    help="Login instead of a token; better given as GRAFANA_USER.",
)
@click.option(
    "--folder", default="Servicemap", show_default=True, help="Title of the folder for the dashboards and rules."
)
@click.option("--dry-run", "dry", is_flag=True, help="Change nothing; print what would be done.")
@click.option("--diff", is_flag=True, help="Show what differs.")
@click.option("--force", is_flag=True, help="Send everything, such as a new password, even if nothing changed.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per item.")
def publish(
    config: Config,
    url: str,
    token: str | None,
    user: str | None,
    folder: str,
    dry: bool,
    diff: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Publish the data source, dashboards and alert rules to a running Grafana.

    The data source asks the store at the address in --store: Grafana must reach this address too. What is right already
    is not changed. What Grafana was provisioned with, and where alerts are sent, is not changed either.

    \b
    servicemap dashboards publish --url http://localhost:3000 --user admin:secret --dry-run --diff
    servicemap dashboards publish --url https://grafana.example --store clickhouse://reader:pw@ch:9000/servicemap
    """
    either_or(("--token", typed("token")), ("--user", typed("user")))
    from servicemap.grafana import Grafana
    from servicemap.parts import shared_address
    from servicemap.publishing import Wanted, credential, print_published
    from servicemap.publishing import publish as publish_all

    store = shared_address(config)
    with closing(Grafana(url, credential(token, user))) as grafana:
        done = publish_all(grafana, store, Wanted(folder, force=force, dry=dry))
        print_published(done, dry=dry, diff=diff, as_json=as_json)
