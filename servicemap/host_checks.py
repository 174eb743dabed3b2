"""What this host lets the collectors see: they are asked themselves, over one window that is thrown away."""

import os
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

from collectors.capabilities import MODULE
from collectors.discovered import WHAT as OWN_FACTS
from collectors.host import HostCollector, find_boot_id, find_host_id
from collectors.interfaces import read_interfaces
from collectors.kernel import kernel_version
from collectors.networks import ANOTHERS, Networks
from collectors.processes import HANGING
from collectors.registered import registered
from collectors.registry import Sources
from collectors.rtnetlink import InterfaceAddress
from collectors.settings import Settings
from collectors.tracing import ELSEWHERE
from collectors.tracing import WHAT as BRIEF_CLIENTS
from collectors.window import Collector, Window
from schemas.columns import Columns
from schemas.raw import Batch, DiscoveredBatch, LinkBatch, ProcessBatch
from servicemap.check import Check
from servicemap.extras import EXTRAS, installed, lacking
from servicemap.namespaces import other_namespaces

OLDEST_KERNEL = (4, 3)  # reports sockets that close since then
LIMIT = "no more than"  # begins what a collector needs that has a limit, which nothing lifts
LIBRARIES = ("servicemap", "chdb", "clickhouse-driver", "confluent-kafka", "faust-streaming")
UNUSED = ("pandas", "pyarrow")  # chdb's metadata ask for them; the engine is loaded without its Python part
AS_ROOT = "sudo servicemap up"
ON_THE_HOST = "run servicemap on the host itself, not in a container"
CAPABILITIES = "leave the agent its capabilities: CapabilityBoundingSet= of its unit, cap_add of its container"
DIAG_MODULES = "sudo modprobe -a tcp_diag udp_diag inet_diag unix_diag"


def host_checks(settings: Settings) -> Iterator[Check]:
    """Yield what is found on this host."""
    yield kernel(platform.system(), platform.release())
    yield Check("versions", "ok", f"Python {platform.python_version()}, " + ", ".join(_versions()))
    yield packages()
    try:
        host_id = find_host_id(settings)
    except ValueError as error:
        yield Check("host id", "broken", str(error), "an id that no other host has", "servicemap up --host-id NAME")
        return
    yield Check("host id", "ok", host_id)
    yield interfaces(read_interfaces)
    start = int(time.time() * 1000) // settings.window_ms * settings.window_ms
    window = Window(host_id, find_boot_id(settings.proc), start, 0, start, settings.window_ms, keyframe=True)
    sources = Sources(settings)
    yield from collecting(lambda: [*registered(sources), HostCollector(settings)], window, sources.networks)


def kernel(system: str, release: str) -> Check:
    """Check that the kernel is one that the collectors know."""
    version = kernel_version(release)
    if system != "Linux" or version is None:
        return Check("kernel", "broken", f"{system} {release}", "Linux", "run the agent on a Linux host")
    if version < OLDEST_KERNEL:
        return Check("kernel", "missing", f"{system} {release}", "Linux 4.3 or later", "upgrade the kernel")
    return Check("kernel", "ok", f"{system} {release}")


def interfaces(read: Callable[[], list[InterfaceAddress]]) -> Check:
    """List the addresses of this host."""
    try:
        found = read()
    except Exception as error:
        return Check("interfaces", "broken", str(error), "netlink sockets (AF_NETLINK)", "allow them in the sandbox")
    names = sorted({one.name for one in found})
    return Check("interfaces", "ok", f"{len(found)} addresses on {', '.join(names) or 'no interface'}")


def collecting(make: Callable[[], Sequence[Collector]], window: Window, networks: Networks) -> Iterator[Check]:
    """Yield what each collector sees, and what it reports that it cannot see."""
    try:
        collectors = make()
    except OSError as error:
        yield Check("collectors", "broken", str(error), "procfs and netlink sockets", AS_ROOT)
        return
    missing: dict[str, str] = {}
    for collector in collectors:
        name = collector.topic.name
        try:
            collector.open(window)
            found = collector.collect(window)
        except Exception as error:
            yield Check(name, "broken", f"{type(error).__name__}: {error}", "netlink sockets and procfs", DIAG_MODULES)
            continue
        batch = found[0] if isinstance(found, list) else found  # of our own namespace
        yield Check(name, "ok", _seen(batch))
        if isinstance(batch, ProcessBatch):
            yield from other_namespaces(batch.processes, networks.own.inode, [network.inode for network in networks])
    for collector in collectors:
        with suppress(Exception):
            missing |= collector.missing()
        with suppress(Exception):
            collector.close()
    networks.close()
    for what, needs in missing.items():
        limit = f"nothing: the agent has a limit here, {needs}" if needs.startswith(LIMIT) else ""
        yield Check(what, "missing", "cannot be seen", limit or needs, mended_by(what, needs))


def mended_by(what: str, needs: str) -> str:
    """Return what gives a collector what it needs."""
    if what == HANGING:
        return "end these processes, or bring back the file system that they wait for"
    if needs == ANOTHERS or needs.startswith(LIMIT):
        return ""
    if what.startswith(OWN_FACTS) and "CAP_" not in needs:
        return "docs/howto/facts-of-your-own.md"
    if needs.startswith("Linux "):
        return "upgrade the kernel"
    if what == BRIEF_CLIENTS and "CAP_" not in needs and needs != ELSEWHERE:
        return 'run another kernel, or do without: SERVICEMAP_COLLECTORS__BPF="off"'
    if "psi=1" in needs:
        return "boot the kernel with psi=1"
    if "CAP_" not in needs and "root" not in needs:
        return DIAG_MODULES if "diag" in needs else ON_THE_HOST
    if os.geteuid():
        return AS_ROOT
    if MODULE in needs:
        return "allow what that module refuses to the agent; its log shows it (dmesg, ausearch, aa-status)"
    if "hidepid=" in needs:
        return "mount -o remount,hidepid=0 /proc"
    return CAPABILITIES if "CAP_" in needs else ON_THE_HOST


def _seen(batch: Batch) -> str:
    if isinstance(batch, DiscoveredBatch):
        return "only the agent runs these programs"
    if isinstance(batch, LinkBatch) and not batch.links:
        return "switches announce themselves every 30 to 60 s: the agent waits for them"
    columns = [getattr(batch, name) for name in batch.__struct_fields__]
    rows = max((len(value) for value in columns if isinstance(value, Columns)), default=0)
    return f"{rows} seen"


def _versions() -> Iterator[str]:
    for library in LIBRARIES:
        if found := installed(library):
            yield f"{library} {found}"


def packages() -> Check:
    """List the parts that are installed, and what each of the others lacks."""
    missing = {extra: lacking(extra) for extra in EXTRAS}
    found = ", ".join(["agent", *(extra for extra, names in missing.items() if not names)])
    if others := [f"{extra} ({', '.join(names)})" for extra, names in missing.items() if names]:
        found += f"; not here: {', '.join(others)}"
    if installed("chdb") and not any(map(installed, UNUSED)):
        found += f"; without {' and '.join(UNUSED)}, which chdb asks for and servicemap never imports"
    return Check("installed", "ok", found)
