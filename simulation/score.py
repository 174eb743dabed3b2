"""How true maps are: edges, nodes, names, directions and counts of each level, and events, beside the truth.

Precision is the share of what is shown that is true, recall the share of what could be known that is shown. What nobody
could know counts for neither. An end that is shown as less than it is (its host, its address) is no error, as long as
no agent knew better: a wrong credit always is one.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct, field, structs

from graph import counters
from graph.model import Edge, ServiceMap
from graph.requests import Key, key
from simulation.architecture import Program
from simulation.expected import Item, Truth, titles
from simulation.truth import TrueEdge

WITHIN = 0.01  # counts may be off by this share
EVENTS = {"started": "process_started", "exited": "process_exited", "killed": "process_exited"}


class Share(Struct, frozen=True):
    """So many of so many. Of nothing, all is right."""

    right: int
    of: int

    @property
    def value(self) -> float:
        """Return the share."""
        return self.right / self.of if self.of else 1.0


class LevelScore(Struct, kw_only=True):
    """A map of one level beside the truth. Lists have the edges and nodes themselves."""

    level: str
    edges_precision: Share
    edges_recall: Share
    nodes_precision: Share
    nodes_recall: Share
    names: Share
    counts: dict[str, Share] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)  # credited to whom they are not of
    swapped: list[str] = field(default_factory=list)  # of these, those whose ends changed places
    missing: list[str] = field(default_factory=list)
    misnamed: list[str] = field(default_factory=list)
    miscounted: list[str] = field(default_factory=list)
    vague: list[str] = field(default_factory=list)  # an end is shown as less than it is, and than agents knew
    unprovable: list[str] = field(default_factory=list)  # no agent saw any of them

    @property
    def shares(self) -> dict[str, Share]:
        """Return all shares by their names."""
        own = ("edges_precision", "edges_recall", "nodes_precision", "nodes_recall", "names")
        return {name: getattr(self, name) for name in own} | self.counts


class EventScore(Struct, kw_only=True):
    """Events of processes beside the truth."""

    precision: Share
    recall: Share
    wrong: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


class Score(Struct, kw_only=True):
    """The scores of all levels, and of events where they were asked for."""

    levels: list[LevelScore]
    events: EventScore | None = None

    @property
    def shares(self) -> dict[str, Share]:
        """Return all shares by where they are of and their names."""
        found = {f"{one.level} {name}": share for one in self.levels for name, share in one.shares.items()}
        if self.events is not None:
            found |= {"events precision": self.events.precision, "events recall": self.events.recall}
        return found

    @property
    def wrong(self) -> list[str]:
        """Return the wrong credits of all levels."""
        return [f"{one.level}: {each}" for one in self.levels for each in one.wrong]

    def passes(self, at_least: float) -> bool:
        """Return whether nothing is credited wrongly, and no share is below `at_least`."""
        return not self.wrong and all(share.value >= at_least for share in self.shares.values())


def score(truth: Truth, found: ServiceMap, within: float = WITHIN) -> LevelScore:
    """Compare a map of the whole range with the truth."""
    level, items = found.level, truth.items(found.level)
    shown = {key(edge): edge for edge in found.edges}
    true = truth.true(level)
    wrong = shown.keys() - true
    wrong -= truth.shapes(level) if wrong else set()
    fitting = {shape for item in items for shape in item.shapes}
    missing = [item for item in items if not any(shape in shown for shape in item.shapes)]
    made = LevelScore(
        level=level,
        edges_precision=Share(len(shown) - len(wrong), len(shown)),
        edges_recall=Share(len(items) - len(missing), len(items)),
        nodes_precision=_nodes_precision(found, truth),
        nodes_recall=_nodes_recall(found, items),
        names=Share(0, 0),
        wrong=_texts(wrong),
        swapped=_texts(each for each in wrong if _turned(each, true)),
        missing=_texts(item.best for item in missing),
        vague=_texts(shown.keys() - fitting - wrong),
        unprovable=_texts(truth.unprovable(level) - shown.keys()),
    )
    _judge_names(made, found, truth)
    _judge_counts(made, shown, truth.counted(level), within)
    return made


def score_events(truth: Truth, found: Iterable[tuple[str, str]]) -> EventScore:
    """Compare events, as kind and node, with the truth."""
    seen = {(kind, node) for kind, node in found if kind in EVENTS.values()}
    happened = {(EVENTS[event.kind], event.node) for event in truth.events if event.kind in EVENTS}
    known = {(EVENTS[event.kind], event.node) for event in truth.provable_events if event.kind in EVENTS}
    wrong, missing = seen - happened, known - seen
    return EventScore(
        precision=Share(len(seen) - len(wrong), len(seen)),
        recall=Share(len(known) - len(missing), len(known)),
        wrong=sorted(map(" ".join, wrong)),
        missing=sorted(map(" ".join, missing)),
    )


def name_services(made: LevelScore, truth: Truth, called: Mapping[str, str]) -> LevelScore:
    """Judge what services are called, process by process: after themselves, or after the program that they run."""
    right, wrong = 0, Counter[str]()
    for node in sorted(called.keys() & truth.programs.keys()):
        end = truth.ends[node]
        if called[node] == end.service or called[node].casefold() in _names_of(truth.programs[node]):
            right += 1
        else:
            wrong[f"{end.service} is called {called[node] or 'nothing'}"] += 1
    misnamed = [f"{sentence} ({count:,} processes)" for sentence, count in sorted(wrong.items())]
    return structs.replace(made, names=Share(right, right + wrong.total()), misnamed=misnamed)


def _names_of(program: Program) -> set[str]:
    return {name.casefold() for name in (program.name, program.exe.rpartition("/")[2], program.product) if name}


def text(edge: Key) -> str:
    """Write an edge for people."""
    return f"{edge.client} → {edge.server} {edge.transport}/{edge.server_port}"


def _texts(edges: Iterable[Key]) -> list[str]:
    return sorted(map(text, edges))


def _turned(edge: Key, true: set[Key]) -> bool:
    return any((edge.client, edge.server) == (other.server, other.client) for other in true)


def _nodes_precision(found: ServiceMap, truth: Truth) -> Share:
    shapes = truth.shapes(found.level)
    known = {node for edge in shapes for node in (edge.client, edge.server)}
    nodes = _ends(found.edges)
    return Share(len(nodes & known), len(nodes))


def _nodes_recall(found: ServiceMap, items: Iterable[Item]) -> Share:
    wanted = {nodes for item in items for nodes in (item.clients, item.servers)}
    nodes = _ends(found.edges)
    return Share(sum(not nodes.isdisjoint(each) for each in wanted), len(wanted))


def _ends(edges: Iterable[Edge]) -> set[str]:
    return {node for edge in edges for node in (edge.client, edge.server)}


def _judge_names(made: LevelScore, found: ServiceMap, truth: Truth) -> None:
    right = {node: title for end in truth.ends.values() for node, title in titles(end).items()}
    named = [(node, right[node.id]) for node in found.nodes if node.id in right]
    made.misnamed = [f"{node.id} is called {node.title}" for node, title in named if node.title != title]
    made.names = Share(len(named) - len(made.misnamed), len(named))


def _judge_counts(made: LevelScore, shown: Mapping[Key, Edge], counted: Mapping[Key, TrueEdge], within: float) -> None:
    for name in ("opened", "failed", "bytes", "requests", "errors"):
        right = of = 0
        for edge in sorted(counted.keys() & shown.keys()):
            have, want = _shown(shown[edge]).get(name), _true(counted[edge]).get(name, 0)
            if have is None:
                continue
            of += 1
            fits = abs(have - want) <= within * want
            right += fits
            if not fits:
                made.miscounted.append(f"{text(edge)}: {have:,} {name} of {want:,}")
        made.counts[name] = Share(right, of)


def _shown(edge: Edge) -> dict[str, int | None]:
    """Return the counts of a map's edge; None where agents cannot see any."""
    requests = edge.requests if isinstance(edge.requests, int) else None
    errors = edge.errors if isinstance(edge.errors, int) else None
    return {
        "opened": edge.connections_opened,
        "failed": edge.connections_failed,
        "bytes": counters.moved(edge.counters) if edge.counted else None,
        "requests": requests,
        "errors": errors,
    }


def _true(edge: TrueEdge) -> dict[str, int]:
    return {
        "opened": edge.opened,
        "failed": edge.failed,
        "bytes": edge.to_server_bytes + edge.to_client_bytes,
        "requests": edge.requests,
        "errors": edge.errors + edge.unanswered,
    }


def lines(made: Score) -> Iterator[str]:
    """Yield a sentence on each thing that is not right."""
    for one in made.levels:
        for kind in ("wrong", "swapped", "missing", "misnamed", "miscounted"):
            yield from (f"{one.level}: {kind}: {each}" for each in getattr(one, kind))
    if made.events is not None:
        for kind in ("wrong", "missing"):
            yield from (f"events: {kind}: {each}" for each in getattr(made.events, kind))
