"""What services run on: their parts on hosts, what holds these back, and which hosts fell silent."""

from collections import defaultdict
from collections.abc import Iterable
from statistics import median

from graph.culprit.departures import OUT, Split, departure, rises
from graph.culprit.measures import RESOURCES
from graph.culprit.model import Measured, Node
from graph.culprit.troubles import State, Trouble, excess, state

_SILENT = 0.5  # of the time with reports: less is silence
UNSEEN = 0.6  # of the blame of what only clients show: it may be a name for something else, or the way there
_HELD = 0.05  # a share that is higher by less holds nobody back
KILLS = "oom_kills"


class Running:
    """Nodes and what they run on."""

    def __init__(self, nodes: Iterable[Node], at: Split, step_s: float) -> None:
        self._at, self._step_s = at, step_s
        self.nodes = {node.id: node for node in sorted(nodes, key=lambda node: node.id)}
        self.parts: dict[str, list[Node]] = defaultdict(list)
        self.on: dict[str, list[Node]] = defaultdict(list)
        self._states: dict[str, State] = {}
        self._held: dict[str, list[Measured]] = {}
        for node in self.nodes.values():
            if node.of:
                self.parts[node.of].append(node)
                for host in node.inside:
                    self.on[host].append(node)

    def hosts(self, node: str) -> list[str]:
        """Return the hosts that a node runs on; a host runs on itself."""
        found = {host for part in self.parts.get(node, ()) for host in part.inside}
        known = self.nodes.get(node)
        return sorted(found | set(known.inside if known else ())) or [node]

    def silent(self, host: str) -> Measured | None:
        """Return what is known of a host that fell silent; None of any other."""
        known = self.nodes.get(host)
        values = known.series.get("alive") if known else None
        found = departure(host, "alive", values, self._at) if values else None
        return found if found and found.out <= -OUT and found.now < _SILENT else None

    def held(self, node: str) -> list[Measured]:
        """Return what holds a node back more than usual."""
        if node not in self._held:
            self._held[node] = [
                each
                for each in self.resources(node)
                if rises(each) and (excess(each) >= _HELD or each.measure == KILLS)
            ]
        return self._held[node]

    def believed(self, node: str) -> float:
        """Return how much of a node's blame is believed."""
        return 1.0 if node not in self.nodes or self.nodes[node].seen else UNSEEN

    def resources(self, node: str) -> list[Measured]:
        """Return what is known of what holds a node back."""
        series = self.nodes[node].series if node in self.nodes else {}
        found = (departure(node, name, series[name], self._at) for name in RESOURCES if series.get(name))
        return [each for each in found if each]

    def knows(self, node: str) -> bool:
        """Return whether anything is known of what holds a node back."""
        return node in self.nodes and any(self.nodes[node].series.get(name) for name in RESOURCES)

    def odd(self, node: str, trouble: Trouble) -> list[tuple[Node, Measured]]:
        """Return the parts of a node that are in trouble while others of it are not; none if all or none are."""
        parts = self.parts.get(node, [])
        states = [(part, self._state(part)) for part in parts]
        bad = [(part, found) for part, one in states if (found := one.of(trouble))]
        if not bad or len(parts) < 2:
            return []
        fine = sum(not one.of(trouble) for _, one in states if one.known)
        if fine:
            return bad
        outs = [excess(found) for _, found in bad]
        far = [(part, found) for part, found in bad if excess(found) > 3 * median(outs)]
        return far if len(far) < len(parts) / 2 else []

    def troubled_on(self, host: str, trouble: Trouble) -> tuple[list[str], int]:
        """Return the services whose part on a host is in trouble, and of how many parts there it is known."""
        known = [(part, one) for part in self.on.get(host, ()) if (one := self._state(part)).known]
        return [part.of for part, one in known if one.of(trouble)], len(known)

    def _state(self, part: Node) -> State:
        if part.id not in self._states:
            self._states[part.id] = state(part.id, part.series, self._at, self._step_s)
        return self._states[part.id]
