"""`why`: print the culprit."""

import click

from answers.why import WHY, WhyAsked
from graph.culprit.words import Words
from graph.labels import printable
from servicemap.answering import ask
from servicemap.config import Config
from servicemap.printing import print_json


def run(config: Config, asked: WhyAsked, *, as_json: bool) -> None:
    """Find the culprit and print it."""
    answer = ask(config, WHY, asked)
    if as_json:
        print_json(answer)
        return
    title = f"why {answer.symptom_label}" if answer.symptom else "why"
    times = f"{answer.began[:19]}Z to {answer.end[:19]}Z"
    click.echo(f"servicemap: {title}: {times}, compared with the hour before", err=True)
    click.echo("\n".join(map(printable, text(answer.words))))


def text(in_words: Words) -> list[str]:
    """Return the lines that people read: the culprit first, then each part that is not empty."""
    lines = [in_words.culprit[:1].upper() + in_words.culprit[1:] + "."]
    lines += [f"  {line}" for line in in_words.because]
    parts = {
        "The way there:": [f"{'→ ' if at else ''}{line}" for at, line in enumerate(in_words.way)],
        "Nearby in time:": in_words.witnesses,
        "Next in line:": in_words.others,
        "Always there, so it departs from no past:": in_words.standing,
        "Ruled out:": in_words.ruled_out,
        "Not known:": in_words.not_known,
    }
    for heading, found in parts.items():
        if found:
            lines += [heading, *(f"  {line}" for line in found)]
    return lines
