"""Simulated fleets in trouble: what hosts report of services that call each other, with one fault of a known kind.

Times add up along the calls, errors pass to callers that need the answer, instances share the requests, and hosts share
their CPUs and their network. Rates follow a wave, times have heavy tails, and some edges show no requests at all.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from graph.culprit.model import Edge, Evidence, Node

STEP_S, BEFORE, AFTER = 60, 45, 12
STEPS = BEFORE + AFTER
KINDS = (
    "slow", "errors", "hang", "killed instance", "killed service", "loss", "delay", "cpu", "throttled", "refused",
    "surge", "store", "zone",
)  # fmt: skip
_UNSEEN = 0.05  # of edges show no requests, such as those of an unknown protocol
_TIMEOUT_MS = 1_500.0


class Case(NamedTuple):
    """Evidence and the culprit in it; "" in a quiet time."""

    kind: str
    truth: str
    evidence: Evidence


@dataclass
class Service:
    """A service as it is without faults."""

    name: str
    hosts: list[str]
    ms: float
    tail: float
    fails: float
    busy: float
    calls: list[tuple[int, float, bool]] = field(default_factory=list)  # which, how often, needed


@dataclass
class Fault:
    """A fault of a service or host, as strong as it is."""

    kind: str
    truth: str
    hosts: frozenset[str] = frozenset()
    service: int = -1
    times: float = 1.0
    ms: float = 0.0
    share: float = 0.0


class Fleet:
    """Services on hosts in zones, and clients that ask them."""

    def __init__(self, random: Random) -> None:
        self.random = random
        count = round(math.exp(random.uniform(math.log(20), math.log(200))))
        per = [min(8, max(1, round(random.lognormvariate(0.5, 0.7)))) for _ in range(count)]
        self.hosts = [f"host:h{n}" for n in range(max(4, sum(per) // 8))]
        zones = random.choice((2, 3))
        self.zone = {host: f"zone:z{n % zones}" for n, host in enumerate(self.hosts)}
        self.services = [
            Service(
                name=f"service:s{n}",
                hosts=random.sample(self.hosts, min(per[n], len(self.hosts))),
                ms=random.lognormvariate(1.8, 0.9),
                tail=random.uniform(1.5, 4),
                fails=random.choice((0.0, 0.0, 0.0005, 0.002)),
                busy=random.uniform(0.08, 0.4),
            )
            for n in range(count)
        ]
        fronts, leaves = max(1, round(count * 0.13)), round(count * 0.39)
        self.fronts, self.leaves = range(fronts), range(count - leaves, count)
        asked = [1.0] * count
        for n, service in enumerate(self.services[: count - leaves]):
            later = range(max(n + 1, fronts), count)
            for m in sorted(
                {random.choices(later, [asked[at] for at in later])[0] for _ in range(random.randint(1, 6))}
            ):
                asked[m] += 1.0
                service.calls.append((m, random.choice((1.0, 1.0, 1.0, 2.0, 3.0, 0.3)), random.random() < 0.75))
        self.callers = [
            [c for c in range(n) if any(m == n for m, _, _ in self.services[c].calls)] for n in range(count)
        ]
        self.clients = [f"service:client{n}" for n in range(random.randint(1, 3))]
        self.asks = {
            (client, n): random.lognormvariate(3.0, 0.8)
            for client in self.clients
            for n in self.fronts
            if random.random() < 0.7 or n % len(self.clients) == self.clients.index(client)
        }
        self.client_host = {client: random.choice(self.hosts) for client in self.clients}
        self.usual = self.load({})

    def load(self, times: dict[str, float], failing: dict[tuple[int, int], float] | None = None) -> list[float]:
        """Return the requests a second to each service; some ask again for what failed."""
        rates = [0.0] * len(self.services)
        for (client, n), rate in self.asks.items():
            rates[n] += rate * times.get(client, 1.0)
        for n, service in enumerate(self.services):
            for m, calls, _ in service.calls:
                again = failing.get((n, m), 0.0) if failing and (n + m) % 3 == 0 else 0.0
                rates[m] += rates[n] * calls * (1 + again)
        return rates

    def fault(self, kind: str) -> Fault:
        """Return a fault of a kind, somewhere where it is noticed."""
        random = self.random
        used = [n for n, rate in enumerate(self.usual) if rate > 0.5]
        n = random.choice(used)
        service = self.services[n]
        share = random.uniform(0.04, 0.5)
        match kind:
            case "slow":
                return Fault(kind, service.name, service=n, times=random.uniform(2, 6), ms=random.uniform(10, 300))
            case "throttled":
                return Fault(kind, service.name, service=n, times=random.uniform(2, 6), ms=random.uniform(10, 80))
            case "errors" | "refused":
                return Fault(kind, service.name, service=n, share=share)
            case "hang" | "killed service":
                return Fault(kind, service.name, service=n, share=1.0, hosts=frozenset(service.hosts))
            case "killed instance":
                n = random.choice([n for n in used if len(self.services[n].hosts) > 1] or used)
                service = self.services[n]
                return Fault(kind, service.name, service=n, hosts=frozenset(service.hosts[:1]), share=0.8)
            case "store":
                n = max(self.leaves, key=lambda n: (self.usual[n], n))
                return Fault(kind, self.services[n].name, service=n, times=random.uniform(3, 8), ms=20, share=0.03)
            case "surge":
                client = random.choice(self.clients)
                return Fault(kind, client, times=random.uniform(2.5, 6))
            case "zone":
                zone = random.choice(sorted(set(self.zone.values())))
                gone = frozenset(host for host in self.hosts if self.zone[host] == zone)
                return Fault(kind, zone, hosts=gone, share=0.8)
        busy = [h for h in self.hosts if sum(h in self.services[n].hosts for n in used) > 1] or self.hosts
        host = random.choice(busy)
        one = frozenset((host,))
        match kind:
            case "loss":
                return Fault(kind, host, hosts=one, share=random.uniform(0.02, 0.2))
            case "delay":
                return Fault(kind, host, hosts=one, ms=random.uniform(5, 150))
        return Fault("cpu", host, hosts=one, times=random.uniform(2, 6))


QUIET = Fault("quiet", "")


def case(seed: int, kind: str) -> Case:
    """Return a fleet with a fault of a kind, or a "quiet" one."""
    random = Random(f"{kind} {seed}")
    fleet = Fleet(random)
    fault = QUIET if kind == "quiet" else fleet.fault(kind)
    return Recorder(fleet, fault).case()


@dataclass
class Part:
    """An instance at one moment: its times, its errors, and whether it answers."""

    ms: float
    slowest: float
    fails: float
    gone: bool = False
    hung: bool = False


class Recorder:
    """Writes down what would be seen of a fleet, step by step."""

    def __init__(self, fleet: Fleet, fault: Fault) -> None:
        self.fleet, self.fault, self.random = fleet, fault, fleet.random
        self.edges: dict[tuple[str, str], dict[str, list[float | None]]] = {}
        self.links: dict[tuple[str, str], dict[str, list[float | None]]] = {}
        self.nodes: dict[str, dict[str, list[float | None]]] = {}
        self.parts: dict[tuple[str, str], dict[str, list[float | None]]] = {}
        self.used: dict[tuple[str, str], tuple[float, float, bool]] = {}
        self.rtt: dict[tuple[str, str], float] = {}
        pairs = [
            *((client, self.fleet.services[n].name) for client, n in fleet.asks),
            *((one.name, fleet.services[m].name) for one in fleet.services for m, _, _ in one.calls),
        ]
        self.unseen = {pair for pair in pairs if self.random.random() < _UNSEEN}
        self.phase = self.random.uniform(0, 2 * math.pi)

    def case(self) -> Case:
        """Return what was seen."""
        for step in range(STEPS):
            self._step(step, self.fault if step >= BEFORE else QUIET)
        fleet, times = self.fleet, [step * STEP_S * 1000 for step in range(STEPS)]
        hosts = {one.name: one.hosts for one in fleet.services} | {c: [h] for c, h in fleet.client_host.items()}
        nodes = [
            *(Node(id=name, inside=hosts[name], series=self.nodes.get(name, {})) for name in hosts),
            *(Node(id=host, inside=[fleet.zone[host]], series=self.nodes[host]) for host in fleet.hosts),
            *(
                Node(id=f"{name}@{host}", of=name, inside=[host], series=series)
                for (name, host), series in self.parts.items()
            ),
        ]
        edges = [Edge(client=c, server=s, series=series) for (c, s), series in self.edges.items()]
        links = [Edge(client=c, server=s, series=series) for (c, s), series in self.links.items()]
        evidence = Evidence(times=times, nodes=nodes, edges=edges, links=links, began=BEFORE * STEP_S * 1000)
        return Case(self.fault.kind, self.fault.truth, evidence)

    def _step(self, step: int, fault: Fault) -> None:
        fleet, random = self.fleet, self.random
        wave = 1 + 0.15 * math.sin(self.phase + step / STEPS * 3) + random.gauss(0, 0.02)
        times = {client: wave * (fault.times if client == fault.truth else 1.0) for client in fleet.clients}
        loads = fleet.load(times)
        parts: list[dict[str, Part]] = [{} for _ in fleet.services]
        passed: dict[tuple[int, int], tuple[float, float, float]] = {}
        for n in reversed(range(len(fleet.services))):
            parts[n] = {host: self._part(n, host, fault, loads[n], passed) for host in fleet.services[n].hosts}
            for c in fleet.callers[n]:
                passed[c, n] = self._asked(fleet.services[c].hosts, parts[n], fault, n)
        rates = fleet.load(times, {pair: fails for pair, (_, _, fails) in passed.items()})
        for (client, n), rate in fleet.asks.items():
            asked = self._asked([fleet.client_host[client]], parts[n], fault, n)
            self._write(client, n, [fleet.client_host[client]], rate * times[client], asked, parts[n], fault)
        for c, service in enumerate(fleet.services):
            for m, calls, _ in service.calls:
                self._write(service.name, m, service.hosts, rates[c] * calls, passed[c, m], parts[m], fault)
            self._write_parts(c, rates[c], parts[c], fault)
        self._write_hosts(fault, loads)
        for pair in self.used:
            self.links.setdefault(pair, {})
        for pair, series in self.links.items():
            trip, lost, gone = self.used.get(pair, (0.0, 0.0, True))
            self._write_network(series, trip, lost, 2_000, silent=gone)
            for values in series.values():
                values[:0] = [None] * (step + 1 - len(values))
        self.used.clear()

    def _part(
        self, n: int, host: str, fault: Fault, load: float, passed: dict[tuple[int, int], tuple[float, float, float]]
    ) -> Part:
        service = self.fleet.services[n]
        mine = fault.service == n
        if host in fault.hosts and (fault.kind == "zone" or (mine and fault.kind.startswith("killed"))):
            return Part(0, 0, 1.0, gone=True)
        busy = service.busy * load / max(self.fleet.usual[n], 1e-9)
        waits = (1 - service.busy) / (1 - min(busy, 0.97))
        ms = service.ms * waits * self._noise(0.04)
        fails = service.fails + (0.4 * (1 - 1 / busy) if busy > 1 else 0.0)
        if fault.kind == "cpu" and host in fault.hosts:
            ms *= fault.times
        if mine and fault.kind in ("slow", "throttled", "store"):
            ms = ms * fault.times + fault.ms
        if mine and fault.kind in ("errors", "store"):
            fails += fault.share
        slowest, ok = ms * service.tail, 1 - min(fails, 0.95)
        for m, calls, needed in service.calls:
            called, longest, failing = passed[n, m]
            ms += calls * called
            slowest += 0.7 * calls * longest
            ok *= (1 - failing) ** min(calls, 2) if needed else 1 - 0.05 * failing
        return Part(ms, slowest, 1 - ok, hung=mine and fault.kind == "hang")

    def _asked(
        self, clients: Iterable[str], parts: dict[str, Part], fault: Fault, n: int
    ) -> tuple[float, float, float]:
        """Return the times and the failing share that clients on some hosts see of a service."""
        pairs = [(a, b) for a in clients for b in parts]
        waits = [self._network(pair, fault) for pair in pairs]
        added = sum(ms for ms, _ in waits) / len(waits)
        lost = sum(share for _, share in waits) / len(waits)
        alive = [part for part in parts.values() if not part.gone]
        gone = (len(parts) - len(alive)) / len(parts)
        fails = sum(part.fails if not part.hung else 1.0 for part in alive) / max(len(alive), 1)
        if gone:
            fails = 1 - (1 - fails) * (1 - gone * fault.share) if alive else 1.0
        if fault.kind == "refused" and fault.service == n:
            fails = 1 - (1 - fails) * (1 - fault.share)
        if not alive:
            return 2.0, 5.0, 1.0
        if any(part.hung for part in alive):
            return _TIMEOUT_MS, _TIMEOUT_MS, fails
        ms = sum(part.ms for part in alive) / len(alive) + added + (100 * lost if lost > 0.3 else 0)
        mean = sum(part.slowest for part in alive) / len(alive)
        slowest = max(mean, *(part.ms + 0.6 * (part.slowest - part.ms) for part in alive)) + added
        return ms, slowest + 210 * min(1.0, lost / 0.05), min(fails, 1.0)

    def _network(self, pair: tuple[str, str], fault: Fault) -> tuple[float, float]:
        """Return what a round trip between two hosts adds, ms, and how many exchanges lose a packet."""
        if pair[0] == pair[1]:
            return 0.05, 0.0
        rtt = self.rtt.setdefault(pair, self.random.uniform(0.2, 1.0))
        if not fault.hosts & set(pair):
            return rtt, 0.0
        delay = fault.ms if fault.kind == "delay" else 0.0
        return rtt + delay, 1 - (1 - fault.share) ** 4 if fault.kind == "loss" else 0.0

    def _write(
        self,
        client: str,
        n: int,
        clients: list[str],
        rate: float,
        asked: tuple[float, float, float],
        parts: dict[str, Part],
        fault: Fault,
    ) -> None:
        ms, slowest, fails = asked
        server = self.fleet.services[n].name
        silent = fault.kind == "zone" and all(host in fault.hosts for host in clients)
        series = self.edges.setdefault((client, server), {})
        seen = (client, server) not in self.unseen
        count = self._count(rate * STEP_S)
        failed = min(count, self._count(count * fails))
        hung = any(part.hung for part in parts.values())
        answered = count > failed and not hung and not silent
        if seen:
            _add(series, "requests", None if silent else count / STEP_S)
            _add(series, "mean", (0.75 * ms + 0.25 * slowest) * self._measured(count) if answered else None)
            _add(series, "p50", ms * self._measured(count) if answered else None)
            _add(series, "p95", slowest * self._measured(count) if answered else None)
        else:
            _add(series, "opened", None if silent else count / STEP_S)
        connections = fault.kind in ("refused", "zone") or fault.kind.startswith("killed") or hung
        _add(series, "failed", None if silent else (failed if seen or connections else 0) / STEP_S)
        pairs = [(a, b) for a in clients for b in parts]
        waits = [(pair, *self._network(pair, fault)) for pair in pairs]
        rtt = sum(ms for _, ms, _ in waits) / len(waits)
        lost = fault.share * sum(share > 0 for _, _, share in waits) / len(waits) if fault.kind == "loss" else 0.0
        self._write_network(series, rtt, lost, count * 4, silent=silent)
        for pair, trip, share in waits:
            if pair[0] != pair[1] and rate > 0.2:
                gone = fault.kind == "zone" and bool(fault.hosts & set(pair))
                self.used[pair] = (trip, fault.share if share else 0.0, gone)

    def _write_network(
        self, series: dict[str, list[float | None]], rtt: float, lost: float, sent: float, *, silent: bool
    ) -> None:
        for end in ("client", "server"):
            again = self._count(sent * (0.0008 + lost)) / max(sent, 1)
            _add(series, f"{end}_rtt", None if silent else rtt * self._noise(0.12))
            _add(series, f"{end}_retransmits", None if silent else min(again, 1.0))

    def _write_parts(self, n: int, rate: float, parts: dict[str, Part], fault: Fault) -> None:
        service = self.fleet.services[n]
        for host, part in parts.items():
            series = self.parts.setdefault((service.name, host), {})
            dark = fault.kind == "zone" and host in fault.hosts
            count = self._count(rate * STEP_S / len(parts))
            answers = not part.gone and not part.hung and count > 0
            _add(series, "requests", None if dark else count / STEP_S)
            _add(series, "failed", None if dark else self._count(count * (part.fails if answers else 1)) / STEP_S)
            _add(series, "p50", part.ms * self._measured(count) if answers else None)
            _add(series, "p95", part.slowest * self._measured(count) if answers else None)
        busy = service.busy * rate / max(self.fleet.usual[n], 1e-9)
        throttled = fault.kind == "throttled" and fault.service == n
        node = self.nodes.setdefault(service.name, {})
        gone = all(part.gone for part in parts.values())
        _add(node, "cpu", None if gone else min(1.0, busy + abs(self.random.gauss(0, 0.02))))
        _add(node, "throttled", None if gone else min(1.0, abs(self.random.gauss(0.5 if throttled else 0, 0.01))))

    def _write_hosts(self, fault: Fault, loads: list[float]) -> None:
        for host in self.fleet.hosts:
            node = self.nodes.setdefault(host, {})
            dark = fault.kind == "zone" and host in fault.hosts
            busy = [
                one.busy * loads[n] / max(self.fleet.usual[n], 1e-9)
                for n, one in enumerate(self.fleet.services)
                if host in one.hosts
            ]
            full = fault.kind == "cpu" and host in fault.hosts
            cpu = 0.97 if full else min(0.95, 0.1 + 0.8 * sum(busy) / max(len(busy), 1))
            _add(node, "cpu", None if dark else cpu + self.random.gauss(0, 0.015))
            waiting = 0.5 if full else max(0.0, cpu - 0.7)
            _add(node, "waiting", None if dark else waiting + abs(self.random.gauss(0, 0.01)))
            _add(node, "alive", 0.0 if dark else 1.0)

    def _count(self, mean: float) -> float:
        """Return a count that is as scattered as counts are."""
        if mean > 30:
            return max(0.0, round(self.random.gauss(mean, math.sqrt(mean))))
        count, left = 0, math.exp(-mean)
        at = self.random.random()
        while at > left:
            at *= self.random.random()
            count += 1
        return float(count)

    def _noise(self, spread: float) -> float:
        return math.exp(self.random.gauss(0, spread))

    def _measured(self, count: float) -> float:
        """Return how far a quantile of so many answers is off; now and then it is far off."""
        far = self.random.uniform(1.5, 3) if self.random.random() < 0.01 else 1.0
        return self._noise(0.03 + 0.4 / math.sqrt(count + 1)) * far


def _add(series: dict[str, list[float | None]], name: str, value: float | None) -> None:
    series.setdefault(name, []).append(value)
