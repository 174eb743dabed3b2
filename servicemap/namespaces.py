"""Network namespaces besides the agent's own, and which of them are looked at. Named for doctor, by pyroute2.

The agent itself reads links and addresses directly (collectors/rtnetlink.py): pyroute2 would take 17 MB of its memory.
"""

from asyncio import Runner
from collections.abc import Collection, Iterator, Sequence

from schemas.raw import Processes
from schemas.text import shown
from servicemap.check import Check

MOST_NAMED = 5
LOOPBACK = 254  # scope of an address, include/uapi/linux/rtnetlink.h: RT_SCOPE_HOST


Named = tuple[int, str]  # pid and name of its first process


def other_namespaces(
    processes: Processes, own: int, looked_at: Collection[int] = (), proc: str = "/proc"
) -> Iterator[Check]:
    """List the other network namespaces that processes run in, and their addresses: looked at, and not."""
    found: dict[int, Named] = {}
    for pid, name, inode in zip(processes.pid, processes.comm, processes.netns, strict=True):
        if inode not in (0, own):
            found.setdefault(inode, (pid, name))
    seen = [named for inode, named in found.items() if inode in looked_at]
    unseen = [named for inode, named in found.items() if inode not in looked_at]
    if seen:
        yield Check("other network namespaces", "ok", f"{len(seen)} are looked at: {_some(seen, proc)}")
    if unseen:
        why = "they have their own agent, or this agent may not enter them, or collectors.namespaces leaves them out"
        text = f"the connections in {len(unseen)} are not seen: {_some(unseen, proc)} ({why})"
        yield Check("other network namespaces", "ok", text)


def _some(found: Sequence[Named], proc: str) -> str:
    named = [f"{shown(name)}[{pid}] {_described(f'{proc}/{pid}/ns/net')}" for pid, name in found[:MOST_NAMED]]
    return "; ".join(named) + (f"; and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else "")


def _described(path: str) -> str:
    addresses = _addresses(path)
    if addresses is None:
        return "has unknown addresses (it is gone, or only root may enter it)"
    return f"has {', '.join(addresses) or 'no address'}"


def _addresses(path: str) -> list[str] | None:
    """Return the addresses in a namespace but loopback ones; None where it is gone, or not ours to enter."""
    from pyroute2 import IPRoute, NetlinkError  # 0.1 s, for this command alone

    # A loop of its own would stay open where the namespace cannot be entered. Flags 0: open it, and never make one.
    try:
        with Runner() as loops, IPRoute(netns=path, flags=0, use_event_loop=loops.get_loop()) as route:
            every = list(route.get_addr())
    except (OSError, NetlinkError):
        return None
    return [found.get("IFA_LOCAL") or found.get("IFA_ADDRESS") for found in every if _leads(found)]


def _leads(found: dict[str, int]) -> bool:
    return found["scope"] != LOOPBACK
