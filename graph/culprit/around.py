"""What was measured on the way to a suspect, what was ruled out beside it, what is not known, and who was nearby."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from msgspec.structs import replace

from graph.culprit.model import Answer, Measured, RuledOut, Suspect, Witness
from graph.culprit.running import Running
from graph.culprit.troubles import TROUBLES, Calls, State

NEARBY_MS = 600_000  # before and after the start: what happened then may have to do with it
_MOST = 8  # of each list


def with_context(answer: Answer, calls: Calls, running: Running, witnesses: Sequence[Witness]) -> Answer:
    """Return an answer with what is around its first suspect."""
    suspects = [replace(one, witnesses=list(_nearby(one, answer.began, running, witnesses))) for one in answer.suspects]
    path = suspects[0].path if suspects else [answer.symptom] if answer.symptom else []
    return replace(
        answer,
        suspects=suspects,
        measured=[found for hop in path for found in _measured(_state(calls, hop))],
        ruled_out=list(_ruled_out(calls, running, path))[:_MOST],
        not_known=list(dict.fromkeys(_not_known(calls, running, path)))[:_MOST],
    )


def _state(calls: Calls, subject: str) -> State | None:
    return calls.on.get(subject) or calls.to.get(subject)


def _measured(state: State | None) -> list[Measured]:
    """Return the troubles of a hop, or what is known of it where it has none."""
    if state is None:
        return []
    bad = [found for trouble in TROUBLES if (found := state.of(trouble))]
    return bad or [found for found in (state.failing, state.slow) if found]


def _ruled_out(calls: Calls, running: Running, path: Sequence[str]) -> Iterator[RuledOut]:
    """Yield what hops passed on, and what they ask or run on that is as usual."""
    for hop, by in pairwise(path):
        if _state(calls, hop):
            yield RuledOut(subject=hop, measured=_measured(_state(calls, hop)), by=by)
    for hop in reversed(path):
        for edge in calls.out_of.get(_server(calls, hop), ()):
            state = calls.on[edge.id]
            if edge.server not in path and state.known and not state.worst:
                yield RuledOut(subject=edge.server, measured=_measured(state))
    for host in sorted({host for hop in path for host in running.hosts(_server(calls, hop))} - set(path)):
        if running.knows(host) and not running.held(host) and not running.silent(host):
            yield RuledOut(subject=host, measured=running.resources(host))


def _not_known(calls: Calls, running: Running, path: Sequence[str]) -> Iterator[str]:
    for hop in path:
        node = _server(calls, hop)
        if hop in calls.into and not calls.to[hop].known:
            yield f"how {hop} usually answers"
        for edge in calls.out_of.get(node, ()):
            if not calls.on[edge.id].known:
                yield f"how {edge.server} usually answers {edge.client}"
    for hop in path[-1:]:
        for node in {_server(calls, hop), *running.hosts(_server(calls, hop))}:
            if not running.knows(node):
                yield f"what holds {node} back"


def _nearby(suspect: Suspect, began: int, running: Running, witnesses: Iterable[Witness]) -> Iterator[Witness]:
    about = {suspect.subject, *suspect.path[-2:], *running.hosts(suspect.subject)}
    near = (one for one in witnesses if abs(one.time - began) <= NEARBY_MS and one.node in about)
    yield from sorted(near, key=lambda one: (abs(one.time - began), one.time, one.text))[:_MOST]


def _server(calls: Calls, hop: str) -> str:
    return calls.edges[hop].server if hop in calls.edges else hop
