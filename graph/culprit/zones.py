"""Zones: where most hosts of one are suspected for one reason, the zone is."""

from collections import defaultdict
from collections.abc import Iterable

from graph.culprit.causes import Cause
from graph.culprit.flow import At
from graph.culprit.running import Running

KEPT = 0.15  # of the blame stays where the walk ended, beside the cause behind it
_TOGETHER = 0.6  # of the hosts of a zone, at the least, are suspected together
Best = dict[str, tuple[float, At, Cause]]  # the weightiest cause by subject, with its weight and place


def merge(blame: dict[str, float], best: Best, running: Running) -> None:
    """Let a zone take the blame of its hosts, where most of them are suspected for one reason."""
    zones: dict[str, set[str]] = defaultdict(set)
    for node in running.nodes.values():
        if not node.of and node.id in running.on:
            for zone in node.inside:
                zones[zone].add(node.id)
    for zone, hosts in sorted(zones.items()):
        alike = _alike(hosts, best, running)
        if len(alike) >= 2 and len(alike) >= _TOGETHER * len(hosts):
            weight, place, cause = max((best[host] for host in sorted(alike) if host in best), key=lambda one: one[0])
            reasons = [found for host in sorted(alike) if (found := running.silent(host))] or cause.reasons
            blame[zone] += sum(blame.get(host, 0.0) for host in alike)
            best[zone] = (weight, place, cause._replace(subject=zone, reasons=reasons))
            for host in alike:
                blame[host] = blame.get(host, 0.0) * KEPT


def _alike(hosts: Iterable[str], best: Best, running: Running) -> set[str]:
    blamed = {host for host in hosts if host in best and best[host][2].kind in ("silent", "network")}
    return blamed | {host for host in hosts if running.silent(host)} if blamed else set()
