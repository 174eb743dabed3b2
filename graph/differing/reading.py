"""Read what a comparison needs: first the edges of both ranges, then the past of those that may differ."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from graph.asking import Store
from graph.columns import ENDS
from graph.culprit.model import Edge
from graph.culprit.rows import EdgeStepRow, edges_in_steps
from graph.culprit.seen import Seen
from graph.differing.happenings import ran_at, witnesses
from graph.differing.rows import (
    CHOSEN,
    AddressRow,
    ComparedRow,
    HappenedRow,
    NumberRow,
    RunRow,
    addresses,
    compared_edges,
    compared_requests,
    happened,
    running,
)
from graph.differing.stretches import Range, Stretches, stretches
from graph.differing.watched import Watched, read_watched
from graph.levels import values_of
from graph.questions.difference import Compared, Difference, Traced, difference
from graph.questions.variation import Counts
from graph.reading import names_of_addresses, names_of_hosts, stored
from graph.requested import RequestStepRow, requests_in_steps
from graph.requests import any_requests
from graph.stored import RolledUpRow, newest_roll_ups
from graph.titles import title_of

MOST = 2_000  # edges that are looked at closer
_NOBODY = "\t"


class Differs(NamedTuple):
    """What differs between two ranges, and the titles of what is named. Further edges, `left_out`, were too many."""

    before: Range
    after: Range
    level: str
    difference: Difference
    titles: Mapping[str, str]
    left_out: int


def read_difference(store: Store, level: str, before: Range, after: Range) -> Differs:
    """Return what differs at a level. The first range ends before the second begins."""
    rolled = store.row(RolledUpRow, newest_roll_ups()) if level != "address" else RolledUpRow(0, 0)
    of = stretches(before, after, stored(store, *before).begin, rolled)
    watched = read_watched(store, of, level)
    seconds = watched.both()
    span = {"from": before.start, "to": after.end}
    asked = {"partly": [*watched.partly(), _NOBODY], "before_s": seconds[0], "after_s": seconds[1], **span}
    rows = store.rows(ComparedRow, compared_edges(level, of), asked)
    requests = any(any_requests(store, *one) for one in (before, after))
    others = store.rows(NumberRow, compared_requests(level, of), asked) if requests else []
    chosen = _chosen(rows, {row.number for row in others})
    traced, traced_rows = _traced(store, level, of, watched, [row.number for row in chosen[:MOST]], requests=requests)
    agents = watched.agents
    lost = [*agents[0] ^ agents[1], _NOBODY]
    runs = [
        row
        for row in store.rows(RunRow, running(ran_at(level)), {"then": before.end, "now": after.end})
        if row.host in agents[0] & agents[1]
    ]
    nodes = {end for one in traced for end in (one.edge.client, one.edge.server)} | {row.node for row in runs}
    happenings = store.rows(HappenedRow, happened(), span | _about(nodes, traced))
    hostnames = names_of_hosts(store, before.start, after.end)
    compared = Compared(
        edges=traced,
        lasting=of.lasting,
        nodes_before={end for row in rows if row.before for end in (row.client, row.server)},
        nodes_after={end for row in rows if row.after for end in (row.client, row.server)},
        agents_before=agents[0],
        agents_after=agents[1],
        addresses=dict(store.rows(AddressRow, addresses(), {"hosts": lost})),
        replaced={row.node for row in runs},
        witnesses=witnesses(level, runs, happenings, after.end, hostnames),
    )
    titles = _titles(store, of, traced_rows, nodes, hostnames)
    return Differs(before, after, level, difference(compared), titles, max(0, len(chosen) - MOST))


def _about(nodes: Iterable[str], traced: Iterable[Traced]) -> dict[str, list[str]]:
    """Return the services and hosts to which something may have happened that explains a difference."""
    services = {values_of(node).get("service", "") for node in nodes} - {""}
    hosts = {host for one in traced for host in (*one.client_hosts, *one.server_hosts)}
    return {"services": [*sorted(services), _NOBODY], "hosts": [*sorted(hosts), _NOBODY]}


def _chosen(rows: Iterable[ComparedRow], others: Collection[int]) -> list[ComparedRow]:
    """Return the edges that are looked at closer: those not there at both times first, then those that carry most."""
    found = [row for row in rows if not (row.before and row.after) or row.differs or row.number in others]
    return sorted(found, key=lambda row: (bool(row.before and row.after), -row.amount, row.number))


def _traced(
    store: Store, level: str, of: Stretches, recorded: Watched, numbers: list[int], *, requests: bool
) -> tuple[list[Traced], list[EdgeStepRow]]:
    """Return the chosen edges, with their past, and their rows."""
    if not numbers:
        return [], []
    asked = {"numbers": numbers, "from": of.before.start, "to": of.after.end}
    over = of.all_of(CHOSEN)
    rows = store.rows(EdgeStepRow, edges_in_steps(level, over), asked)
    answers = store.rows(RequestStepRow, requests_in_steps(level, over=over), asked) if requests else []
    by_edge: dict[str, dict[int, EdgeStepRow]] = defaultdict(dict)
    for row in rows:
        by_edge[_id(row)][row.point] = row
    asked_of: dict[str, dict[int, RequestStepRow]] = defaultdict(dict)
    for one in answers:
        asked_of[_id(one)][one.point] = one
    seen = Seen(of.lengths, of.after.end, recorded)
    edges = seen.edges(rows, answers)
    return [_one(edge, of, recorded, by_edge[edge.id], asked_of.get(edge.id, {})) for edge in edges], rows


def _id(row: EdgeStepRow | RequestStepRow) -> str:
    return Edge(client=row.client, server=row.server, port=f"{row.transport}/{row.server_port}").id


def _one(
    edge: Edge,
    of: Stretches,
    recorded: Watched,
    rows: Mapping[int, EdgeStepRow],
    requests: Mapping[int, RequestStepRow],
) -> Traced:
    ends = [rows[at] for at in (of.before.start, of.after.start) if at in rows]
    client_hosts = {host for row in ends for host in row.client_hosts}
    server_hosts = {host for row in ends for host in row.server_hosts}
    before, after = (_counted(rows.get(one.start), requests.get(one.start)) for one in (of.before, of.after))
    seconds = recorded.both({*client_hosts, *server_hosts})
    times = seconds[1] / seconds[0] if all(seconds) else 1.0
    return Traced(
        edge=edge,
        there=[at in rows for at in of.lengths],
        client_hosts=client_hosts,
        server_hosts=server_hosts,
        counts={name: Counts(before.get(name, 0), after.get(name, 0), times) for name in before | after},
    )


def _counted(row: EdgeStepRow | None, requests: RequestStepRow | None) -> dict[str, float]:
    """Return how many events each measure of a range is made of."""
    if row is None:
        return {}
    found: dict[str, float] = {"opened": row.opened, "failing": row.opened}
    if requests is not None:
        asked = requests.requests + requests.given_up + row.failed
        found |= {"requests": asked, "failing": asked - requests.unseen, "p50": asked, "p99": asked}
    if some := found.get("requests", row.opened):
        found["bytes"] = some
    found |= {f"{end}_retransmits": getattr(row, f"{end}_sent_segments") for end in ENDS}
    return found


def _titles(
    store: Store, of: Stretches, rows: Iterable[EdgeStepRow], more: Iterable[str], hostnames: Mapping[str, str]
) -> dict[str, str]:
    """Return the titles of the ends of edges, and of more nodes."""

    def hostname(host: str) -> str:
        return hostnames.get(host) or host

    known = {node: named for row in rows for node, named in _ends(row)}
    names = names_of_addresses(store, known, of.before.start, of.after.end)
    titles = {node: title_of(node, hostname, *named) for node, named in known.items()}
    titles |= {node: title_of(node, hostname) for node in more if node not in titles}
    return titles | {node: names[node][0] for node in titles if names.get(node)}


def _ends(row: EdgeStepRow) -> Iterator[tuple[str, list[str]]]:
    yield row.client, row.client_titled
    yield row.server, row.server_titled
