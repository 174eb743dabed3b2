"""How loaded the host and the agent were in a window, for its heartbeat."""

import os
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple, TypeVar

import psutil

from collectors.pressure import Pressure
from collectors.process_table import parse_stat
from collectors.procfs import read_file

warnings.filterwarnings("ignore", category=RuntimeWarning, module="psutil")  # of figures that are not used here
Value = TypeVar("Value")
PAGE = os.sysconf("SC_PAGE_SIZE")


class Load(NamedTuple):
    """The fields of schemas.raw.Heartbeat that speak of load; counters of the window alone."""

    load1: float
    cpu_ratio: float
    memory_used_bytes: int
    memory_total_bytes: int
    swap_used_bytes: int
    network_received_bytes: int
    network_sent_bytes: int
    cpu_pressure_us: int
    memory_pressure_us: int
    io_pressure_us: int
    agent_cpu_ms: int
    agent_rss_bytes: int


class LoadMeter:
    """Reads /proc and takes the difference to the reading before."""

    def __init__(self, proc: str = "/proc") -> None:
        self._proc = proc
        self._cpu = (0.0, 0.0)
        self._network = (0, 0)
        self._agent = 0.0
        self._unread: list[str] = []
        self._pressure = Pressure(proc)
        with suppress(Exception):  # the window's load will show it
            self.read()

    def read(self) -> Load:
        """Return the load since the last reading."""
        self._unread = []
        with _procfs(self._proc):
            cpu = self._measured("stat", _cpu, (0.0, 0.0))
            memory = self._measured("meminfo", _memory, (0, 0, 0))
        network = parse_network(self._file("net/dev"))
        agent = time.process_time()
        busy, total = cpu[0] - self._cpu[0], cpu[1] - self._cpu[1]
        stat = read_file(f"{self._proc}/self/stat")
        load = Load(
            load1=float((self._file("loadavg").split() or [b"0"])[0]),
            cpu_ratio=round(min(max(busy / total, 0.0), 1.0), 4) if total > 0 else 0.0,
            **dict(zip(("memory_used_bytes", "memory_total_bytes", "swap_used_bytes"), memory, strict=True)),
            network_received_bytes=max(network[0] - self._network[0], 0),
            network_sent_bytes=max(network[1] - self._network[1], 0),
            **self._pressure.host()._asdict(),
            agent_cpu_ms=round((agent - self._agent) * 1000),
            agent_rss_bytes=parse_stat(stat).rss * PAGE if stat else 0,
        )
        self._cpu, self._network, self._agent = cpu, network, agent
        return load

    def missing(self) -> dict[str, str]:
        """Return what could not be read, and what it would need: its figures are zeros."""
        needs = "a procfs that is mounted whole, without subset=pid"
        return {f"load of the host ({', '.join(self._unread)})": needs} if self._unread else {}

    def _measured(self, name: str, measure: Callable[[], Value], unknown: Value) -> Value:
        try:
            return measure()
        except (OSError, KeyError, ValueError):
            self._unread.append(name)
            return unknown

    def _file(self, name: str) -> bytes:
        raw = read_file(f"{self._proc}/{name}")
        if raw is None:
            self._unread.append(name)
        return raw or b""


@contextmanager
def _procfs(path: str) -> Iterator[None]:
    """Have psutil read a procfs that may be mounted elsewhere."""
    before, psutil.PROCFS_PATH = psutil.PROCFS_PATH, path
    try:
        yield
    finally:
        psutil.PROCFS_PATH = before


def _cpu() -> tuple[float, float]:
    """Return (busy, total) seconds of all CPUs; guest time is within user time, and waiting for disks is idle."""
    times = psutil.cpu_times()
    total = sum(times) - times.guest - times.guest_nice
    return total - times.idle - times.iowait, total


def _memory() -> tuple[int, int, int]:
    """Return memory in use, all memory, and swap in use, bytes."""
    memory = psutil.virtual_memory()
    return memory.total - memory.available, memory.total, psutil.swap_memory().used


def parse_network(text: bytes) -> tuple[int, int]:
    """Return bytes (received, sent) in /proc/net/dev by all interfaces but loopback."""
    received = sent = 0
    for line in text.split(b"\n")[2:]:
        name, _, rest = line.partition(b":")
        fields = rest.split()
        if name.strip() != b"lo" and len(fields) >= 16:
            received += int(fields[0])
            sent += int(fields[8])
    return received, sent
