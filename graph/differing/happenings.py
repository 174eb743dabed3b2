"""What happened between two times, in words: who was restarted, deployed or moved, which host fell silent."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from graph.culprit.model import Witness
from graph.differing.rows import HappenedRow, RunRow
from schemas.matching import some

_OF_SOFTWARE = ("service", "namespace", "container", "pod")  # levels whose nodes are deployed
_OF_PROCESSES = ("process", "address")


def ran_at(level: str) -> str:
    """Return the level at which it is looked who runs: of hosts and places, their services."""
    return level if level in _OF_SOFTWARE else "service"


def witnesses(
    level: str,
    runs: Iterable[RunRow],
    happenings: Iterable[HappenedRow],
    end: int,
    hostnames: Mapping[str, str],
) -> list[Witness]:
    """Return what happened, of the nodes that it happened to. What began nowhere is as of the end, ms."""
    by_node: dict[str, list[RunRow]] = defaultdict(list)
    for row in runs:
        by_node[row.node].append(row)
    found = [each for node, rows in by_node.items() for each in _replaced(node, rows, end, hostnames)]
    if level in _OF_PROCESSES:
        found = []  # what else runs on a host explains little of one process
    elif level not in _OF_SOFTWARE:
        found = [
            Witness(time=each.time, node=host, text=f"{each.node.partition(':')[2]}: {each.text}")
            for each in found
            for host in (f"host:{row.host}" for row in by_node[each.node] if row.kept < row.after or not row.after)
        ]
    for one in happenings:
        node = f"service:{one.service}" if one.service and level == "service" else f"host:{one.host}"
        more = f" ({one.times} times)" if one.times > 1 else ""
        found.append(Witness(time=one.first, node=node, text=f"{one.detail}{more}"))
    return sorted(found, key=lambda witness: (witness.time, witness.node, witness.text))


def _replaced(node: str, rows: list[RunRow], end: int, hostnames: Mapping[str, str]) -> Iterator[Witness]:
    """Yield what became of the processes of a node."""
    total = rows[0]
    began = min((row.began for row in rows if row.began), default=end)
    new = total.after_all - total.kept_all
    then = {name for row in rows for name in row.runs_before if name}
    now = {name for row in rows for name in row.runs_after if name}
    if 2 * new > total.after_all:
        what = "restarted"
        if then and now and then != now:
            what = f"deployed: {some(sorted(now - then or now))} in place of {some(sorted(then - now or then))}"
        yield Witness(time=began, node=node, text=f"{what}, {new} of {total.after_all} processes are new")
    gained = [hostnames.get(row.host) or row.host for row in rows if row.after and not row.before]
    lost = [hostnames.get(row.host) or row.host for row in rows if row.before and not row.after]
    if gained or lost:
        here, gone = some(sorted(gained)), some(sorted(lost))
        parts = [f"runs on {here} now" if gained else "", f"no longer on {gone}" if lost else ""]
        yield Witness(time=began, node=node, text=", ".join(filter(None, parts)))
    elif total.before_all != total.after_all and 2 * new <= total.after_all:
        yield Witness(time=began, node=node, text=f"{total.after_all} processes in place of {total.before_all}")
