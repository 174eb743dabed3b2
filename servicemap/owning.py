"""`owner`: print who had an address, a port or a pid."""

import click

from answers.owner import OWNER, Owner, OwnerAsked
from schemas.text import shown
from servicemap.answering import ask
from servicemap.columns import aligned
from servicemap.config import Config
from servicemap.printing import print_json

HEADINGS = ("HOST", "PORT", "PID", "SERVICE", "PROGRAM", "CONTAINER", "SINCE", "UNTIL")


def run(config: Config, asked: OwnerAsked, *, as_json: bool) -> None:
    """Print who had it; NotThere where nobody had."""
    found = ask(config, OWNER, asked).owners
    if as_json:
        for one in found:
            print_json(one)
        return
    cells = [tuple(shown(str(value or "")) for value in _cells(one)) for one in found]
    click.echo(aligned(HEADINGS, cells, right={2}), nl=False)


def _cells(one: Owner) -> tuple[object, ...]:
    port = f"{one.transport}/{one.port}" if one.port else ""
    service = f"{one.service} (one of several)" if one.tied else one.service
    container = one.container_name or one.pod or one.container[:12]
    return one.hostname or one.host, port, one.pid, service, one.name, container, one.since[:19], one.until[:19]
