"""`why`: read the evidence of a time, find the culprit, and print it."""

import re
import time
from datetime import datetime
from typing import NamedTuple

import click
from msgspec import to_builtins
from msgspec.structs import replace

from graph.culprit.finding import find
from graph.culprit.model import Evidence
from graph.culprit.reading import read_evidence
from graph.culprit.words import Names, Words, words
from graph.model import iso_ms
from graph.reading import stored
from schemas.matching import unknown
from schemas.times import MINUTE_MS
from servicemap.config import Config
from servicemap.map_text import printable
from servicemap.options import Failure, NothingMatches, iso
from servicemap.parts import store_address
from servicemap.printing import print_json
from servicemap.stored_times import end_of_records, outside
from sinks.store import Store, StoreError

AFTER_MS = 10 * MINUTE_MS  # of the start of the trouble is looked at, if nobody says until when


class Why(NamedTuple):
    """What is asked: a subject by its name, its trouble, the level, and when; "" and None for any."""

    subject: str
    trouble: str
    level: str
    since: int | None
    at: int | None


def run(config: Config, why: Why, *, as_json: bool) -> None:
    """Find the culprit and print it. NothingMatches for an unknown name, or a time of which nothing is stored."""
    store = Store(store_address(config, write=False))
    try:
        end = _end(store, why)
        found = read_evidence(store, why.level, end, why.since)
    except StoreError as error:
        raise Failure(str(error)) from None
    finally:
        store.close()
    names = Names(found.evidence, found.titles)
    symptom = subject_of(why.subject, why.level, found.evidence, names)
    evidence = replace(found.evidence, symptom=symptom, trouble=why.trouble)
    answer = find(evidence)
    in_words = words(answer, names, _clock)
    if as_json:
        times = {"began": iso_ms(answer.began), "to": iso_ms(end), "level": why.level}
        print_json({**to_builtins(answer), **times, "words": to_builtins(in_words)})
        return
    title = f"why {names.of(symptom)}" if symptom else "why"
    click.echo(f"servicemap: {title}: {iso(answer.began)} to {iso(end)}, compared with the hour before", err=True)
    click.echo("\n".join(map(printable, text(in_words))))


def subject_of(name: str, level: str, evidence: Evidence, names: Names) -> str:
    """Return the id of a node or an edge by its name; "" without a name. NothingMatches with the nearest names."""
    if not name:
        return ""
    nodes = {edge.client for edge in evidence.edges} | {edge.server for edge in evidence.edges}
    nodes |= {node.id for node in evidence.nodes if not node.of}
    edges = {edge.id for edge in evidence.edges}
    if name in nodes | edges:
        return name
    ends = [end.strip() for end in re.split(r"\s*(?:->|→)\s*", name)]
    if len(ends) == 2:
        by_title = names.known(edges)
        wanted = " → ".join(ends)
        matching = sorted(title for title in by_title if title == wanted or title.startswith(f"{wanted} "))
        if matching:
            return by_title[matching[0]]
        raise NothingMatches(unknown("edge", wanted, set(by_title)))
    by_title = names.known(nodes)
    if found := by_title.get(name):
        return found
    raise NothingMatches(unknown(level, name, set(by_title)))


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


def _end(store: Store, why: Why) -> int:
    """Return up to when to look, ms."""
    present = end_of_records(store)
    now = min(present, int(time.time() * 1000))
    end = why.at if why.at is not None else now if why.since is None else min(why.since + AFTER_MS, now)
    begin = stored(store, end - MINUTE_MS, end).begin
    start = end - MINUTE_MS
    if end <= begin or start >= present or (why.since is not None and why.since >= end):
        raise NothingMatches(outside(start, end, begin, present))
    if start < begin:
        raise NothingMatches(
            f"the stored data begin at {iso(begin)}, and why needs a minute of them: ask for a later time"
        )
    return min(end, present)


def _clock(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms / 1000).astimezone():%H:%M:%S}"
