"""What an agent sees, and what it takes to see it. Declared here for `doctor` and for the reference."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from collectors.capabilities import lacking

_NUMBER = re.compile("[0-9]+")
PTRACE, SEARCH, NETWORK, PACKETS = "CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH", "CAP_NET_ADMIN", "CAP_NET_RAW"


class Permission(NamedTuple):
    """Something that is seen, the capabilities that it takes, and what else."""

    sees: str
    takes: tuple[str, ...] = ()
    besides: str = ""
    lacked: str = ""
    """What a collector reports as missing without it; a number in it is written as #."""

    def lacks(self, missing: Mapping[str, str]) -> str:
        """Return what this process lacks to see it; `missing` is what the collectors report."""
        if without := lacking(*self.takes):
            return " and ".join(without)
        return next((needs for what, needs in missing.items() if _NUMBER.sub("#", what) == self.lacked), "")


PERMISSIONS = (
    Permission("all sockets, listeners, counters, closings"),
    Permission("which process holds another user's socket", (PTRACE, SEARCH), lacked="owners of other users' sockets"),
    Permission(
        "executables and namespaces of other users' processes",
        (PTRACE,),
        lacked="executables and namespaces of other users' processes",
    ),
    Permission("names of containers", (SEARCH, PTRACE), "the files of their runtimes", "names of containers"),
    Permission(
        "exit codes, and programs that run for less than a window",
        (),
        "the host's own pid and network namespace; before Linux 6.6 `CAP_NET_ADMIN`",
        "exit codes, and what processes execute",
    ),
    Permission("no lost events where thousands of sockets a second close", (NETWORK,), "it allows larger buffers"),
    Permission(
        "for how long processes wait for a CPU",
        (NETWORK,),
        "the host's own network and user namespace",
        "waits of processes for a CPU",
    ),
    Permission(
        "which processes the kernel kills for want of memory",
        ("CAP_SYSLOG",),
        "the device `/dev/kmsg`. Unit and container have neither: there kills are counted by control group, in groups"
        " that live on",
        "which processes the kernel kills for want of memory",
    ),
    Permission(
        "connections inside containers and other network namespaces",
        ("CAP_SYS_ADMIN", PTRACE),
        "",
        "sockets in # other network namespaces",
    ),
    Permission(
        "clients of connections that are shorter than a window, and who exactly serves them",
        ("CAP_BPF", "CAP_PERFMON"),
        "Linux 5.12, the host's own pid namespace",
        "clients of connections that are shorter than a window",
    ),
    Permission(
        "the servers behind translated addresses (NAT)", (NETWORK,), "", "the servers behind translated addresses (NAT)"
    ),
    Permission("HTTP requests, their answers and how long they took", (PACKETS,), "", "HTTP requests"),
    Permission(
        "what ports serve, and requests of other protocols",
        (PACKETS,),
        "",
        "what ports serve, and requests other than HTTP's",
    ),
    Permission(
        "peers and last bytes of connections that are reset, and peers of those that are refused",
        (),
        "what clients of short connections take, or else `CAP_NET_RAW`",
        "peers and last bytes of connections that are reset, peers of those that are refused",
    ),
)
