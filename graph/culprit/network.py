"""The network between hosts: a host whose links all lose or delay packets is at fault, and not its peers."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from graph.culprit.departures import Split, departure, rises
from graph.culprit.measures import RETRANSMITS, ROUND_TRIPS
from graph.culprit.model import Edge, Measured
from graph.culprit.troubles import excess

LOSS = 0.01  # segments sent again beyond the usual share: fewer slow nothing
LONGER = 1.5  # times the usual round trip
_MOST_OF = 0.4  # of the links of a host that is at fault, at the least


def troubled(edge: Edge, at: Split) -> list[Measured]:
    """Return what departs of the network of an edge."""
    lost = (departure(edge.id, name, edge.series[name], at) for name in RETRANSMITS if edge.series.get(name))
    slow = (departure(edge.id, name, edge.series[name], at) for name in ROUND_TRIPS if edge.series.get(name))
    return [
        *(found for found in lost if found and rises(found) and excess(found) >= LOSS),
        *(found for found in slow if found and rises(found) and found.now >= LONGER * found.usual),
    ]


def measured(edge: Edge) -> bool:
    """Return whether anything is known of the network of an edge."""
    return any(edge.series.get(name) for name in (*RETRANSMITS, *ROUND_TRIPS))


class Network:
    """The hosts by the share of their links that are in trouble."""

    def __init__(self, links: Iterable[Edge], at: Split) -> None:
        self.reasons: dict[str, list[Measured]] = defaultdict(list)
        total: dict[str, int] = defaultdict(int)
        bad: dict[str, int] = defaultdict(int)
        sends: dict[str, float] = defaultdict(float)
        for link in sorted(links, key=lambda link: link.id):
            if link.client == link.server or not measured(link):
                continue
            found = troubled(link, at)
            for host in (link.client, link.server):
                total[host] += 1
                bad[host] += bool(found)
                self.reasons[host] += found
            for each in found:
                if each.measure in RETRANSMITS:
                    sends[link.client if each.measure.startswith("client") else link.server] += excess(each)
        self._most = max(sends.values(), default=0.0)
        self._sends = sends
        self._scores = {host: bad[host] / count * bad[host] / (bad[host] + 1) for host, count in total.items()}
        self._shares = {host: bad[host] / count for host, count in total.items()}

    def culprit(self, hosts: Sequence[str]) -> str:
        """Return which of some hosts is at fault, "" for none; of two that are alike, the one that sends again."""
        known = [host for host in sorted(set(hosts)) if self._shares.get(host, 0.0) >= _MOST_OF]
        return max(known, key=lambda host: self._scores[host] + 0.1 * self._sent(host), default="")

    def _sent(self, host: str) -> float:
        return self._sends[host] / self._most if self._most else 0.0
