"""`why`: from a symptom to the culprit."""

import re
from datetime import UTC, datetime
from typing import Annotated, Literal, NamedTuple

from msgspec import Meta, structs

from answers.asked import OfMap, Text
from answers.faults import NotThere
from answers.question import Answered, Question
from answers.times import end_of_records, outside
from graph.asking import Store
from graph.culprit.finding import find
from graph.culprit.model import Answer, Evidence, Measured, RuledOut, Suspect
from graph.culprit.reading import read_evidence
from graph.culprit.words import Names, Words, words
from graph.model import iso_ms
from graph.reading import stored
from graph.statement import map_statement
from schemas.matching import unknown
from schemas.times import HOUR_MS, MINUTE_MS, iso

AFTER_MS = 10 * MINUTE_MS  # of the start of the trouble is looked at, if nobody says until when


class WhyAsked(OfMap, frozen=True, kw_only=True):
    """A symptom. The trouble began at `since`; without it, the start is found."""

    subject: Annotated[
        Text, Meta(description="What somebody complains of: a node by its name or id, or an edge: web -> store.")
    ] = ""  # fmt: skip
    symptom: Annotated[Literal["", "slow", "failing"], Meta(description="What is wrong with it.")] = ""


class WhyAnswer(Answered, kw_only=True):
    """The suspects, the likeliest first, with what was measured of each; the same in words."""

    began: str
    symptom: str
    symptom_label: str
    suspects: list[Suspect]
    standing: list[Suspect]
    measured: list[Measured]
    ruled_out: list[RuledOut]
    not_known: list[str]
    words: Words


class Blamed(NamedTuple):
    """The culprit of a symptom, its words, the names of all that it is about, and up to when was looked, ms."""

    answer: Answer
    words: Words
    names: Names
    end: int


def blamed(store: Store, asked: WhyAsked, now: int) -> Blamed:
    """Find the culprit; NotThere for an unknown name, or a time of which nothing is stored."""
    asked.check()
    end = _end(store, asked, now)
    found = read_evidence(store, asked.level, end, asked.since)
    names = Names(found.evidence, found.titles)
    symptom = _subject(asked.subject, asked.level, found.evidence, names)
    answer = find(structs.replace(found.evidence, symptom=symptom, trouble=asked.symptom))
    return Blamed(answer, words(answer, names, _clock), names, end)


def _answer(store: Store, asked: WhyAsked, now: int) -> WhyAnswer:
    answer, in_words, names, end = blamed(store, asked, now)
    fields = {**structs.asdict(answer), "began": iso_ms(answer.began)}
    start = answer.began - HOUR_MS
    return WhyAnswer(
        **fields,
        start=iso_ms(start),
        end=iso_ms(end),
        level=asked.level,
        notes=[],
        sql=map_statement(asked.level, start, end),
        symptom_label=names.of(answer.symptom) if answer.symptom else "",
        words=in_words,
    )


def _subject(name: str, level: str, evidence: Evidence, names: Names) -> str:
    """Return the id of a node or an edge by its name; "" without a name. NotThere with the nearest names."""
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
        raise NotThere(unknown("edge", wanted, set(by_title)))
    by_title = names.known(nodes)
    if found := by_title.get(name):
        return found
    raise NotThere(unknown(level, name, set(by_title)))


def _end(store: Store, asked: WhyAsked, now: int) -> int:
    """Return up to when to look, ms."""
    present = end_of_records(store)
    latest, since = min(present, now), asked.since
    end = asked.at if asked.at is not None else latest if since is None else min(since + AFTER_MS, latest)
    begin = stored(store, end - MINUTE_MS, end).begin
    start = end - MINUTE_MS
    if end <= begin or start >= present or (since is not None and since >= end):
        raise NotThere(outside(start, end, begin, present))
    if start < begin:
        raise NotThere(f"the stored data begin at {iso(begin)}, and why needs a minute of them: ask for a later time")
    return min(end, present)


def _clock(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%H:%M:%S} UTC"


WHY = Question(
    "why",
    "The culprit of trouble: the deepest node or edge that departs from its own past, and what speaks against it.",
    WhyAsked,
    WhyAnswer,
    _answer,
)
