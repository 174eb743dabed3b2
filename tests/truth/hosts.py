"""Hosts made of namespaces: a network, a hostname, processes and a /proc of their own, joined by a switch.

All of it ends with the process that holds it, so nothing is left behind.
"""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import psutil

SUBNET, SUBNET6 = "10.213.77", "fd00:213:77:"
CABLE = "192.168.50"  # the network of every pair of hosts that a cable joins
BRIDGE = "10.88.0.1"  # the address that every host gives to its bridge for containers
SILENT = f"{SUBNET}.99"  # packets get there, and nothing comes back
SECONDS = 20.0
_HOLD = 'echo {name} >/proc/sys/kernel/hostname; ip link set lo up; trap "" CHLD; exec sleep infinity'
_WAIT = 'read go; exec "$@" </dev/null'  # until its pid is known: it may end at once


class Process:
    """A process on a host; `pid` is the one in its own namespace."""

    def __init__(self, outside: int) -> None:
        self._outside = outside
        self.pid = int(re.findall(r"(?m)^NSpid:.*\t(\d+)$", Path(f"/proc/{outside}/status").read_text())[0])

    def send(self, number: int) -> None:
        """Send it a signal."""
        with suppress(ProcessLookupError):
            os.kill(self._outside, number)

    def kill(self) -> None:
        """Kill it."""
        self.send(signal.SIGKILL)

    def children(self) -> "list[Process]":
        """Return its children, the eldest first."""
        return [Process(child.pid) for child in sorted(psutil.Process(self._outside).children(), key=lambda c: c.pid)]

    def listens(self, port: int) -> bool:
        """Return whether a socket listens on a TCP port of its host."""
        tables = [Path(f"/proc/{self._outside}/net/{name}").read_text() for name in ("tcp", "tcp6")]
        return any(re.search(rf":{port:04X} \S+ 0A ", table) for table in tables)


class Running(Process):
    """A program that the laboratory started."""

    def __init__(self, entering: "subprocess.Popen[bytes]", output: Path | None) -> None:
        super().__init__(waited(lambda: _child(entering, "sh"), "program to start").pid)
        self.began = time.time()
        self._output = output
        self._entering = entering
        assert entering.stdin is not None
        entering.stdin.close()

    def kill(self) -> None:
        """Kill it, and wait for its end."""
        super().kill()
        self.wait()

    def wait_for_lines(self, count: int) -> None:
        """Wait until it has printed so many lines."""
        assert self._output is not None
        output = self._output
        waited(lambda: output.read_bytes().count(b"\n") >= count, f"{count} lines in {output}", SECONDS * 2)

    def wait(self) -> int:
        """Wait until it ends by itself; return its code."""
        return self._entering.wait(SECONDS * 3)


class Host:
    """One host of the laboratory."""

    def __init__(self, name: str, number: int, init: int, stack: ExitStack) -> None:
        self.name = name
        self.address = f"{SUBNET}.{number}"
        self.address6 = f"{SUBNET6}:{number}"
        self.init = init
        self._stack = stack

    def inside(self, *namespaces: str) -> list[str]:
        """Return the command that enters its namespaces."""
        kinds = namespaces or ("net", "uts", "pid", "mount")
        return ["nsenter", f"--target={self.init}", f"--wd={Path.cwd()}", *(f"--{kind}" for kind in kinds)]

    def start(self, command: Sequence[str], output: Path | None = None, user: int = 0) -> Running:
        """Run a program here until it is stopped, or to the end of the laboratory."""
        stream: IO[bytes] | int = subprocess.DEVNULL if output is None else self._stack.enter_context(output.open("ab"))
        whose = [f"--setuid={user}", f"--setgid={user}"] if user else []
        command = [*self.inside(), *whose, "--", "sh", "-c", _WAIT, "sh", *command]
        entering = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=stream, stderr=stream)
        self._stack.callback(entering.wait)
        self._stack.callback(entering.kill)
        return Running(entering, output)

    def processes(self) -> set[int]:
        """Return the pids of all its processes, as they are outside of its namespace."""
        mine = (Path(f"/proc/{self.init}/ns/pid")).stat().st_ino
        found = set()
        for pid in psutil.pids():
            with suppress(OSError):
                if (Path(f"/proc/{pid}/ns/pid")).stat().st_ino == mine:
                    found.add(pid)
        return found - {self.init}

    def clear(self, kept: set[int]) -> None:
        """Kill all processes but some."""
        for pid in self.processes() - kept:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def run(self, command: Sequence[str]) -> "subprocess.CompletedProcess[str]":
        """Run a program here to its end."""
        return subprocess.run([*self.inside(), "--", *command], capture_output=True, text=True, timeout=60, check=True)


@contextmanager
def switched(names: Sequence[str]) -> Iterator[list[Host]]:
    """Make hosts on one switch. Each pair of hosts also has a cable, and each host has a bridge."""
    with ExitStack() as stack:
        switch, *inits = [stack.enter_context(_namespaces(name)) for name in ("switch", *names)]
        hosts = [Host(name, 11 + at, init, stack) for at, (name, init) in enumerate(zip(names, inits, strict=True))]
        script = [f"nsenter --target={switch} --net ip link add br0 up type bridge mcast_snooping 0"]
        for at, host in enumerate(hosts):
            script += [
                f"ip link add port{at} netns {switch} type veth peer name eth0 netns {host.init}",
                f"nsenter --target={switch} --net ip link set port{at} master br0 up",
                f"nsenter --target={host.init} --net ip address add {host.address}/24 dev eth0",
                f"nsenter --target={host.init} --net ip address add {host.address6}/64 dev eth0 nodad",
                f"nsenter --target={host.init} --net ip link set eth0 up",
            ]
        for one, other in zip(hosts[::2], hosts[1::2], strict=False):
            script.append(f"ip link add cable netns {one.init} type veth peer name cable netns {other.init}")
            script += [_given(host, "cable", f"{CABLE}.{at}/24") for at, host in ((1, one), (2, other))]
        for host in hosts:
            script += [f"{_net(host)} ip neigh add {SILENT} lladdr 02:00:00:00:00:99 dev eth0 nud permanent"]
            script += [f"{_net(host)} ip link add cni0 type bridge", _given(host, "cni0", f"{BRIDGE}/24")]
        subprocess.run(["bash", "-ec", "\n".join(script)], check=True)
        yield hosts


def _net(host: Host) -> str:
    return f"nsenter --target={host.init} --net"


def _given(host: Host, device: str, address: str) -> str:
    return f"{_net(host)} ip address add {address} dev {device}\n{_net(host)} ip link set {device} up"


@contextmanager
def _namespaces(name: str) -> Iterator[int]:
    kinds = ["--net", "--uts", "--pid", "--mount", "--mount-proc", "--fork", "--kill-child"]
    holding = subprocess.Popen(["unshare", *kinds, "sh", "-c", _HOLD.format(name=name)], stdin=subprocess.DEVNULL)
    try:
        yield waited(lambda: _child(holding, "sleep"), "namespaces").pid
    finally:
        holding.kill()
        holding.wait()


def waited(ask: Callable[[], Any], what: str, seconds: float = SECONDS) -> Any:
    """Ask until there is an answer."""
    end = time.monotonic() + seconds
    while not (answer := ask()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.01)
    return answer


def _child(parent: "subprocess.Popen[bytes]", name: str) -> psutil.Process | None:
    """Return the child of that name, which runs inside the namespaces; None if it has not started yet."""
    if parent.poll() is not None:
        raise AssertionError(f"{parent.args!r} ended with {parent.returncode}")
    with suppress(psutil.NoSuchProcess):
        for child in psutil.Process(parent.pid).children():
            if child.name() == name:
                return child
    return None
