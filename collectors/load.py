"""How loaded the host and the agent were in a window, for its heartbeat."""

import os
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple, TypeVar

import psutil

from collectors.growth import Growth
from collectors.pressure import Pressure
from collectors.process_table import parse_stat
from collectors.procfs import read_file, read_table

warnings.filterwarnings("ignore", category=RuntimeWarning, module="psutil")  # of figures that are not used here
Value = TypeVar("Value")
MOST_VMSTAT = 64 << 10  # bytes
PAGE = os.sysconf("SC_PAGE_SIZE")
MOST_NETWORK = 1 << 20  # bytes of /proc/net/dev: some thousand interfaces


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
    open_files: int
    oom_kills: int
    agent_cpu_ms: int
    agent_rss_bytes: int


class LoadMeter:
    """Reads /proc and takes the difference to the reading before."""

    def __init__(self, proc: str = "/proc") -> None:
        self._proc = proc
        self._busy, self._spent, self._agent = Growth[float](), Growth[float](), Growth[float]()
        self._received, self._sent, self._kills = Growth[int](), Growth[int](), Growth[int]()
        self._unread: list[str] = []
        self._pressure = Pressure(proc)
        with suppress(Exception):  # the window's load will show it
            self.read()

    def read(self) -> Load:
        """Return the load since the last reading."""
        self._unread = []
        with _procfs(self._proc):
            cpu = self._measured("stat", _cpu)
            memory = self._measured("meminfo", _memory)
        devices = self._noted("net/dev", read_table(f"{self._proc}/net/dev", MOST_NETWORK))
        received, sent = parse_network(devices) if devices is not None else (None, None)
        files = parse_open_files(self._file("sys/fs/file-nr") or b"")
        kills = parse_kills(read_table(f"{self._proc}/vmstat", MOST_VMSTAT) or b"")
        stat = read_file(f"{self._proc}/self/stat")
        load1 = float(((self._file("loadavg") or b"").split() or [b"0"])[0])
        rss = parse_stat(stat).rss * PAGE if stat else 0
        # All that may fail is above: a total is taken only for a load that is reported.
        busy, spent = self._busy.to(cpu and cpu.busy), self._spent.to(cpu and cpu.spent)
        used, whole, swap = memory or (0, 0, 0)
        return Load(
            load1=load1,
            cpu_ratio=round(min(busy / spent, 1.0), 4) if spent else 0.0,
            memory_used_bytes=used,
            memory_total_bytes=whole,
            swap_used_bytes=swap,
            network_received_bytes=self._received.to(received),
            network_sent_bytes=self._sent.to(sent),
            **self._pressure.host()._asdict(),
            open_files=files,
            oom_kills=self._kills.to(kills),
            agent_cpu_ms=round(self._agent.to(time.process_time()) * 1000),
            agent_rss_bytes=rss,
        )

    def missing(self) -> dict[str, str]:
        """Return what could not be read, and what it would need: its figures are zeros."""
        needs = "a procfs that is mounted whole, without subset=pid"
        return {f"load of the host ({', '.join(self._unread)})": needs} if self._unread else {}

    def _measured(self, name: str, measure: Callable[[], Value]) -> Value | None:
        try:
            return measure()
        except (OSError, KeyError, ValueError):
            self._unread.append(name)
            return None

    def _file(self, name: str) -> bytes | None:
        return self._noted(name, read_file(f"{self._proc}/{name}"))

    def _noted(self, name: str, raw: bytes | None) -> bytes | None:
        if raw is None:
            self._unread.append(name)
        return raw


@contextmanager
def _procfs(path: str) -> Iterator[None]:
    """Have psutil read a procfs that may be mounted elsewhere."""
    before, psutil.PROCFS_PATH = psutil.PROCFS_PATH, path
    try:
        yield
    finally:
        psutil.PROCFS_PATH = before


class CpuTimes(NamedTuple):
    """Seconds of all CPUs since boot."""

    busy: float
    spent: float  # busy or idle


def _cpu() -> CpuTimes:
    """Return the times of all CPUs; guest time is within user time, and waiting for disks is idle."""
    times = psutil.cpu_times()
    total = sum(times) - times.guest - times.guest_nice
    return CpuTimes(total - times.idle - times.iowait, total)


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
        if name.strip() != b"lo" and len(fields) >= 16 and fields[0].isdigit() and fields[8].isdigit():
            received += int(fields[0])
            sent += int(fields[8])
    return received, sent


def parse_open_files(text: bytes) -> int:
    """Return how many files are open, in /proc/sys/fs/file-nr; 0 when it is not there."""
    fields = text.split()
    return int(fields[0]) - int(fields[1]) if len(fields) >= 2 and all(map(bytes.isdigit, fields[:2])) else 0


def parse_kills(text: bytes) -> int | None:
    """Return how many processes were killed for want of memory since boot, in /proc/vmstat; before Linux 4.13 None."""
    count = text.partition(b"\noom_kill ")[2].partition(b"\n")[0]
    return int(count) if count.isdigit() else None
