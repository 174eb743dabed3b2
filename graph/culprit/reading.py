"""Read the evidence of a time from the store: an hour before it by the minute, and what came after."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from graph.asking import Store
from graph.culprit.model import Evidence, Node, Values, Witness
from graph.culprit.rows import EdgeStepRow, UsedRow, edges_in_steps, hosts_in_steps, nodes_in_steps
from graph.culprit.seen import Seen
from graph.levels import LEVELS
from graph.node_events import EventRow, events
from graph.of_hosts import OF_HOST, PartRow, parts
from graph.reading import names_of_hosts
from graph.recorded import read_recorded
from graph.requested import RequestStepRow, requests_in_steps
from graph.requests import any_requests
from graph.stored import RolledUpRow, newest_roll_ups
from graph.titles import title_of
from schemas.times import HOUR_MS, MINUTE_MS

STEP_MS = MINUTE_MS
USUAL_MS = HOUR_MS  # before the start
LATEST_MS = 20 * MINUTE_MS  # before the end, in which the trouble began if nobody says when
MOST_EVENTS = 500
_OF_PARTS = ("service", "namespace", "link", "zone", "region")  # levels whose nodes may run on several hosts
_NOBODY = "\t"


class Found(NamedTuple):
    """Evidence, with the titles of its nodes."""

    evidence: Evidence
    titles: dict[str, str]


def read_evidence(store: Store, level: str, end: int, began: int | None, most: int = USUAL_MS) -> Found:
    """Return what is known at a level up to `end`, ms, and for `most` before the trouble began."""
    start = ((began if began is not None else end - LATEST_MS) - most) // STEP_MS * STEP_MS
    asked: dict[str, Any] = {"from": start, "to": end, "step": STEP_MS, **_rolled_up(store, start, end)}
    rows = store.rows(EdgeStepRow, edges_in_steps(level), asked)
    between_hosts = rows if level == "host" else store.rows(EdgeStepRow, edges_in_steps("host"), asked)
    requests: list[RequestStepRow] = []
    on_hosts: list[RequestStepRow] = []
    if any_requests(store, start, end):
        requests = store.rows(RequestStepRow, requests_in_steps(level), asked)
        if level in _OF_PARTS:
            on_hosts = store.rows(RequestStepRow, requests_in_steps(level, parts=True), asked)
    used = [
        *(store.rows(UsedRow, nodes_in_steps(level), asked) if level != "host" else ()),
        *store.rows(UsedRow, hosts_in_steps(), asked),
    ]
    hostnames = names_of_hosts(store, start, end)
    lengths = dict.fromkeys(range(start, end, STEP_MS), STEP_MS)
    seen = Seen(lengths, end, read_recorded(store, start, end, STEP_MS, level=level))
    hosts = _hosts(rows)
    evidence = Evidence(
        times=seen.times,
        nodes=list(_nodes(seen, hosts, on_hosts, used, _places(store, start, end))),
        edges=seen.edges(rows, requests),
        links=[link for link in seen.edges(between_hosts, ()) if link.id.count("host:") == 2],
        began=began,
        witnesses=_witnesses(store, level, began if began is not None else end - LATEST_MS, end),
    )
    return Found(evidence, _titles(rows, hostnames, [node.id for node in evidence.nodes]))


def _rolled_up(store: Store, start: int, end: int) -> dict[str, int]:
    """Return up to when minutes are read; the latest windows are read one by one, and no hours."""
    found = store.row(RolledUpRow, newest_roll_ups())
    return {"hours_to": start, "minutes_to": max(start, min(found.minutes_end, end // MINUTE_MS * MINUTE_MS))}


def _places(store: Store, start: int, end: int) -> dict[str, list[str]]:
    """Return the switch, the zone and the region of each host that has any, as ids of nodes."""
    known: dict[str, dict[str, str]] = {}
    for name in OF_HOST:
        for row in store.rows(PartRow, parts(name), {"from": start, "to": end}):
            known.setdefault(row.host, {part: one.otherwise for part, one in OF_HOST.items()})[name] = row.value
    return {
        f"host:{host}": [
            level.node.format(**values)
            for level in LEVELS.values()
            if level.known in OF_HOST and values[level.known] not in ("", OF_HOST[level.known].otherwise)
        ]
        for host, values in known.items()
    }


def _hosts(rows: Iterable[EdgeStepRow]) -> dict[str, set[str]]:
    """Return the hosts of each node, by their ids."""
    found: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        found[row.client].update(f"host:{host}" for host in row.client_hosts)
        found[row.server].update(f"host:{host}" for host in row.server_hosts)
    return found


def _nodes(
    seen: Seen,
    hosts: Mapping[str, set[str]],
    on_hosts: Sequence[RequestStepRow],
    used: Sequence[UsedRow],
    places: Mapping[str, Sequence[str]],
) -> Iterable[Node]:
    series = seen.used(used)
    all_hosts = set().union(*hosts.values()) if hosts else set()
    for node in sorted({*hosts, *series} - all_hosts):
        own, on = series.get(node, {}), sorted(hosts.get(node, ()))
        yield Node(id=node, inside=on, seen=bool(own or on), series=own)
    for host in sorted(all_hosts | {node for node in series if node.startswith("host:")}):
        alive = seen.alive(host.removeprefix("host:"))
        known: dict[str, Values] = {**series.get(host, {}), **({"alive": alive} if alive else {})}
        yield Node(id=host, inside=places.get(host, []), series=known)
    by_part: dict[tuple[str, str], list[RequestStepRow]] = defaultdict(list)
    for row in on_hosts:
        if row.host:
            by_part[row.server, f"host:{row.host}"].append(row)
    for (node, host), rows in sorted(by_part.items()):
        yield Node(id=f"{node}@{host}", of=node, inside=[host], series=seen.requests(rows, [host]))


def _titles(rows: Iterable[EdgeStepRow], hostnames: Mapping[str, str], more: Iterable[str]) -> dict[str, str]:
    """Return the titles of nodes, by their ids."""
    titles: dict[str, str] = {}

    def hostname(host: str) -> str:
        return hostnames.get(host) or host

    for row in rows:
        for node, known in ((row.client, row.client_titled), (row.server, row.server_titled)):
            if node not in titles:
                titles[node] = title_of(node, hostname, *known)
    for node in more:
        if node not in titles:
            titles[node] = title_of(node, hostname)
    return titles


def _witnesses(store: Store, level: str, began: int, end: int) -> list[Witness]:
    around = 10 * MINUTE_MS
    lists = {"subjects": [_NOBODY], "services": [_NOBODY], "hosts": [_NOBODY]}
    asked = {**lists, "from": began - around, "to": max(end, began + around), "most": MOST_EVENTS}
    rows = store.rows(EventRow, events(everything=True), asked)
    return [
        Witness(time=row.time, node=node, text=row.detail or f"{row.kind} {row.subject} {row.object}")
        for row in rows
        for node in dict.fromkeys((row.subject, *_of(row, level)))
    ]


def _of(row: EventRow, level: str) -> Iterable[str]:
    """Yield the other nodes that an event is of."""
    if row.service and level == "service":
        yield f"service:{row.service}"
    if row.kind.startswith(("host", "gap", "agent", "collector")) and row.host:
        yield f"host:{row.host}"
