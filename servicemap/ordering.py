"""`order`: print the waves in which nodes can be started or stopped, each step with its reason."""

from collections.abc import Sequence
from itertools import groupby

import click
from msgspec import structs

from answers.asked import Drawing
from answers.order import ORDER, OrderAsked, StepFields, What
from servicemap.answering import ask
from servicemap.columns import aligned
from servicemap.config import Config
from servicemap.exports.mermaid import label_of
from servicemap.printing import print_json

HEADINGS = ("WAVE", "STEP", "BECAUSE")


def run(config: Config, wanted: Drawing, what: What, form: str) -> None:
    """Print the steps as a table, as JSON or as a Mermaid diagram."""
    steps = ask(config, ORDER, OrderAsked(**structs.asdict(wanted), what=what)).steps
    if form == "json":
        for step in steps:
            print_json(step)
    elif form == "mermaid":
        click.echo(mermaid(steps, what), nl=False)
    else:
        cells = [(str(step.wave), ", ".join(node.label for node in step.nodes), step.reason) for step in steps]
        click.echo(aligned(HEADINGS, cells, right=(0,)), nl=False)


def mermaid(steps: Sequence[StepFields], what: What) -> str:
    """Return the waves as a Mermaid flowchart: a box for each wave, arrows from what comes first."""
    numbers = {node: f"n{at}" for at, node in enumerate(sorted(node.id for step in steps for node in step.nodes))}
    lines = ["flowchart LR"]
    for number, wave in groupby(steps, key=lambda step: step.wave):
        lines.append(f'  subgraph w{number}["wave {number}"]')
        lines += [f"    {numbers[node.id]}[{label_of(node.label)}]" for step in wave for node in step.nodes]
        lines.append("  end")
    for arrow in (arrow for step in steps for arrow in step.because):
        first, then = (arrow.server, arrow.client) if what == "start" else (arrow.client, arrow.server)
        lines.append(f"  {numbers[first]} --> {numbers[then]}")
    return "\n".join(lines) + "\n"
