"""What an agent sees, and what it takes to see it. Declared here for `doctor` and for the reference."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from collectors import (
    containers,
    datagrams,
    discovered,
    groups,
    http,
    links,
    processes,
    protocol_traffic,
    run_delay,
    tracing,
    translations,
    unheld,
    wire,
)
from collectors.capabilities import lacking
from collectors.networks import UNENTERED

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
    Permission("which process holds another user's socket", (PTRACE, SEARCH), lacked=unheld.HOLDERS),
    Permission(processes.EXECUTABLES, (PTRACE,), lacked=processes.EXECUTABLES),
    Permission(containers.WHAT, (SEARCH, PTRACE), "the files of their runtimes", containers.WHAT),
    Permission(
        "exit codes, and programs that run for less than a window",
        (),
        "the host's own pid and network namespace; before Linux 6.6 `CAP_NET_ADMIN`",
        processes.ENDS,
    ),
    Permission("no lost events where thousands of sockets a second close", (NETWORK,), "it allows larger buffers"),
    Permission(
        "for how long processes wait for a CPU",
        (NETWORK,),
        "the host's own network and user namespace",
        run_delay.WHAT,
    ),
    Permission(
        groups.KILLED_BY,
        ("CAP_SYSLOG",),
        "the device `/dev/kmsg`. Unit and container have neither: there kills are counted by control group, in groups"
        " that live on",
        groups.KILLED_BY,
    ),
    Permission(
        "connections inside containers and other network namespaces",
        ("CAP_SYS_ADMIN", PTRACE),
        "",
        UNENTERED.format("#"),
    ),
    Permission(
        "clients of connections that are shorter than a window, and who exactly serves them",
        ("CAP_BPF", "CAP_PERFMON"),
        "Linux 5.12, the host's own pid namespace",
        tracing.WHAT,
    ),
    Permission(translations.WHAT, (NETWORK,), "", translations.WHAT),
    Permission("HTTP requests, their answers and how long they took", (PACKETS,), "", http.WHAT),
    Permission(
        "what ports serve, and requests of other protocols",
        (PACKETS,),
        "",
        protocol_traffic.WHAT,
    ),
    Permission(datagrams.WHAT, (PACKETS,), "", datagrams.WHAT),
    Permission(
        "peers and last bytes of connections that are reset, and peers of those that are refused",
        (),
        "what clients of short connections take, or else `CAP_NET_RAW`",
        wire.WHAT,
    ),
    Permission(links.WHAT, (PACKETS,), "", links.WHAT),
    Permission(
        discovered.WHAT,
        (),
        "an agent that is root takes `CAP_SETUID` and `CAP_SETGID`, to run them as `collectors.discover_user`; another"
        " one runs them as its own user, without its capabilities",
        discovered.WHAT,
    ),
)
