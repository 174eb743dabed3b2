"""Network namespaces besides the agent's own: what talks inside them is not seen. Named for doctor, by pyroute2.

The agent itself reads links and addresses directly (collectors/rtnetlink.py): pyroute2 would take 17 MB of its memory.
"""

from asyncio import Runner
from collections.abc import Iterator
from typing import NamedTuple

from schemas.raw import Processes
from schemas.text import shown
from servicemap.check import Check

MOST_NAMED = 5
LOOPBACK = 254  # scope of an address, include/uapi/linux/rtnetlink.h: RT_SCOPE_HOST


class Namespace(NamedTuple):
    """A network namespace: its first process, and its addresses but loopback ones."""

    pid: int
    process: str
    addresses: list[str]


def other_namespaces(processes: Processes, own: int, proc: str = "/proc") -> Iterator[Check]:
    """List the other network namespaces that processes run in, and their addresses."""
    found: dict[int, tuple[int, str]] = {}
    for pid, name, inode in zip(processes.pid, processes.comm, processes.netns, strict=True):
        if inode not in (0, own):
            found.setdefault(inode, (pid, name))
    if not found:
        return
    named = [_named(Namespace(pid, name, _addresses(f"{proc}/{pid}/ns/net"))) for pid, name in found.values()]
    some = "; ".join(named[:MOST_NAMED]) + (f"; and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else "")
    yield Check("other network namespaces", "ok", f"{len(found)}: what these talk inside is not seen: {some}")


def _named(one: Namespace) -> str:
    return f"{shown(one.process)}[{one.pid}] has {', '.join(one.addresses) or 'no address'}"


def _addresses(path: str) -> list[str]:
    """Return the addresses in a namespace; none where it is gone, or not ours to enter."""
    from pyroute2 import IPRoute  # 0.1 s, for this command alone

    # A loop of its own would stay open where the namespace cannot be entered. Flags 0: open it, and never make one.
    try:
        with Runner() as loops, IPRoute(netns=path, flags=0, use_event_loop=loops.get_loop()) as route:
            return [found.get("IFA_LOCAL") or found.get("IFA_ADDRESS") for found in route.get_addr() if _leads(found)]
    except Exception:
        return []


def _leads(found: dict[str, int]) -> bool:
    return found["scope"] != LOOPBACK
