"""`doctor --permissions`: what an agent that is started like this command would see, and what each takes."""

import click

from collectors.permissions import PERMISSIONS
from servicemap.config import Config
from servicemap.host_checks import host_checks
from servicemap.printing import print_json

HEADINGS = ("HERE", "TO SEE", "TAKES")


def print_permissions(config: Config, *, as_json: bool) -> None:
    """Print each permission, and whether it is there."""
    missing = {check.name: check.needs for check in host_checks(config.collectors) if check.state != "ok"}
    found = [(one, one.lacks(missing)) for one in PERMISSIONS]
    if as_json:
        print_json(
            [{"sees": one.sees, "takes": one.takes, "besides": one.besides, "lacks": lacks} for one, lacks in found]
        )
        return
    width = max(len(one.sees) for one in PERMISSIONS)
    here, sees, takes = HEADINGS
    click.echo(f"{here}  {sees:<{width}}  {takes}")
    for one, lacks in found:
        click.echo(f"{'no' if lacks else 'yes':<{len(here)}}  {one.sees:<{width}}  {', '.join(one.takes) or 'nothing'}")
        if lacks:
            click.echo(f"{'':<{len(here)}}  lacks: {lacks}")
