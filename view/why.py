"""The answer of /api/why: the culprit of a node, of an edge, or of all, with the words that `servicemap why` prints."""

from datetime import UTC, datetime
from typing import Any

from msgspec import to_builtins
from msgspec.structs import replace

from graph.culprit.finding import find
from graph.culprit.model import Edge
from graph.culprit.reading import read_evidence
from graph.culprit.words import Names, words
from sinks.store import Store
from view.newest import read_newest
from view.parameters import NotThere, WhyAsked


def why_answer(store: Store, asked: WhyAsked, now: int) -> dict[str, Any]:
    """Return the answer of /api/why; NotThere where the node or the edge is not known in this time."""
    end = asked.end if asked.end is not None else read_newest(store, now).end
    found = read_evidence(store, asked.level, end, asked.start)
    evidence, names = found.evidence, Names(found.evidence, found.titles)
    symptom = asked.id
    if asked.client or asked.server:
        symptom = Edge(client=asked.client, server=asked.server, port=f"{asked.transport}/{asked.port}").id
    known = {node.id for node in evidence.nodes} | {edge.id for edge in evidence.edges}
    known |= {end for edge in evidence.edges for end in (edge.client, edge.server)}
    if symptom and symptom not in known:
        raise NotThere(f"nothing is known of {symptom} in this time")
    answer = find(replace(evidence, symptom=symptom))
    return {
        **to_builtins(answer),
        "to": end,
        "level": asked.level,
        "titles": {hop: names.of(hop) for one in answer.suspects for hop in (*one.path, one.subject)},
        "words": to_builtins(words(answer, names, _clock)),
    }


def _clock(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%H:%M:%S} UTC"
