"""`order`: print the waves in which nodes can be started or stopped, each step with its reason."""

from collections.abc import Sequence
from typing import Any

import click

from graph.questions.order import Step, start_order, stop_order
from servicemap.columns import aligned
from servicemap.config import Config
from servicemap.exports.mermaid import label_of
from servicemap.map_options import Drawing
from servicemap.mapping import print_note
from servicemap.printing import print_json
from servicemap.reaching import Drawn, drawn, some

HEADINGS = ("WAVE", "STEP", "BECAUSE")


def run(config: Config, wanted: Drawing, what: str, form: str) -> None:
    """Print the waves as a table, as JSON or as a Mermaid diagram."""
    on = drawn(config, wanted)
    waves = (start_order if what == "start" else stop_order)(on.wiring)
    if form == "json":
        for number, wave in enumerate(waves, 1):
            print_json({"wave": number, "steps": [_fields(on, step, what) for step in wave]})
    elif form == "mermaid":
        click.echo(mermaid(on, waves, what), nl=False)
    else:
        steps = [(number, step) for number, wave in enumerate(waves, 1) for step in wave]
        cells = [(str(number), _names(on, step.nodes), reason(on, step, what)) for number, step in steps]
        print_note(f"{what} {len(steps)} steps in {len(waves)} waves, by the {on.title}")
        click.echo(aligned(HEADINGS, cells, right=(0,)), nl=False)


def reason(on: Drawn, step: Step, what: str) -> str:
    """Return why a step stands where it does, as a sentence."""
    others = dict.fromkeys(on.labels[arrow.server if what == "start" else arrow.client] for arrow in step.because)
    parts = []
    if others:
        parts.append(f"needs {some(list(others))}" if what == "start" else f"is needed by {some(list(others))}")
    elif len(step.nodes) == 1:
        parts.append("needs nothing" if what == "start" else "nobody needs it")
    if len(step.nodes) > 1:
        ends = [f"{on.labels[one.client]} → {on.server_of(one)}" for one in step.breaks]
        parts.append(f"they need each other; they had an order without {some(ends)}")
    return "; ".join(parts)


def mermaid(on: Drawn, waves: Sequence[Sequence[Step]], what: str) -> str:
    """Return the waves as a Mermaid flowchart: a box for each wave, arrows from what comes first."""
    numbers = {node: f"n{at}" for at, node in enumerate(on.wiring)}
    lines = ["flowchart LR"]
    for number, wave in enumerate(waves, 1):
        lines.append(f'  subgraph w{number}["wave {number}"]')
        lines += [f"    {numbers[node]}[{label_of(on.labels[node])}]" for step in wave for node in step.nodes]
        lines.append("  end")
    for step in (step for wave in waves for step in wave):
        for arrow in step.because:
            first, then = (arrow.server, arrow.client) if what == "start" else (arrow.client, arrow.server)
            lines.append(f"  {numbers[first]} --> {numbers[then]}")
    return "\n".join(lines) + "\n"


def _fields(on: Drawn, step: Step, what: str) -> dict[str, Any]:
    return {
        "nodes": [{"id": node, "title": on.nodes[node].title} for node in step.nodes],
        "because": [{"client": arrow.client, "server": arrow.server} for arrow in step.because],
        "reason": reason(on, step, what),
        "breaks": [
            {"client": arrow.client, "server": arrow.server, "ports": list(arrow.ports)} for arrow in step.breaks
        ],
    }


def _names(on: Drawn, nodes: Sequence[str]) -> str:
    return ", ".join(on.labels[node] for node in nodes)
