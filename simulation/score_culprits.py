"""Suspects beside the truth: at which rank the culprit of each fault stands. It is inferred, and fails no score."""

from collections.abc import Iterator

from msgspec import Struct

from graph.culprit.model import Answer
from simulation.expected import Truth, best
from simulation.faults import Fault, Kind
from simulation.truth import TrueEnd

DEPART: tuple[Kind, ...] = (
    *("kill", "oom", "hang", "slow", "errors", "surge"),
    *("loss", "delay", "pressure", "throttle", "partition"),
)
"""Faults that make something depart from its own past; the others make it harder to see."""
_OF_HOSTS = ("loss", "delay", "pressure", "partition")  # strike hosts, whatever they are aimed at


class Ranked(Struct, kw_only=True):
    """A fault, and the place of its culprit among the suspects; 0 if it is none of them."""

    fault: str
    rank: int
    of: int


def ranked(fault: Fault, truth: Truth, answer: Answer) -> Ranked:
    """Return the rank of the first suspect that is what the fault struck."""
    culprits = [set(_nodes(name.strip(), fault, truth)) for name in fault.where.split(">", 1)]
    rank = next((at for at, one in enumerate(answer.suspects, start=1) if _is(one.subject, culprits)), 0)
    return Ranked(fault=f"{fault.kind}@{fault.where}", rank=rank, of=len(answer.suspects))


def _is(subject: str, culprits: list[set[str]]) -> bool:
    """Return whether a node, or an edge, is one of the culprits, or between them."""
    client, arrow, rest = subject.partition(" → ")
    ends = [client, rest.split(" ")[0]] if arrow else [client]
    return any(end in nodes for end in ends for nodes in culprits)


def _nodes(name: str, fault: Fault, truth: Truth) -> Iterator[str]:
    """Yield the nodes of what is called so: a service, an instance, a host, a zone or a region."""
    for node, end in truth.ends.items():
        level = _level(name, end)
        if level == "process":
            yield node
        if level in {"process", "service"}:
            yield best(end, "service")
        if level in {"host", "zone", "region"}:
            yield best(end, level)
        if level and (level == "process" or fault.kind in _OF_HOSTS):
            yield best(end, "host")


def _level(name: str, end: TrueEnd) -> str:
    region, _, zone = end.zone.partition("/")
    names = {end.service: "service", end.host: "host", region: "region", zone: "zone", end.zone: "zone"}
    return "process" if end.instance and name.endswith(end.instance) else names.get(name, "")
