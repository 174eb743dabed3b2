"""What the search for a culprit is given, and what it answers. Plain values: no store, no clock."""

from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec import Struct, field

Values = Sequence[float | None]  # one for each step; None where nothing is known, which is never zero
Kind = Literal["slow", "failing", "surge", "network", "resources", "silent", "gone"]


class Node(Struct, frozen=True, kw_only=True):
    """A node by its id, with its series by measure (graph/culprit/measures.py).

    `inside` are the nodes in which it runs: hosts of a service, zones of a host. A part is a service on one host: `of`
    is the service, and `inside` that host. What is not `seen` has no agent: it is known only from its clients.
    """

    id: str
    inside: Sequence[str] = ()
    of: str = ""
    seen: bool = True
    series: Mapping[str, Values] = field(default_factory=dict)


class Edge(Struct, frozen=True, kw_only=True):
    """An edge between nodes. Edges between hosts have what the network does, those of services requests as well.

    Series of rates are `requests` and `opened` (connections), which include those that failed, and `failed`. Times to
    the answer are in ms: `mean`, `p50`, `p95`.
    """

    client: str
    server: str
    port: str = ""
    series: Mapping[str, Values] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Return the edge's name in answers."""
        return f"{self.client} → {self.server}" + (f" {self.port}" if self.port else "")


class Witness(Struct, frozen=True, kw_only=True):
    """Something that happened nearby in time: an exit, a new process, a new edge, a silent host."""

    time: int
    node: str
    text: str


class Evidence(Struct, frozen=True, kw_only=True):
    """All that is known: steps by their starts (ms), nodes, edges, links between their hosts, and witnesses.

    `began` is when the trouble is said to have begun, ms; it may be a minute wrong, and is found when it is None.
    `symptom` is the id of a node or an edge; "" is the worst of all. `trouble` is what it is in, "" for either.
    """

    times: Sequence[int]
    nodes: Sequence[Node]
    edges: Sequence[Edge]
    links: Sequence[Edge] = ()
    began: int | None = None
    symptom: str = ""
    trouble: Literal["", "slow", "failing"] = ""
    witnesses: Sequence[Witness] = ()


class Measured(Struct, frozen=True, kw_only=True):
    """What was measured of a subject: the usual median, the one now, and how far out that is in robust units."""

    subject: str
    measure: str
    usual: float
    now: float
    out: float


class Suspect(Struct, frozen=True, kw_only=True):
    """A node or an edge that departs from its own past, with the share of the symptom that it explains.

    `path` leads from the symptom to it, and `reasons` are what speaks against it.
    """

    subject: str
    kind: Kind
    blame: float
    path: list[str]
    reasons: list[Measured]
    witnesses: list[Witness] = field(default_factory=list)


class RuledOut(Struct, frozen=True, kw_only=True):
    """A subject near the path that is not the culprit: as usual, or explained by `by`."""

    subject: str
    measured: list[Measured]
    by: str = ""


class Answer(Struct, frozen=True, kw_only=True):
    """The suspects, the likeliest first; what was measured at each hop, what was ruled out, and what is not known.

    Where nobody is suspected, `standing` is where trouble is that departs from no past, as it was always there.
    """

    began: int
    symptom: str
    suspects: list[Suspect]
    standing: list[Suspect] = field(default_factory=list)
    measured: list[Measured] = field(default_factory=list)
    ruled_out: list[RuledOut] = field(default_factory=list)
    not_known: list[str] = field(default_factory=list)
