"""What can be set of the collectors; every default works on any host."""

import re
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from schemas import ids

# Interfaces whose subnets every host has anew: an address on them means nothing off this host. The kernel shows
# that of bridges without a port that leads off the host (collectors/inside.py); these are so by their names as well.
LOCAL_INTERFACES = (
    "lo",
    "docker0",
    r"br-[0-9a-f]{12}",
    "docker_gwbridge",
    r"virbr\d+(-nic)?",
    r"lxcbr\d+",
    r"lxdbr\d+",
    r"incusbr\d+",
    r"podman\d+",
    r"cni\d+",
    r"cni-podman\d+",
    r"nerdctl\d+",
    r"vmnet\d+",
    r"vboxnet\d+",
)

# Unix sockets by which nearly every process is connected with its init system, and which say nothing about services.
INFRASTRUCTURE = (
    r"/run/systemd/.*",
    r"(/var)?/run/dbus/.*",
    r"/run/user/\d+/(bus|systemd/.*)",
    r"@/tmp/dbus-.*",
    r"@.*/bus/systemd.*",
    r"(/var)?/run/(nscd|udev|dhcpcd)/.*",
)

Positive = Annotated[int, Meta(ge=1)]


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of the collectors of one host."""

    host_id: Annotated[str, Meta(pattern=rf"^({ids.HOST_ID.pattern})?$")] = ""
    """Id of this host; empty: its machine id."""
    window_ms: Annotated[int, Meta(ge=100, le=3_600_000)] = 5_000
    """Width of a window."""
    keyframe_ms: Annotated[int, Meta(ge=100)] = 60_000
    """How often everything known is restated; a multiple of `window_ms`."""
    drain_ms: Annotated[int, Meta(ge=10)] = 200
    """How often events are read between windows; lower it where `socket_event_overruns` are counted."""
    labels: dict[str, str] = field(default_factory=dict)
    """Labels of this host: region, zone and the like."""
    local_interfaces: tuple[str, ...] = LOCAL_INTERFACES
    """Regular expressions of the names of interfaces whose addresses mean nothing off this host, besides loopback and
    bridges without a port that leads off it."""
    namespaces: Literal["auto", "own", "all"] = "auto"
    """Which network namespaces are looked at. `own`: that of the agent. `all`: all that have processes, except those
    with their own agent. `auto`: `all` if the agent runs in that of the host's first process, else `own`."""
    bpf: Literal["auto", "off"] = "auto"
    """Whether programs in the kernel report which process owns a TCP socket, and what its connection carried. `auto`:
    where that is allowed; it needs CAP_BPF and CAP_PERFMON."""
    rows_per_batch: Positive = 20_000
    """Most rows of one column set in one record."""
    spool_windows: Positive = 720
    """Most windows kept while the log cannot take them; the oldest are dropped, and counted."""
    spool_bytes: Positive = 16 << 20
    """Most bytes of records kept while the log cannot take them."""
    event_buffer_bytes: Positive = 16 << 20
    """Kernel memory for events not read yet; it counts twice (SO_RCVBUFFORCE) and only as far as allowed."""
    cmdline_bytes: Positive = 4_096
    """Most bytes of a command line."""
    http: bool = True
    """Whether HTTP/1 requests and answers are counted, from the first bytes of packets; needs CAP_NET_RAW."""
    protocols: bool = True
    """Whether the agent finds out what ports serve, and counts requests of gRPC, Redis, PostgreSQL, MySQL, memcached
    and DNS. It reads the first bytes of connections and messages; needs CAP_NET_RAW."""
    dns_names: bool = True
    """Whether names by which DNS led clients to an address are reported, where `protocols` are looked at. Only names of
    addresses that somebody then connects to leave the host."""
    http_names: bool = True
    """Whether host names that clients ask servers outside of private networks for by HTTP/1 are reported, where
    `protocols` are looked at and DNS has shown no name. Of a request nothing but the host name is kept."""
    tcp_headers: bool = True
    """Whether the headers of segments that open and close connections are read where `bpf` does not report these.
    With them, connections that are reset also have exact bytes and known peers; needs CAP_NET_RAW."""
    links: bool = True
    """Whether announcements of switches (LLDP, CDP) are read, which name the switch and port of each interface; needs
    CAP_NET_RAW."""
    datagrams: bool = True
    """Whether the headers of datagrams are read, a sample where they are many. They show the peers of UDP sockets that
    are not connected, as those of servers are; needs CAP_NET_RAW."""
    unix_sockets: bool = True
    """Whether connections by Unix sockets are reported."""
    unix_ignored: tuple[str, ...] = INFRASTRUCTURE
    """Regular expressions of the names of Unix sockets that are left out; an abstract name begins with `@`."""
    discover: str = "/etc/servicemap/discover.d"
    """Folder of programs of your own whose output becomes facts of nodes; empty: none are run."""
    discover_user: Annotated[str, Meta(min_length=1)] = "nobody"
    """User that these programs run as, where the agent is root; it must not be root."""
    discover_seconds: Annotated[int, Meta(ge=10, le=86_400)] = 300
    """How often each of these programs runs."""
    discover_timeout_seconds: Annotated[int, Meta(ge=1, le=300)] = 10
    """How long one of these programs may run; it is killed then, with all that it started."""
    proc: str = "/proc"
    """Where procfs is mounted."""

    def __post_init__(self) -> None:
        if self.keyframe_ms % self.window_ms:
            down, up = range(self.window_ms, 99, -1), range(self.window_ms, self.keyframe_ms + 1)
            near = [next((str(width) for width in way if not self.keyframe_ms % width), "") for way in (down, up)]
            raise ValueError(
                f"window_ms ({self.window_ms}) must divide keyframe_ms ({self.keyframe_ms}):"
                f" try {' or '.join(filter(None, near))}"
            )

    def is_local(self, interface: str) -> bool:
        """Return whether the addresses of an interface mean nothing off this host."""
        return any(re.fullmatch(name, interface) for name in self.local_interfaces)
