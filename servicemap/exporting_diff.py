"""`export --against`: a map together with what an earlier one had, each node and edge with how it differs."""

from collections.abc import Mapping
from typing import TypeVar

from msgspec import structs

from answers.diff import DIFF, DiffAsked
from answers.mapped import Mapped
from graph.model import Edge, Node, ServiceMap, Wanted
from schemas.moments import moment
from servicemap.answering import ask
from servicemap.config import Config
from servicemap.exports.fields import CHANGE
from servicemap.mapping import read
from servicemap.two_times import Time

_One = TypeVar("_One", Node, Edge)
_Key = tuple[str, str, str, int]


def with_differences(config: Config, asked: Mapped, then: Time, wanted: Wanted) -> Mapped:
    """Return a map with what vanished since then, where each node and edge that differs says how."""
    found = asked.found
    diff = ask(
        config,
        DIFF,
        DiffAsked(then_since=then.since, then_at=then.at, since=_ms(found.start), at=_ms(found.end), level=found.level),
    )
    earlier = read(config, _ms(diff.then_from), _ms(diff.then_to), wanted).found
    edges = {(one.client, one.server, one.transport, one.server_port): one.change for one in diff.edges}
    nodes: Mapping[str, str] = {one.id: one.change for one in diff.nodes}
    there, known = {_key(edge) for edge in found.edges}, {node.id for node in found.nodes}
    gone = [edge for edge in earlier.edges if _key(edge) in edges and _key(edge) not in there]
    ends = {end for edge in gone for end in (edge.client, edge.server)} - known
    both = ServiceMap(
        start=found.start,
        end=found.end,
        level=found.level,
        nodes=[_marked(one, nodes.get(one.id)) for one in (*found.nodes, *(n for n in earlier.nodes if n.id in ends))],
        edges=[_marked(one, edges.get(_key(one))) for one in (*found.edges, *gone)],
    )
    return asked._replace(found=both, title=f"{asked.title}, against {diff.then_from} to {diff.then_to}")


def _marked(one: _One, change: str | None) -> _One:
    return structs.replace(one, annotations={**one.annotations, CHANGE: change}) if change else one


def _key(edge: Edge) -> _Key:
    return edge.client, edge.server, edge.transport, edge.server_port


def _ms(time: str) -> int:
    return moment(time, 0, None)
