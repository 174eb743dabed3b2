"""Containers as far as the network goes: namespaces on a host of the laboratory, on a bridge of it."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from tests.truth.hosts import Host

_numbers = count(1)


def bridge(host: Host, name: str, address: str) -> None:
    """Make a bridge that has an address, such as 172.30.0.1/24."""
    host.run(["ip", "link", "add", name, "type", "bridge"])
    host.run(["ip", "address", "add", address, "dev", name])
    host.run(["ip", "link", "set", name, "up"])


@contextmanager
def container(host: Host, on: str, address: str, gateway: str = "") -> Iterator[list[str]]:
    """Make a namespace with a cable to a bridge; give the command that enters it, from outside of the host."""
    held = host.start(["unshare", "--net", "--", "sleep", "infinity"])
    enter = ["nsenter", f"--target={held.pid}", "--net", "--"]
    port = f"port-{next(_numbers)}"
    try:
        script = f"""
            until [ "$(readlink /proc/{held.pid}/ns/net)" != "$(readlink /proc/1/ns/net)" ]; do sleep 0.01; done
            ip link add {port} type veth peer name eth0 netns {held.pid}
            ip link set {port} master {on} up
            {" ".join(enter)} ip link set lo up
            {" ".join(enter)} ip address add {address} dev eth0
            {" ".join(enter)} ip link set eth0 up
            {f"{' '.join(enter)} ip route add default via {gateway}" if gateway else ""}
        """
        host.run(["bash", "-ec", script])
        yield [*host.inside(), "--", *enter]
    finally:
        inode = host.run(["readlink", f"/proc/{held.pid}/ns/net"]).stdout
        for pid in host.processes():
            with suppress(OSError):
                if f"{Path(f'/proc/{pid}/ns/net').readlink()}\n" == inode:
                    os.kill(pid, signal.SIGKILL)
        held.wait()
