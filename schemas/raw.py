"""Raw records: what one host's collectors saw in one window. Nothing here is joined or interpreted.

One message is one batch of one host and window. A `keyframe` batch restates everything its source knows; the ones
between carry changes only, so that a reader rebuilds its state from the log alone.
"""

from typing import Annotated

from msgspec import Meta, Struct, field

from schemas.columns import Bools, Columns, Ints, Sketches, Strs, Tallies
from schemas.counted import Counted
from schemas.facts import Merge, Unit, fact
from schemas.ids import BOOT_ID, HOST_ID
from schemas.kinds import F32, I32, U16, U32, Kind
from schemas.used import Over, used

KEY, MAX, EACH, LAST = Merge.KEY, Merge.MAX, Merge.EACH, Merge.LAST
SUM, MEAN = Over.SUM, Over.MEAN
VERSION = 1
END = r"$(?!\n)"  # Python's $ also matches before a last newline


def _waited(meaning: str, series: str, line: str) -> Meta:
    return used(meaning, Over.ONCE, Unit.MICROSECONDS, U32, series=series, chart="Pressure", line=line, rare=True)


def _of_groups(
    meaning: str, unit: Unit, kind: Kind | None = None, *, series: str = "", chart: str = "", whole: str = ""
) -> Meta:
    return used(meaning, Over.GROUPS, unit, kind, series=series, chart=chart, whole=whole, rare=True)


class Batch(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The header of every raw batch: who saw it, when, and which part of the window's whole it is."""

    v: Annotated[int, Meta(ge=1, description="schema version of the message")] = VERSION
    host_id: Annotated[str, Meta(pattern=rf"^{HOST_ID.pattern}{END}")]
    boot_id: Annotated[str, Meta(pattern=rf"^{BOOT_ID.pattern}{END}")]
    run: Annotated[int, Meta(ge=0, description="start of the agent, ms since the epoch")]
    seq: Annotated[int, Meta(ge=0, description="number of the window in the run, 0 for the first")] = 0
    window: Annotated[int, Meta(ge=0, le=2**53, description="start of the window, ms, on its grid")]
    width: Annotated[int, Meta(ge=100, le=3_600_000, description="width of the window, ms")]
    part: Annotated[int, Meta(ge=0, description="a window of many rows is split into parts")] = 0
    keyframe: Annotated[bool, Meta(description="restates all that its source knows")] = False
    covers: Annotated[
        int, Meta(ge=0, le=2**53, description="ms up to the window's end that its counters are of; 0: its width")
    ] = 0


class Interfaces(Columns, frozen=True, kw_only=True, omit_defaults=True):
    """The host's addresses. Those of a host-local interface (such as a bridge of containers) mean nothing elsewhere."""

    name: Annotated[Strs, fact("interface name", KEY)] = field(default_factory=list)
    address: Annotated[Strs, fact("IPv4 or IPv6 address", KEY)] = field(default_factory=list)
    prefix: Annotated[Ints, fact("prefix length, bits", MAX)] = field(default_factory=list)
    mac: Annotated[Strs, fact("hardware address", MAX)] = field(default_factory=list)
    local: Annotated[Bools, fact("its subnet means nothing off this host", MAX)] = field(default_factory=list)
    netns: Annotated[Ints, fact("inode of its network namespace, 0 that of the agent", KEY)] = field(
        default_factory=list
    )
    segment: Annotated[Strs, fact("bridge or network namespace outside of which it means nothing", MAX)] = field(
        default_factory=list
    )


class Neighbours(Columns, frozen=True, kw_only=True, omit_defaults=True):
    """Other hosts on the links of this one, by private addresses, which other networks may have as well.

    A keyframe has all; other windows have those that are new.
    """

    address: Annotated[Strs, fact("IPv4 or IPv6 address of the other host", KEY)] = field(default_factory=list)
    netns: Annotated[Ints, fact("inode of the network namespace that sees it, 0 that of the agent", KEY)] = field(
        default_factory=list
    )
    mac: Annotated[Strs, fact("its hardware address, empty for several", MAX)] = field(default_factory=list)
    own_mac: Annotated[Strs, fact("hardware address of the interface by which it is reached", MAX)] = field(
        default_factory=list
    )


class HostUsage(Batch, frozen=True, kw_only=True, omit_defaults=True):
    """How loaded the host was in the window, and what its agent used."""

    load1: Annotated[
        float, used("load average over one minute", MEAN, Unit.PROCESSES, F32, series="load", chart="Load")
    ] = 0.0
    cpu_ratio: Annotated[
        float,
        used("busy share of all CPUs in the window, 0..1", MEAN, Unit.SHARE, F32, series="cpu", chart="CPU"),
    ] = 0.0
    memory_used_bytes: Annotated[
        int, used("memory in use", MEAN, Unit.BYTES, series="memory", chart="Memory", line="used")
    ] = 0
    memory_total_bytes: Annotated[int, used("memory of the host", MEAN, Unit.BYTES, chart="Memory", line="total")] = 0
    swap_used_bytes: Annotated[
        int, used("swap in use", MEAN, Unit.BYTES, series="swap", chart="Memory", line="swap")
    ] = 0
    network_received_bytes: Annotated[
        int,
        used(
            "received on all interfaces but loopback",
            SUM,
            Unit.BYTES,
            series="network_in",
            chart="Network of the host",
            line="in",
        ),
    ] = 0
    network_sent_bytes: Annotated[
        int,
        used(
            "sent on all interfaces but loopback",
            SUM,
            Unit.BYTES,
            series="network_out",
            chart="Network of the host",
            line="out",
        ),
    ] = 0
    cpu_pressure_us: Annotated[
        int,
        _waited("some process waited for a CPU", "cpu_pressure", "CPU"),
    ] = 0
    memory_pressure_us: Annotated[
        int,
        _waited("some process waited for memory", "memory_pressure", "memory"),
    ] = 0
    io_pressure_us: Annotated[
        int,
        _waited("some process waited for a disk", "io_pressure", "disk"),
    ] = 0
    open_files: Annotated[
        int, used("files that are open on the host", MEAN, Unit.FILES, series="fds", chart="Open files")
    ] = 0
    oom_kills: Annotated[
        int,
        used(
            "processes that the kernel killed for want of memory",
            SUM,
            Unit.PROCESSES,
            U32,
            series="oom_kills",
            chart="Killed for memory",
            rare=True,
        ),
    ] = 0
    agent_cpu_ms: Annotated[
        int,
        used(
            "CPU time the agent itself used", SUM, Unit.MILLISECONDS, U32, series="agent_cpu", chart="CPU of the agent"
        ),
    ] = 0
    agent_rss_bytes: Annotated[
        int,
        used("resident memory of the agent", MEAN, Unit.BYTES, series="agent_memory", chart="Memory of the agent"),
    ] = 0


class Heartbeat(HostUsage, frozen=True, kw_only=True, omit_defaults=True):
    """Closes a host's window: sent last, empty or not, and lists what else was sent for the window.

    Addresses are in those of keyframes, and of windows in which one changed.
    """

    sent: Annotated[dict[str, int], Meta(description="topic -> number of parts sent for this window")] = field(
        default_factory=dict
    )
    topics: Annotated[
        Strs, Meta(description="topics that this run of the agent reports; none: an agent that does not declare them")
    ] = field(default_factory=list)
    hostname: str = ""
    netns: Annotated[int, Meta(description="inode of the network namespace looked at")] = 0
    interfaces: Interfaces = field(default_factory=Interfaces)
    neighbours: Neighbours = field(default_factory=Neighbours)
    missing: Annotated[dict[str, str], Meta(description="what cannot be seen -> what it would need")] = field(
        default_factory=dict
    )
    counters: Annotated[dict[str, int], Meta(description="errors and drops of the agent since it started")] = field(
        default_factory=dict
    )
    failed: Annotated[
        dict[str, str],
        Meta(description="topic whose collector failed in this window, so that nothing is known of it -> the reason"),
    ] = field(default_factory=dict)
    booted: Annotated[int, Meta(description="boot time of the host, ms since the epoch")] = 0
    alone: Annotated[bool, Meta(description="no other agent of this host id runs beside it, into this log")] = False
    beside: Annotated[int, Meta(description="pid of the agent that was there before it, and still is")] = 0
    stopped: Annotated[int, Meta(description="when the agent stopped, ms: its last window")] = 0


class HostFacts(Batch, frozen=True, kw_only=True, omit_defaults=True):
    """What a host is. The topic is compacted: its last word stands."""

    hostname: str = ""
    os: str = ""
    kernel: str = ""
    arch: str = ""
    cpus: int = 0
    memory_bytes: int = 0
    booted: Annotated[int, Meta(description="boot time, ms since the epoch")] = 0
    agent_version: str = ""
    interfaces: Interfaces = field(default_factory=Interfaces)
    labels: Annotated[dict[str, str], Meta(description="region, zone and the like")] = field(default_factory=dict)


class Processes(Columns, frozen=True, kw_only=True, omit_defaults=True):
    """What a process is; (pid, start) is its identity on this boot."""

    pid: Annotated[Ints, fact("process id", KEY)] = field(default_factory=list)
    start: Annotated[Ints, fact("start time, clock ticks since boot", KEY)] = field(default_factory=list)
    started: Annotated[Ints, fact("start time, ms since the epoch", MAX)] = field(default_factory=list)
    parent: Annotated[Ints, fact("parent's pid", LAST)] = field(default_factory=list)
    uid: Annotated[Ints, fact("effective user id", LAST)] = field(default_factory=list)
    user: Annotated[Strs, fact("its name", LAST)] = field(default_factory=list)
    comm: Annotated[Strs, fact("kernel's name of the process, 15 bytes", LAST)] = field(default_factory=list)
    exe: Annotated[Strs, fact("executable's path, if readable", LAST)] = field(default_factory=list)
    cmdline: Annotated[list[Strs], fact("arguments, secrets redacted", LAST)] = field(default_factory=list)
    cgroup: Annotated[Strs, fact("cgroup path", LAST)] = field(default_factory=list)
    container: Annotated[Strs, fact("container id found in the cgroup path", LAST)] = field(default_factory=list)
    unit: Annotated[Strs, fact("systemd unit found in the cgroup path", LAST)] = field(default_factory=list)
    netns: Annotated[Ints, fact("inode of its network namespace, 0 unknown", LAST)] = field(default_factory=list)
    cwd: Annotated[Strs, fact("working directory it was started in, if readable", LAST)] = field(default_factory=list)
    container_name: Annotated[Strs, fact("what people call its container, if its runtime keeps that", LAST)] = field(
        default_factory=list
    )
    lineage: Annotated[list[Strs], fact("kernel's names of what started it, parent first, when first seen", LAST)] = (
        field(default_factory=list)
    )
    lead: Annotated[
        list[Strs], fact("arguments of what started it, of a worker that knows no more of itself", LAST)
    ] = field(default_factory=list)
    runtime_name: Annotated[Strs, fact("what its runtime calls its container: shop-cart-1", LAST)] = field(
        default_factory=list
    )
    namespace: Annotated[Strs, fact("Kubernetes namespace, Compose project or Swarm stack of its container", LAST)] = (
        field(default_factory=list)
    )
    pod: Annotated[Strs, fact("pod of its container, or the pod's id while it has no name", LAST)] = field(
        default_factory=list
    )
    image: Annotated[Strs, fact("image of its container", LAST)] = field(default_factory=list)


class Usage(Columns, frozen=True, kw_only=True, omit_defaults=True):
    """What a process used in the window, and for how long its control group waited."""

    pid: Annotated[Ints, fact("process id", KEY)] = field(default_factory=list)
    start: Annotated[Ints, fact("start time, clock ticks since boot", KEY)] = field(default_factory=list)
    cpu_ms: Annotated[
        Ints,
        used("CPU time used in the window, ms", SUM, Unit.MILLISECONDS, U32, series="cpu", chart="CPU", line="used"),
    ] = field(default_factory=list)
    rss_bytes: Annotated[Ints, used("resident memory", MEAN, Unit.BYTES, series="memory", chart="Memory")] = field(
        default_factory=list
    )
    fds: Annotated[
        Ints, used("open file descriptors, -1 unknown", MEAN, Unit.FILES, I32, series="fds", chart="Open files")
    ] = field(default_factory=list)
    threads: Annotated[Ints, used("threads", MEAN, Unit.THREADS, U32, series="threads", chart="Threads")] = field(
        default_factory=list
    )
    cpu_wait_ms: Annotated[
        Ints,
        used(
            "time in which its threads could run and waited for a CPU, of all threads together, ms",
            SUM,
            Unit.MILLISECONDS,
            U32,
            series="cpu_wait",
            chart="CPU",
            line="waited for",
        ),
    ] = field(default_factory=list)
    cpu_pressure_us: Annotated[
        Ints,
        _waited("its group waited for a CPU", "cpu_pressure", "CPU"),
    ] = field(default_factory=list)
    memory_pressure_us: Annotated[
        Ints,
        _waited("its group waited for memory", "memory_pressure", "memory"),
    ] = field(default_factory=list)
    io_pressure_us: Annotated[
        Ints,
        _waited("its group waited for a disk", "io_pressure", "disk"),
    ] = field(default_factory=list)
    cgroup: Annotated[Strs, fact("its control group, where a limit or a kill of it follows", MAX)] = field(
        default_factory=list
    )
    cpu_periods: Annotated[
        Ints, _of_groups("periods of its group's CPU quota, of the nearest group that has one", Unit.PERIODS, U32)
    ] = field(default_factory=list)
    cpu_throttled_periods: Annotated[
        Ints,
        _of_groups(
            "periods in which the quota stopped the group",
            Unit.PERIODS,
            U32,
            series="throttled",
            chart="Throttled by its CPU quota",
            whole="cpu_periods",
        ),
    ] = field(default_factory=list)
    cpu_throttled_us: Annotated[
        Ints, _of_groups("for how long the quota stopped the group, on all CPUs together", Unit.MICROSECONDS)
    ] = field(default_factory=list)
    limited_memory_bytes: Annotated[
        Ints,
        _of_groups(
            "memory of the group that its limit is of, without files that it may drop at once",
            Unit.BYTES,
            series="memory_of_limit",
            chart="Memory of its limit",
            whole="memory_limit_bytes",
        ),
    ] = field(default_factory=list)
    memory_limit_bytes: Annotated[
        Ints, _of_groups("memory limit of the group, the nearest one; 0 none", Unit.BYTES)
    ] = field(default_factory=list)
    oom_kills: Annotated[
        Ints,
        _of_groups(
            "processes of the group that the kernel killed for want of memory",
            Unit.PROCESSES,
            U32,
            series="oom_kills",
            chart="Killed for memory",
        ),
    ] = field(default_factory=list)


class Exits(Columns, frozen=True, kw_only=True, omit_defaults=True):
    """Processes that are gone."""

    pid: Annotated[Ints, fact("process id", KEY)] = field(default_factory=list)
    start: Annotated[Ints, fact("start time, clock ticks since boot", KEY)] = field(default_factory=list)
    exited: Annotated[Ints, fact("when, ms since the epoch", MAX)] = field(default_factory=list)
    code: Annotated[Ints, fact("exit code, -1 unknown", MAX)] = field(default_factory=list)
    signal: Annotated[Ints, fact("signal that ended it, 0 none", MAX)] = field(default_factory=list)
    oom: Annotated[Bools, fact("the kernel killed it for want of memory", MAX)] = field(default_factory=list)


class ProcessBatch(Batch, frozen=True, kw_only=True, omit_defaults=True):
    """New and changed processes, what each used, and those that exited in the window."""

    processes: Processes = field(default_factory=Processes)
    usage: Usage = field(default_factory=Usage)
    exits: Exits = field(default_factory=Exits)


class Connections(Counted, frozen=True, kw_only=True, omit_defaults=True):
    """Sockets with a peer. Counters are of this window alone; bytes are payload: no SYN, no FIN, nothing twice.

    UDP sockets without a peer have a row for each peer that they exchange datagrams with. Its `cookie` is a number made
    of the flow, and `accepted` says whether this end serves. Port 0 stands for ports that come and go.

    Of Unix sockets the kernel counts nothing. The address of a server is its name, and that of a client its cookie
    (schemas/unix_names.py).
    """

    cookie: Annotated[Ints, fact("socket cookie, unique on this boot", KEY)] = field(default_factory=list)
    transport: Annotated[Ints, fact("IP protocol: 6 TCP, 17 UDP; 256 a Unix socket", MAX)] = field(default_factory=list)
    local_address: Annotated[Strs, fact("this end's address", MAX)] = field(default_factory=list)
    local_port: Annotated[Ints, fact("this end's port", MAX)] = field(default_factory=list)
    remote_address: Annotated[Strs, fact("the peer's address", MAX)] = field(default_factory=list)
    remote_port: Annotated[Ints, fact("the peer's port", MAX)] = field(default_factory=list)
    state: Annotated[Ints, fact("kernel's TCP state (include/net/tcp_states.h)", MAX)] = field(default_factory=list)
    uid: Annotated[Ints, fact("user id of the socket", MAX)] = field(default_factory=list)
    since: Annotated[Ints, fact("window in which this agent first saw it, ms", MAX)] = field(default_factory=list)
    fresh: Annotated[Bools, fact("opened while this agent was watching", MAX)] = field(default_factory=list)
    accepted: Annotated[Bools, fact("was dialled; where its SYN was not seen: listened on its port", MAX)] = field(
        default_factory=list
    )
    sent_total: Annotated[Ints, fact("payload bytes sent since it was opened; in keyframes alone", MAX)] = field(
        default_factory=list
    )
    received_total: Annotated[Ints, fact("payload bytes received since it was opened; likewise", MAX)] = field(
        default_factory=list
    )
    socket: Annotated[
        Ints, fact("cookie of the UDP socket without a peer whose flow it is; `cookie` itself: not known; else 0", MAX)
    ] = field(default_factory=list)


class Translated(Columns, frozen=True, kw_only=True, omit_defaults=True):
    """Connections whose addresses or ports the host changes (NAT), and what they are on the wire outside of it."""

    cookie: Annotated[Ints, fact("socket cookie, unique on this boot", KEY)] = field(default_factory=list)
    local_address: Annotated[Strs, fact("this end's address outside", MAX)] = field(default_factory=list)
    local_port: Annotated[Ints, fact("this end's port outside", MAX)] = field(default_factory=list)
    remote_address: Annotated[Strs, fact("the peer's address outside", MAX)] = field(default_factory=list)
    remote_port: Annotated[Ints, fact("the peer's port outside", MAX)] = field(default_factory=list)


class ConnectionBatch(Batch, frozen=True, kw_only=True, omit_defaults=True):
    """Connections that changed in the window; a keyframe restates the idle ones too."""

    netns: Annotated[int, Meta(description="inode of the network namespace looked at")] = 0
    connections: Connections = field(default_factory=Connections)
    translated: Translated = field(default_factory=Translated)


class Listeners(Columns, frozen=True, kw_only=True, omit_defaults=True):
    """Sockets that wait for peers: TCP listeners and UDP sockets without a peer."""

    cookie: Annotated[Ints, fact("socket cookie, unique on this boot", KEY)] = field(default_factory=list)
    transport: Annotated[Ints, fact("IP protocol: 6 TCP, 17 UDP", MAX)] = field(default_factory=list)
    address: Annotated[Strs, fact("bound address, 0.0.0.0 or :: for any", MAX)] = field(default_factory=list)
    port: Annotated[Ints, fact("bound port", MAX)] = field(default_factory=list)
    uid: Annotated[Ints, fact("user id of the socket", MAX)] = field(default_factory=list)
    backlog: Annotated[Ints, fact("connections waiting to be accepted", MAX)] = field(default_factory=list)
    since: Annotated[Ints, fact("window in which this agent first saw it, ms; 0 unknown", MAX)] = field(
        default_factory=list
    )


class ListenerBatch(Batch, frozen=True, kw_only=True, omit_defaults=True):
    """New and changed listeners, and those that `ended`: they closed, also those that no scan saw."""

    netns: Annotated[int, Meta(description="inode of the network namespace looked at")] = 0
    listeners: Listeners = field(default_factory=Listeners)
    gone: Annotated[Ints, Meta(description="cookies of listeners that closed")] = field(default_factory=list)
    ended: Listeners = field(default_factory=Listeners)


class Owners(Columns, frozen=True, kw_only=True, omit_defaults=True):
    """Which process holds which socket. A socket may have several holders; the fold decides."""

    cookie: Annotated[Ints, fact("socket cookie, unique on this boot", KEY)] = field(default_factory=list)
    pid: Annotated[Ints, fact("process id", KEY)] = field(default_factory=list)
    start: Annotated[Ints, fact("start time, clock ticks since boot", KEY)] = field(default_factory=list)
    provenance: Annotated[Strs, fact("how it is known: BPF, scan", MAX)] = field(default_factory=list)


class Lost(Columns, frozen=True, kw_only=True, omit_defaults=True):
    """Holdings that ended."""

    cookie: Annotated[Ints, fact("socket cookie, unique on this boot", KEY)] = field(default_factory=list)
    pid: Annotated[Ints, fact("process id", KEY)] = field(default_factory=list)
    start: Annotated[Ints, fact("start time, clock ticks since boot", KEY)] = field(default_factory=list)


class OwnerBatch(Batch, frozen=True, kw_only=True, omit_defaults=True):
    """New holdings of sockets by processes, and those that ended."""

    owners: Owners = field(default_factory=Owners)
    gone: Lost = field(default_factory=Lost)


class Requests(Columns, frozen=True, kw_only=True, omit_defaults=True):
    """Requests of one connection that were answered in the window, and those that never will be."""

    client_address: Annotated[Strs, fact("address of the end that asks", KEY)] = field(default_factory=list)
    client_port: Annotated[Ints, fact("its port", KEY)] = field(default_factory=list)
    server_address: Annotated[Strs, fact("address of the end that answers", KEY)] = field(default_factory=list)
    server_port: Annotated[Ints, fact("its port", KEY)] = field(default_factory=list)
    serves: Annotated[Bools, fact("the server is on this host", MAX)] = field(default_factory=list)
    answered: Annotated[Tallies, fact("operation and result -> answers: GET 2xx, SELECT ok, GET error", EACH)] = field(
        default_factory=list
    )
    latency: Annotated[Sketches, fact("bucket of the time to answer -> answers, see schemas.latency", EACH)] = field(
        default_factory=list
    )
    unanswered: Annotated[Ints, fact("ended by the server without an answer", MAX)] = field(default_factory=list)
    given_up: Annotated[Ints, fact("no answer before the client left, or for five minutes", MAX)] = field(
        default_factory=list
    )
    transport: Annotated[Ints, fact("IP protocol: 6 TCP, 17 UDP; 0: TCP", KEY)] = field(default_factory=list)


class Spoken(Columns, frozen=True, kw_only=True, omit_defaults=True):
    """What servers have been seen to speak: those that are new or changed, in a keyframe all."""

    address: Annotated[Strs, fact("address of the server", KEY)] = field(default_factory=list)
    port: Annotated[Ints, fact("its port", KEY)] = field(default_factory=list)
    protocol: Annotated[Strs, fact("http, redis, tls 1.3 and the like", MAX)] = field(default_factory=list)
    tls_name: Annotated[Strs, fact("name that all clients asked it for by TLS; empty for several", MAX)] = field(
        default_factory=list
    )


BY_HTTP, BY_DNS = "HTTP", "dns"  # how the name of an address is known; the greater is the better evidence


class DnsNames(Columns, frozen=True, kw_only=True, omit_defaults=True):
    """Names by which clients find the addresses of peers: those that are new, in a keyframe all in use.

    A name is the one that a client asked for; aliases (CNAME) that led to the address are left out.
    """

    address: Annotated[Strs, fact("IPv4 or IPv6 address of a peer", KEY)] = field(default_factory=list)
    name: Annotated[Strs, fact("name that was asked for", KEY)] = field(default_factory=list)
    asked: Annotated[Ints, fact("when DNS last gave the address for it, ms since the epoch", MAX)] = field(
        default_factory=list
    )
    provenance: Annotated[
        Strs, fact("how it is known: dns, or HTTP for the header Host of a request; empty: dns", MAX)
    ] = field(default_factory=list)


class RequestBatch(Batch, frozen=True, kw_only=True, omit_defaults=True):
    """Requests of the window, connection by connection. Under load of some connections only, see `sampling`."""

    netns: Annotated[int, Meta(description="inode of the network namespace looked at")] = 0
    sampling: Annotated[int, Meta(ge=1, description="one of so many connections is looked at; counts are as seen")] = 1
    requests: Requests = field(default_factory=Requests)
    spoken: Spoken = field(default_factory=Spoken)
    names: DnsNames = field(default_factory=DnsNames)


class Discovered(Columns, frozen=True, kw_only=True, omit_defaults=True):
    """Facts that programs of the host's operator print, each of a port, a process, a service or else of the host."""

    program: Annotated[Strs, fact("file name of the program", KEY)] = field(default_factory=list)
    name: Annotated[Strs, fact("name of the fact: tls.not_after", KEY)] = field(default_factory=list)
    port: Annotated[Ints, fact("of who listens to this port of the host's own namespace; 0 of none", KEY)] = field(
        default_factory=list
    )
    pid: Annotated[Ints, fact("of this process; 0 of none", KEY)] = field(default_factory=list)
    start: Annotated[Ints, fact("its start time, clock ticks since boot", KEY)] = field(default_factory=list)
    service: Annotated[Strs, fact("of this service, on this host", KEY)] = field(default_factory=list)
    value: Annotated[Strs, fact("its value, as text", MAX)] = field(default_factory=list)


class DiscoveredBatch(Batch, frozen=True, kw_only=True, omit_defaults=True):
    """All facts that programs of the operator print, when one of them has changed and in keyframes; else none."""

    facts: Discovered = field(default_factory=Discovered)


class Links(Columns, frozen=True, kw_only=True, omit_defaults=True):
    """Who is at the other ends of the host's cables, as they announce themselves by LLDP or CDP: switches, mostly."""

    interface: Annotated[Strs, fact("interface of the host", KEY)] = field(default_factory=list)
    protocol: Annotated[Strs, fact("how it announces itself: lldp, cdp", KEY)] = field(default_factory=list)
    chassis: Annotated[Strs, fact("its id: a hardware address, a name", KEY)] = field(default_factory=list)
    port: Annotated[Strs, fact("its port that the cable is in", KEY)] = field(default_factory=list)
    port_description: Annotated[Strs, fact("what people call the port", MAX)] = field(default_factory=list)
    system_name: Annotated[Strs, fact("its name", MAX)] = field(default_factory=list)
    management_address: Annotated[Strs, fact("address by which it is managed", MAX)] = field(default_factory=list)
    vlan: Annotated[Ints, fact("VLAN of frames without a tag, 0 unknown", MAX, U16)] = field(default_factory=list)
    forwards: Annotated[Bools, fact("it forwards frames or packets for others, or does not say", MAX)] = field(
        default_factory=list
    )


class LinkBatch(Batch, frozen=True, kw_only=True, omit_defaults=True):
    """All neighbours on the host's links, when one of them has changed and in keyframes; else none."""

    links: Links = field(default_factory=Links)
