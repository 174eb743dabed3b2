"""What a map is: nodes and edges of a stretch of time at a level. Its fields are those of `map --json`."""

from datetime import UTC, datetime
from functools import lru_cache

from msgspec import UNSET, Struct, UnsetType, field

LEVELS = ("process", "service", "host", "container", "address")


class Node(Struct, kw_only=True, omit_defaults=True):
    """Who or what is on the map; what is not known, or means nothing at the level, is left out. Times in ISO 8601."""

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
    unit: str = ""
    address: str = ""
    scope: str = ""


class Edge(Struct, kw_only=True):
    """Who talks to whom on which port. Counters are sums of the range; active is now, that is at its end.

    `recorded_s` is for how long of the range the agents that see it reported: a rate is a sum by that.
    `client_…` counters are what the client's host saw, `server_…` the server's: both tell of the same bytes. The fields
    from provenance to tied are of level process alone, those from requests on of edges on which HTTP was counted:
    requests in the range, errors of these (5xx or left unanswered by the server), how many more their clients gave up,
    and times to the answer, None where none came. `usual_ms` is what half of the answers took at most in the hour
    before, None where too few came then. `health` is ok, warn or bad, and `why` names what is wrong.
    """

    client: str
    server: str
    transport: str
    server_port: int
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
    client_sent_bytes: int
    client_received_bytes: int
    client_sent_segments: int
    client_received_segments: int
    client_retransmits: int
    client_rtt_us: int
    client_min_rtt_us: int
    server_sent_bytes: int
    server_received_bytes: int
    server_sent_segments: int
    server_received_segments: int
    server_retransmits: int
    server_rtt_us: int
    server_min_rtt_us: int
    client_provenance: str | UnsetType = UNSET
    client_tied: bool | UnsetType = UNSET
    server_provenance: str | UnsetType = UNSET
    server_tied: bool | UnsetType = UNSET
    self_loop: bool = False
    requests: int | UnsetType = UNSET
    errors: int | UnsetType = UNSET
    given_up: int | UnsetType = UNSET
    p50_ms: float | UnsetType | None = UNSET
    p99_ms: float | UnsetType | None = UNSET
    usual_ms: float | UnsetType | None = UNSET
    health: str = "ok"
    why: list[dict[str, str]] = field(default_factory=list)


class ServiceMap(Struct, kw_only=True):
    """Nodes and edges by id; every end of an edge is among the nodes."""

    start: str = field(name="from")
    end: str = field(name="to")
    level: str
    nodes: list[Node]
    edges: list[Edge]


class Wanted(Struct, frozen=True, kw_only=True):
    """Which map: windows that start in [start, end), ms; edges with an end in a service or on a host, "" for any."""

    start: int
    end: int
    level: str = "service"
    service: str = ""
    host: str = ""
    everything: bool = False


@lru_cache(maxsize=1024)  # an edge begins and ends with a window, so most have their times in common
def iso_ms(ms: int) -> str:
    """Write a time for machines: UTC, ISO 8601 to the millisecond."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
