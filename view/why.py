"""The answer of /api/why: the culprit of a node, of an edge, or of all, with the words that `servicemap why` prints."""

from typing import Any

from msgspec import to_builtins

from answers import why
from graph.culprit.model import Edge
from sinks.store import Store
from view.parameters import WhyAsked


def why_answer(store: Store, asked: WhyAsked, now: int) -> dict[str, Any]:
    """Return the answer of /api/why; NotThere where the node or the edge is not known in this time."""
    subject = asked.id
    if asked.client or asked.server:
        subject = Edge(client=asked.client, server=asked.server, port=f"{asked.transport}/{asked.port}").id
    question = why.WhyAsked(subject=subject, level=asked.level, since=asked.start, at=asked.end)
    answer, words, names, end = why.blamed(store, question, now)
    return {
        **to_builtins(answer),
        "to": end,
        "level": asked.level,
        "titles": {hop: names.of(hop) for one in answer.suspects for hop in (*one.path, one.subject)},
        "words": to_builtins(words),
    }
