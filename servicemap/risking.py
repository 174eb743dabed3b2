"""`risks`: print what is found of each risk."""

import click

from answers.risks import RISKS_QUESTION, RisksAsked
from graph.risks.all import RISKS
from schemas.text import shown
from servicemap.answering import ask
from servicemap.columns import aligned
from servicemap.config import Config
from servicemap.printing import print_json

HEADINGS = ("RISK", "OF", "WHAT WAS SEEN")


def run(config: Config, since: int | None, at: int | None, risk: str, *, as_json: bool) -> None:
    """Print the findings of a range."""
    found = ask(config, RISKS_QUESTION, RisksAsked(since=since, at=at, risk=risk)).findings
    if as_json:
        for one in found:
            print_json(one)
    elif found:
        click.echo(aligned(HEADINGS, [(one.risk, shown(one.label), shown(one.sentence)) for one in found]), nl=False)


def print_kinds() -> None:
    """Print the risks that are looked for."""
    click.echo(aligned(("RISK", "MEANS"), [(one.name, one.about) for one in RISKS.values()]), nl=False)
