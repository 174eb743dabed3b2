"""The map: nodes and edges of a time range at a level. Its fields are those of `map --json`."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from msgspec import UNSET, Struct, UnsetType, field, to_builtins

from graph.health import Health
from schemas.counted import UNCOUNTED


class Node(Struct, kw_only=True, omit_defaults=True):
    """A node of the map. Fields that are unknown, or have no meaning at the level, are left out. Times in ISO 8601.

    `names` are those by which DNS led clients to an address, the latest first.

    What held its processes back in the range: `throttled_share` of the periods of their CPU quotas, `memory_share` of a
    memory limit at the most, and `oom_kills`, processes that the kernel killed for want of memory. `health` and `why`
    are of these alone. `annotations` are values of overlays, by their names, at the end of the range.
    """

    id: str
    kind: str
    title: str
    host: str = ""
    hostname: str = ""
    hosts: list[str] = field(default_factory=list)
    pid: int = 0
    started: str = ""
    parent: int = 0
    service: str = ""
    name: str = ""
    user: str = ""
    exe: str = ""
    cmdline: str = ""
    container: str = ""
    container_name: str = ""
    namespace: str = ""
    pod: str = ""
    image: str = ""
    unit: str = ""
    address: str = ""
    scope: str = ""
    names: list[str] = field(default_factory=list)
    throttled_share: float = 0.0
    memory_share: float = 0.0
    oom_kills: int = 0
    health: Health = "ok"
    why: list[dict[str, str]] = field(default_factory=list)
    annotations: dict[str, Any] = field(default_factory=dict)


class Edge(Struct, kw_only=True):
    """A client, a server, and the port between them. Counters are sums over the range; active is the value at its end.

    `protocol` is what the server was seen to speak, "" for unknown, and `tls_name` the name that clients ask it for.
    `alias` is another address and port of the server, if they are translated (NAT).
    `recorded_s` is the time within the range for which the agents at its ends reported. Divide sums by it to get rates.
    `counters` are fields of their own, for each counter of schemas/counted.py: the client's host counted the `client_…`
    ones and the server's host the `server_…` ones. Both count the same bytes. The fields from provenance to tied exist
    at level process alone, those from requests on where there are any: `errors` are requests answered with an error
    (of HTTP: 5xx) or left unanswered by the server. Nobody saw how the `unseen` requests ended, and `error_share` is of
    the others; None when there are none. `given_up` are further ones that their clients gave up, and times to the
    answer are None when nothing was answered. All these are estimates if one of several connections was looked at:
    `sampling` is the greatest number of which it was one, and 1 if all were. `usual_ms` is the median of the hour
    before, None when too few answers came then. A Unix socket has a `port_name`, its path. Counters of Unix sockets and
    of UDP are None: the kernel counts nothing of them. `health` is ok, warn or bad, and `why` gives the reasons.
    `annotations` are values of overlays, by their names, at the end of the range.
    """

    client: str
    server: str
    transport: str
    server_port: int
    protocol: str
    tls_name: str
    alias: str
    port_name: str | UnsetType = UNSET
    rule: str
    first: str
    last: str
    seen_by_client: bool
    seen_by_server: bool
    recorded_s: float
    connections_opened: int
    connections_closed: int
    connections_active: int
    connections_failed: int
    counters: dict[str, int]  # graph/counters.py
    client_provenance: str | UnsetType = UNSET
    client_tied: bool | UnsetType = UNSET
    server_provenance: str | UnsetType = UNSET
    server_tied: bool | UnsetType = UNSET
    self_loop: bool = False
    requests: int | UnsetType = UNSET
    errors: int | UnsetType = UNSET
    unseen: int | UnsetType = UNSET
    error_share: float | UnsetType | None = UNSET
    given_up: int | UnsetType = UNSET
    p50_ms: float | UnsetType | None = UNSET
    p99_ms: float | UnsetType | None = UNSET
    sampling: int | UnsetType = UNSET
    usual_ms: float | UnsetType | None = UNSET
    health: Health = "ok"
    why: list[dict[str, str]] = field(default_factory=list)
    annotations: dict[str, Any] = field(default_factory=dict)

    @property
    def port(self) -> str:
        """Return transport and port for people: tcp/443, or unix and a path."""
        return f"{self.transport} {self.port_name}" if self.port_name else f"{self.transport}/{self.server_port}"

    @property
    def counted(self) -> bool:
        """Return whether the kernel counts what the edge carries."""
        return self.transport not in UNCOUNTED

    def knows(self, counter: str) -> bool:
        """Return whether the kernel shows a counter of an end: of Unix sockets it shows what is queued."""
        return self.counted or counter.partition("_")[2] in UNCOUNTED[self.transport]

    def as_fields(self) -> dict[str, Any]:
        """Return all fields, those of the counters among them."""
        fields: dict[str, Any] = {}
        for name, value in to_builtins(self).items():
            if name == "counters":
                fields.update({each: known if self.knows(each) else None for each, known in value.items()})
            elif value or name != "annotations":
                fields[name] = value
        return fields


class ServiceMap(Struct, kw_only=True):
    """Nodes and edges, sorted by id. The nodes include both ends of every edge."""

    start: str
    end: str
    level: str
    nodes: list[Node]
    edges: list[Edge]

    def as_fields(self) -> dict[str, Any]:
        """Return the map as `map --json` writes it."""
        edges = [edge.as_fields() for edge in self.edges]
        return {"from": self.start, "to": self.end, "level": self.level, "nodes": self.nodes, "edges": edges}


class Wanted(Struct, frozen=True, kw_only=True):
    """Which map to read: windows that start in [start, end), ms.

    `service` and `host` select edges with an end there, `overlay` those with an annotation there or of their own, and
    `filter` what it keeps (graph/filters/); "" selects all. `everything` adds processes without edges.
    """

    start: int
    end: int
    level: str = "service"
    service: str = ""
    host: str = ""
    overlay: str = ""
    filter: str = ""
    everything: bool = False


@lru_cache(maxsize=1024)  # edges begin and end with windows, so most of them share their times
def iso_ms(ms: int) -> str:
    """Format a time for machines: UTC, ISO 8601 to the millisecond."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def ms_of(text: str) -> int:
    """Return the time, ms since the epoch, that iso_ms wrote."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)
