"""`diff`: print what differs between two times."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

import click

from answers.diff import DIFF, DiffAnswer, DiffAsked, EdgeDiffers, Happened
from graph.labels import printable
from graph.questions.difference import Kind
from schemas.matching import some
from servicemap.answering import ask, print_note
from servicemap.config import Config
from servicemap.printing import print_json

DIFFERS = 3  # exit code, where it is asked for
HEADINGS: Mapping[Kind, str] = {
    "appeared": "Appeared",
    "vanished": "Vanished",
    "changed": "Changed",
    "unseen": "Not seen at both times, for there was no agent",
}


def run(config: Config, asked: DiffAsked, *, everything: bool, exit_code: bool, as_json: bool) -> None:
    """Print what differs."""
    answer = ask(config, DIFF, asked)
    if as_json:
        print_json(answer)
    else:
        then, now = (f"{since[:19]}Z to {at[:19]}Z" for since, at in _times(answer))
        print_note(f"diff by {answer.level}: {then}, then {now}")
        text = list(lines(answer, everything=everything))
        click.echo("\n".join(map(printable, text)) or "Nothing appeared, vanished, or changed beyond the usual.")
    if exit_code and (answer.nodes or answer.edges):
        sys.exit(DIFFERS)


def lines(answer: DiffAnswer, *, everything: bool) -> Iterator[str]:
    """Yield the lines that people read. What comes and goes is only counted, unless `everything` is wanted."""
    for kind, heading in HEADINGS.items():
        nodes = [one for one in answer.nodes if one.change == kind]
        edges = [one for one in answer.edges if one.change == kind and (everything or not one.comes_and_goes)]
        if nodes or edges:
            yield f"{heading}:"
        for node in nodes:
            yield f"  {node.id.partition(':')[0]} {node.title}"
            yield from _reasons(node.because)
        for edge in edges:
            yield from _about(edge)
            yield from _reasons(edge.because)
    restless = sum(one.comes_and_goes for one in answer.edges)
    if restless and not everything:
        yield f"Edges that come and go as usual: {restless}. With --all they are listed."
    if answer.left_out:
        yield f"{answer.left_out:,} further edges may differ: only those that carry most were looked at."


def _times(answer: DiffAnswer) -> Iterator[tuple[str, str]]:
    yield answer.then_from, answer.then_to
    yield answer.start, answer.end


def _about(one: EdgeDiffers) -> Iterator[str]:
    if one.change == "changed":
        yield f"  {one.label}"
        yield from (f"    {each.text}" for each in one.measures)
        return
    agents = some(one.agents)
    more = [
        one.carried,
        "comes and goes" if one.comes_and_goes else "",
        f"no agent on {agents} at the other time" if agents else "",
    ]
    yield f"  {': '.join(filter(None, (one.label, ', '.join(filter(None, more)))))}"


def _reasons(because: Iterable[Happened]) -> Iterator[str]:
    yield from (f"    {_clock(each.time)} {each.text}" for each in because)


def _clock(time: str) -> str:
    return f"{datetime.fromisoformat(time).astimezone():%Y-%m-%d %H:%M:%S}"
