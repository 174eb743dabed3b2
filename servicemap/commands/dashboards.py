"""`servicemap dashboards`: Grafana's dashboards and alerts as files, and into a running Grafana."""

from pathlib import Path

import click


@click.group()
def command() -> None:
    """Write Grafana's dashboards and alert rules as files.

    \b
    servicemap dashboards build --out grafana
    """


@command.command()
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Write below this directory.")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if a file is not what it would be.")
def build(out: Path | None, check: bool) -> None:
    """Write the dashboards (dashboards/*.json) and what provisions them and the alerts (provisioning/).

    They are files for Grafana's provisioning: dashboards where its provider looks for them, provisioning/ as
    /etc/grafana/provisioning. Without --out the files of this checkout are written.
    """
    from servicemap.building import build_files

    build_files(out, check=check)
