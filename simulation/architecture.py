"""What a system is made of, before it stands on hosts: services, the programs they run, and what they call.

Readers (Spigo, Compose, the native format) and the generator make it; `place` makes a fleet of it.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from simulation.faults import Fault

Within = Literal[
    "zone",  # in the zone of the client
    "zones alike",  # in the zones of that name of all regions
    "region",  # in the region of the client
    "anywhere",  # wherever they are
]
Name = Annotated[str, Meta(min_length=1, max_length=128)]
Share = Annotated[float, Meta(ge=0, le=1)]
Port = Annotated[int, Meta(ge=1, le=65_535)]


class Program(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an instance runs, and what it listens to."""

    name: Annotated[str, Meta(min_length=1, max_length=15)]  # as the kernel calls a process
    exe: str = ""  # empty: /usr/bin/ and the name
    cmdline: tuple[str, ...] = ()  # empty: the executable
    port: Port | None = None  # of clients; left out: it serves nobody
    peer_port: Port | None = None  # of other instances of its service; left out: that of clients
    product: str = ""  # what people call it, where that is another name than its executable has
    protocol: str = ""  # as the agent names it: http, redis; "": not known to it, so no requests are seen


class Container(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The container that each instance is in."""

    runtime: Literal["docker", "containerd", "podman"] = "docker"
    image: str = ""
    namespace: str = ""  # Kubernetes namespace, or Compose project
    pod: bool = False  # each container is alone in a pod of its own


class Call(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a service asks of another one for each request that it has to answer."""

    to: Name
    per_request: Annotated[float, Meta(ge=0)] = 1.0  # 0.1: of one request in ten
    group: str = ""  # calls of one group are alternatives: a request makes one of them, by the odds of `per_request`
    within: Within = "anywhere"  # where the servers stand that a client chooses from
    peers: bool = False  # to other instances of the same service, at their peer port
    pool: Annotated[int, Meta(ge=0, le=100)] = 1  # connections kept to each server; 0: one for each request
    servers: Annotated[int, Meta(ge=0)] = 0  # how many servers one client talks to; 0: to all within reach
    retries: Annotated[int, Meta(ge=0, le=10)] = 0
    timeout_ms: Annotated[float, Meta(gt=0)] = 10_000.0
    essential: bool = True  # without an answer the caller's own answer is an error
    request_bytes: Annotated[int, Meta(ge=0)] = 400
    response_bytes: Annotated[int, Meta(ge=0)] = 4_000


class Service(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The instances of one program that are one thing to people."""

    name: Name
    program: Program
    count: Annotated[int, Meta(ge=1, le=1_000_000)] = 1  # in each region
    regions: Annotated[int, Meta(ge=0)] | None = None  # it stands in so many; left out: in all; 0: in none, as DNS
    zonal: bool = True  # false: it belongs to no zone, as a load balancer of a whole region
    calls: tuple[Call, ...] = ()
    load: Annotated[float, Meta(ge=0)] = 0.0  # requests a second that come to each instance from outside the fleet
    makes: Annotated[float, Meta(ge=0)] = 0.0  # requests a second that each instance begins of itself
    service_ms: Annotated[float, Meta(ge=0)] = 2.0  # median of its own work for a request, without that of others
    error_share: Share = 0.0  # of its answers, without errors of others
    cpu_ms: Annotated[float, Meta(ge=0)] = 1.0  # for a request
    memory_bytes: Annotated[int, Meta(ge=0)] = 200 << 20
    container: Container | None = None
    unit: str = ""  # systemd unit; "" in a container, and otherwise the name with .service
    owner_known: bool = True  # false: the agent may not see which process holds the sockets
    package: str = ""  # the package of Spigo that it is nearest to, for exports; "": none is


class Architecture(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A system: its services in the order of its file, and where they may stand."""

    name: Name
    description: str = ""
    services: tuple[Service, ...]
    regions: tuple[str, ...] = ("us-east-1",)
    zones: tuple[str, ...] = ("zoneA", "zoneB", "zoneC")  # of each region
    per_host: Annotated[int, Meta(ge=1)] = 1  # instances that share a host
    agents_missing: Share = 0.0  # of hosts
    scanning: Share = 0.0  # of hosts, where BPF is not allowed: owners of short connections are not known
    clock_ms: Annotated[float, Meta(ge=0)] = 0.0  # clocks of hosts are off by up to so much
    redeployments: Annotated[float, Meta(ge=0)] = 0.0  # of each service in a day
    faults: tuple[Fault, ...] = ()
