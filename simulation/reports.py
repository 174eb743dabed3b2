"""What the agent of a host reports of its kernel, as columns: only what changed, in a keyframe everything."""

from collections.abc import Iterable, Sequence

from schemas.raw import (
    Connections,
    Exits,
    Interfaces,
    Links,
    Listeners,
    Owners,
    Processes,
    Requests,
    Spoken,
    Usage,
)
from simulation.fleet import Host
from simulation.kernel import Kernel, Listener, Socket
from simulation.machine import OWN_NETNS, Machine
from simulation.seats import Process

TCP = 6
BPF, SCAN = "BPF", "scan"
_ANY = "0.0.0.0"
PERIODS = 50  # of a CPU quota, in a window of 5 s
_PREFIX = 16
_RACK = 24  # hosts


def by_network(machine: Machine, sockets: Iterable[Socket], *, whole: bool) -> dict[int, list[Socket]]:
    """Return sockets by their network namespace, that of the host first; in a keyframe each has its part."""
    if len(machine.networks) == 1:
        return {OWN_NETNS: list(sockets)}
    parts: dict[int, list[Socket]] = {OWN_NETNS: []}
    if whole:
        parts.update((inode, []) for inode in machine.networks)
    for one in sockets:
        parts.setdefault(one.netns, []).append(one)
    return parts


def connections(rows: Sequence[Socket], window: int, *, whole: bool) -> Connections:
    """Return connections with what they counted."""
    if not rows:
        return Connections()
    blank = [0] * len(rows)
    return Connections(
        cookie=[one.cookie for one in rows],
        transport=[TCP] * len(rows),
        local_address=[one.local for one in rows],
        local_port=[one.local_port for one in rows],
        remote_address=[one.remote for one in rows],
        remote_port=[one.remote_port for one in rows],
        state=[one.state for one in rows],
        uid=blank,
        since=[one.since for one in rows],
        opened=[one.fresh and one.since == window for one in rows],
        fresh=[one.fresh for one in rows],
        accepted=[one.accepted for one in rows],
        closed=[one.closed for one in rows],
        failed=[one.failed for one in rows],
        sent_bytes=[one.sent for one in rows],
        received_bytes=[one.received for one in rows],
        sent_segments=[one.out for one in rows],
        received_segments=[one.into for one in rows],
        retransmits=[one.again for one in rows],
        rtt_us=[one.rtt_us for one in rows],
        min_rtt_us=[one.least_rtt_us for one in rows],
        sent_total=[one.sent_total for one in rows] if whole else blank,
        received_total=[one.received_total for one in rows] if whole else blank,
    )


def listeners(found: Sequence[Listener]) -> Listeners:
    """Return sockets that wait for peers."""
    blank = [0] * len(found)
    return Listeners(
        cookie=[one.cookie for one in found],
        transport=[TCP] * len(found),
        address=[_ANY] * len(found),
        port=[one.port for one in found],
        uid=blank,
        backlog=blank,
        since=[one.since for one in found],
    )


def owners(sockets: Sequence[Socket], waiting: Sequence[Listener], *, traced: bool) -> Owners:
    """Return who holds which socket; where programs in the kernel are allowed, of new ones they say so."""
    held = [(one.cookie, one.owner, BPF if traced and one.fresh else SCAN) for one in sockets]
    held += [(one.cookie, one.process, SCAN) for one in waiting]
    return Owners(
        cookie=[cookie for cookie, _, _ in held],
        pid=[process.pid for _, process, _ in held],
        start=[process.start for _, process, _ in held],
        provenance=[how for _, _, how in held],
    )


def requests(rows: Sequence[Socket]) -> Requests:
    """Return the requests on connections."""
    asked = [one for one in rows if one.answered or one.unanswered or one.given_up]
    clients = [(one.remote, one.remote_port) if one.accepted else (one.local, one.local_port) for one in asked]
    servers = [(one.local, one.local_port) if one.accepted else (one.remote, one.remote_port) for one in asked]
    return Requests(
        client_address=[address for address, _ in clients],
        client_port=[port for _, port in clients],
        server_address=[address for address, _ in servers],
        server_port=[port for _, port in servers],
        serves=[one.accepted for one in asked],
        answered=[one.answered for one in asked],
        latency=[one.latency for one in asked],
        unanswered=[one.unanswered for one in asked],
        given_up=[one.given_up for one in asked],
        transport=[TCP] * len(asked),
    )


def spoken(kernel: Kernel, keys: Iterable[tuple[int, str, int]], netns: int) -> Spoken:
    """Return what servers speak, as seen from a network namespace."""
    found = [(address, port, kernel.speaks[inode, address, port]) for inode, address, port in keys if inode == netns]
    return Spoken(
        address=[address for address, _, _ in found],
        port=[port for _, port, _ in found],
        protocol=[protocol for _, _, protocol in found],
        tls_name=[""] * len(found),
    )


def processes(found: Sequence[Process], clock_ms: int) -> Processes:
    """Return what processes are."""
    rows = [_facts(one, clock_ms) for one in found]
    return Processes.of(rows, _FACTS)


_FACTS = (
    "pid", "start", "started", "parent", "uid", "user", "comm", "exe", "cmdline", "cgroup", "container", "unit",
    "netns", "container_name", "runtime_name", "namespace", "pod", "image",
)  # fmt: skip


def _facts(one: Process, clock_ms: int) -> tuple[object, ...]:
    instance = one.seat.instance
    service, program, container = instance.service, instance.service.program, instance.service.container
    exe = program.exe or f"/usr/bin/{program.name}"
    called = (one.pid, one.start, one.started + clock_ms, 1, 0, "root", program.name, exe)
    cmdline = list(program.cmdline) or [exe]
    if container is None:
        unit = service.unit or f"{service.name}.service"
        return (*called, cmdline, f"/system.slice/{unit}", "", unit, one.network.inode, "", "", "", "", "")
    pod = instance.name if container.pod else ""
    inside = f"/kubepods.slice/kubepods-pod{one.container[:12]}.slice" if container.pod else "/system.slice"
    cgroup = f"{inside}/{_SCOPES[container.runtime]}-{one.container}.scope"
    named = (service.name, instance.name, container.namespace, pod, container.image)
    return (*called, cmdline, cgroup, one.container, "", one.network.inode, *named)


_SCOPES = {"docker": "docker", "containerd": "cri-containerd", "podman": "libpod"}


def usage(found: Sequence[Process], width: int, gone: Sequence[Process] = ()) -> Usage:
    """Return what processes used, and what held them back; `gone` were killed for want of memory."""
    rows = [_used(one, width, killed=one in gone) for one in found]
    return Usage.of(rows, _USED)


_USED = (
    "pid", "start", "cpu_ms", "rss_bytes", "fds", "threads", "cpu_wait_ms", "cpu_pressure_us", "cgroup", "cpu_periods",
    "cpu_throttled_periods", "cpu_throttled_us", "limited_memory_bytes", "memory_limit_bytes", "oom_kills",
)  # fmt: skip


def _used(one: Process, width: int, *, killed: bool) -> tuple[object, ...]:
    seat = one.seat
    cpu_ms = one.cpu_us // 1000
    pressure = one.machine.pressure
    waited = round(cpu_ms * pressure)
    memory = seat.instance.service.memory_bytes
    used = (one.pid, one.start, cpu_ms, memory, 12, 8, waited, min(waited * 1000, width * 900) if pressure else 0)
    if not seat.throttled and not killed:
        return (*used, "", 0, 0, 0, 0, 0, 0)
    periods = PERIODS * width // 5_000 if seat.throttled else 0
    stopped = round(periods * (1 - 1 / seat.throttled)) if seat.throttled else 0
    group = f"/instance/{seat.instance.name}"
    limit = memory if killed else 0
    return (*used, group, periods, stopped, stopped * 80_000, limit, limit, int(killed))


def exits(found: Sequence[tuple[Process, int, int, bool]], clock_ms: int) -> Exits:
    """Return the processes that ended."""
    return Exits(
        pid=[process.pid for process, *_ in found],
        start=[process.start for process, *_ in found],
        exited=[at + clock_ms for _, at, _, _ in found],
        code=[-1 if signal else 0 for _, _, signal, _ in found],
        signal=[signal for _, _, signal, _ in found],
        oom=[oom for *_, oom in found],
    )


def interfaces(machine: Machine) -> Interfaces:
    """Return the addresses of a host, and those of its containers that have their own."""
    rows: list[tuple[object, ...]] = [("eth0", machine.own.address, _PREFIX, _mac(machine.host, 0), False, 0, "")]
    rows.append(("lo", "127.0.0.1", 8, "", True, 0, ""))
    others = [one for one in machine.networks.values() if one is not machine.own]
    rows += [("eth0", one.address, _PREFIX, _mac(machine.host, one.inode), False, one.inode, "") for one in others]
    return Interfaces.of(rows)


def links(host: Host) -> Links:
    """Return the switch that a host is at: that of its rack."""
    rack, place = divmod(host.number, _RACK)
    name = "-".join(part for part in ("switch", host.region, host.zone, str(rack)) if part)
    port = f"Ethernet1/{place + 1}"
    return Links.of([("eth0", "lldp", name, port, host.name, name, "", 0, True)])


def _mac(host: Host, inode: int) -> str:
    number = host.number << 24 | inode & 0xFF_FFFF
    return ":".join(f"{number >> shift & 255:02x}" for shift in (0, 8, 16, 24, 32)).join(("02:", ""))
