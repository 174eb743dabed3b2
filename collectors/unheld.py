"""Sockets of which no process is seen to hold them: how many, and why.

Some have none: those of the kernel itself (NFS, WireGuard), and what is on its way from one process to another. So
their number alone means little, until it is large and stays so.
"""

from typing import NamedTuple

from collectors.capabilities import needed

HOLDERS = "owners of other users' sockets"
PROCESSES = "processes of other users"
SEE_ALL = ("CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH")
FEW = 10
MOST_NAMED = 3


class Sight(NamedTuple):
    """What a keyframe saw of sockets and their holders."""

    sockets: int = 0
    unheld: int = 0  # known for a window, and without a holder
    denied: tuple[int, ...] = ()  # processes whose files may not be read
    hidden: str = ""  # the mount option that hides processes
    contained: bool = False  # in a pid namespace of a container: processes outside are not seen
    lasting: bool = False  # as many were unheld in the keyframe before


def missing(sight: Sight) -> dict[str, str]:
    """Return what cannot be seen of holders, and what it would need; nothing when all that is to be seen is seen."""
    why = []
    if sight.hidden:
        why.append(f"{sight.hidden} hides other users' processes: CAP_SYS_PTRACE, or a remount with hidepid=0")
    if sight.denied:
        named = " ".join(map(str, sight.denied[:MOST_NAMED])) + " …" * (len(sight.denied) > MOST_NAMED)
        why.append(f"the files of {len(sight.denied)} processes ({named}) may not be read: {needed(*SEE_ALL)}")
    if sight.contained and sight.unheld:
        why.append("processes outside of this container are not seen: the host's pid namespace (--pid=host)")
    if not why and sight.lasting and sight.unheld >= FEW and sight.unheld * 2 > sight.sockets:
        why.append(f"no reason is known: {needed(*SEE_ALL)} on the host itself")
    return {HOLDERS: f"{sight.unheld} of {sight.sockets} sockets have none; " + "; ".join(why)} if why else {}
