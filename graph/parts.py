"""Parts: a map that is too large to read, cut into groups, and large groups into smaller ones. Pure.

What people declared comes first: namespaces, regions, zones, hosts. Where nothing fits, groups are communities: nodes
with more edges among themselves than to others, named after the one with the most. Networkx finds these with a fixed
seed, so the same map has the same parts.
"""

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import NamedTuple

from graph.lazily import nx

FITS = 30  # cards that can be read at once
DECLARED = ("namespace", "region", "zone", "hostname")
_DEEPEST = 6
_SEED = 1
_KNOWN = 0.8  # of the nodes must have a value by which they are grouped,
_LARGEST = 0.7  # and no value may have more of them
_LARGE = 3_000  # nodes: of more, communities are found roughly
_SMALL = 3  # nodes: fewer are no community
_WANTED, _MOST = 12, 18  # communities of one map: their cards are larger than those of nodes
ELSEWHERE, APART = "elsewhere", "apart from the others"

Path = tuple[str, ...]
Pairs = Mapping[tuple[str, str], int]


class Member(NamedTuple):
    """A node to be grouped, with what is declared of it: values of some of DECLARED."""

    id: str
    title: str
    declared: Mapping[str, str]


def parts(members: Iterable[Member], pairs: Iterable[tuple[str, str]]) -> dict[str, Path]:
    """Return the path of each node: the names of the groups that it is in, the outermost first.

    A pair is a client and a server, once for each edge. A map that can be read as it is has no groups.
    """
    counted = Counter(tuple(sorted(pair)) for pair in pairs if pair[0] != pair[1])
    links: Counter[tuple[str, str]] = Counter({(a, b): count for (a, b), count in counted.items()})
    found: dict[str, Path] = {}
    _divide(sorted(members), links, (), found)
    return found


def settled(before: Mapping[str, Path], members: Iterable[Member], pairs: Iterable[tuple[str, str]]) -> dict[str, Path]:
    """Return the paths of nodes, the same as before where most of them were there: a map must not jump.

    A new node joins the group in which most of its neighbours are.
    """
    members, pairs = list(members), list(pairs)
    fresh = [each for each in members if each.id not in before]
    if len(members) <= FITS or len(fresh) * 4 > len(members):
        return parts(members, pairs)
    near: dict[str, Counter[Path]] = defaultdict(Counter)
    for a, b in pairs:
        for one, other in ((a, b), (b, a)):
            if other in before:
                near[one][before[other]] += 1
    joined = {
        each.id: max(near[each.id].items(), key=lambda item: (item[1], item[0]))[0] for each in fresh if near[each.id]
    }
    return {each.id: before.get(each.id) or joined.get(each.id, (ELSEWHERE,)) for each in members}


def _divide(members: Sequence[Member], links: Pairs, path: Path, found: dict[str, Path]) -> None:
    groups = _groups(members, links, path) if len(members) > FITS and len(path) < _DEEPEST else {}
    if len(groups) < 2:
        found.update({each.id: path for each in members})
        return
    of = {each.id: name for name, inner in groups.items() for each in inner}
    within: dict[str, dict[tuple[str, str], int]] = {name: {} for name in groups}
    for (a, b), count in links.items():
        if of[a] == of[b]:
            within[of[a]][a, b] = count
    for name, inner in groups.items():
        _divide(inner, within[name], (*path, name), found)


def _groups(members: Sequence[Member], links: Pairs, path: Path) -> dict[str, list[Member]]:
    declared = (_declared(members, name) for name in DECLARED)
    return next((groups for groups in declared if groups), None) or _communities(members, links, path)


def _declared(members: Sequence[Member], name: str) -> dict[str, list[Member]]:
    """Group nodes by a value that most of them have; {} where that does not divide them well."""
    groups: dict[str, list[Member]] = defaultdict(list)
    for each in members:
        groups[each.declared.get(name, "")].append(each)
    unknown = len(groups.get("", ()))
    largest = max((len(inner) for value, inner in groups.items() if value), default=0)
    values = len(groups) - ("" in groups)
    if not 2 <= values <= FITS or unknown > (1 - _KNOWN) * len(members) or largest > _LARGEST * len(members):
        return {}
    if unknown:
        groups[ELSEWHERE] = groups.pop("")
    return dict(groups)


def _communities(members: Sequence[Member], links: Pairs, path: Path) -> dict[str, list[Member]]:
    """Group nodes by whom they talk to. What is in none of the large groups, and in touch with none, is apart."""
    graph: nx.Graph[str] = nx.Graph()
    graph.add_nodes_from(each.id for each in members)
    graph.add_weighted_edges_from((a, b, count) for (a, b), count in links.items())
    by_id = {each.id: each for each in members}
    groups, loners = _found(graph)
    named: dict[str, list[Member]] = {}
    for ids in groups:
        inner = sorted(by_id[id_] for id_ in ids)
        named[_name(inner, graph, {*path, *named})] = inner
    return named | ({APART: sorted(by_id[id_] for id_ in loners)} if loners else {})


def _found(graph: "nx.Graph[str]") -> tuple[list[set[str]], set[str]]:
    """Find communities, and divide large ones until there are enough; and what is in none of them."""
    least = max(_SMALL, len(graph) // (2 * FITS))
    groups, loners = _joined(graph, _around_hubs(graph) if len(graph) > _LARGE else _louvain(graph), least)
    while 0 < len(groups) < _WANTED and len(largest := max(groups, key=lambda each: (len(each), min(each)))) > FITS:
        within = graph.subgraph(sorted(largest))
        inner, rest = _joined(within, _louvain(within), least)
        inner += [rest] if rest else []
        if len(inner) < 2 or len(groups) + len(inner) > _MOST + 1:
            break
        groups = [*(each for each in groups if each is not largest), *inner]
    return groups, loners


def _louvain(graph: "nx.Graph[str]") -> list[set[str]]:
    return [set(each) for each in nx.community.louvain_communities(graph, seed=_SEED)]


def _around_hubs(graph: "nx.Graph[str]") -> list[set[str]]:
    """Put each node to the nearest of the nodes with the most edges that are no neighbours of each other."""
    hubs: list[str] = []
    for node in sorted(graph, key=lambda each: (-graph.degree(each), each)):
        if len(hubs) < _WANTED and not any(graph.has_edge(node, hub) for hub in hubs):
            hubs.append(node)
    cells = nx.voronoi_cells(graph, set(hubs), weight=lambda *_: 1)
    return [set(cell) for cell in cells.values() if cell]


def _joined(graph: "nx.Graph[str]", groups: list[set[str]], least: int) -> tuple[list[set[str]], set[str]]:
    """Join groups of fewer than `least` with those that they have the most edges to; and return those without any."""
    of = {node: at for at, inner in enumerate(groups) for node in inner}
    between: dict[int, Counter[int]] = defaultdict(Counter)
    for a, b, count in graph.edges(data="weight", default=1):
        if of[a] != of[b]:
            between[of[a]][of[b]] += count
            between[of[b]][of[a]] += count
    there = {at: set(inner) for at, inner in enumerate(groups)}
    loners: set[str] = set()
    for at in sorted(there, key=lambda each: (len(there[each]), min(there[each]))):
        if len(there[at]) >= least and len(there) <= _MOST:
            continue
        inner, near = there.pop(at), between.pop(at, Counter())
        if not near:
            loners |= inner
            continue
        into = max(near, key=lambda each: (near[each], -each))
        there[into] |= inner
        for other, count in near.items():
            del between[other][at]
            if other != into:
                between[into][other] += count
                between[other][into] += count
    return (list(there.values()), loners) if there else ([loners], set())


def _name(members: Sequence[Member], graph: "nx.Graph[str]", taken: Container[str]) -> str:
    """Name a community after its node with the most edges whose name is not taken."""
    by_degree = sorted(members, key=lambda each: (-graph.degree(each.id, weight="weight"), each.title, each.id))
    names = (f"around {each.title}" for each in by_degree)
    return next((name for name in names if name not in taken), f"around {by_degree[0].id}")
