"""The laboratory: hosts with an agent each, one pipeline, a capture of every packet, and the scenarios played in it."""

import itertools
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.running import Up, part, until
from tests.programs import folder_of_user
from tests.truth.claims import Claim, Owners
from tests.truth.hosts import Host, Running, switched
from tests.truth.oracle import End, datagrams, ends
from tests.truth.packets import packets

NAMES = ("a", "b", "c", "d")
OUTSIDE = "e"  # a host without an agent
WINDOW_S = 1
AT_ONCE = 4
Reader = Callable[[Host, str], list[Claim]]


@dataclass
class Play:
    """One scenario in the laboratory: its hosts, its ports, and its claims about the owners of ends."""

    name: str
    hosts: list[Host]
    outside: Host
    folder: Path
    _next_port: "itertools.count[int]"
    ports: set[int] = field(default_factory=set)
    claims: list[Claim] = field(default_factory=list)
    _running: list[Running] = field(default_factory=list)
    _outputs: list[tuple[Host, Path, Reader]] = field(default_factory=list)

    def port(self, number: int = 0) -> int:
        """Return a port for a server of this scenario alone."""
        number = number or next(self._next_port)
        self.ports.add(number)
        return number

    def start(self, host: Host, command: Sequence[str], output: Path | None = None, user: int = 0) -> Running:
        """Run a program until it ends, is killed, or the scenario is over."""
        self._running.append(host.start(command, output, user))
        return self._running[-1]

    def end(self) -> None:
        """Kill what still runs after some windows, the last first, so that no client loses its server."""
        time.sleep(1.5 * WINDOW_S)
        for running in reversed(self._running):
            running.kill()

    def output(self, host: Host, what: str) -> Path:
        """Return a new file for the output of a program."""
        return self.folder / f"{self.name}-{host.name}-{what}-{len(list(self.folder.iterdir()))}"

    def place(self, host: Host, what: str) -> Path:
        """Return a new folder for a program of any user."""
        folder = self.output(host, what)
        folder.mkdir()
        folder.chmod(0o777)
        return folder

    def claim(self, claim: Claim) -> None:
        """Add a claim about the owners of ends."""
        self.claims.append(claim)

    def claims_from(self, host: Host, output: Path, read: Reader) -> None:
        """Read claims from the output of a program, after the scenario."""
        self._outputs.append((host, output, read))

    def owners(self) -> Owners:
        """Return the owners of all ends, after the scenario."""
        printed = [
            claim for host, output, read in self._outputs for claim in read(host, output.read_text(errors="replace"))
        ]
        return Owners(self.claims, printed)

    def window(self, part: float = 0.1) -> None:
        """Wait for the next window, until a part of it is over."""
        now = time.time() / WINDOW_S
        time.sleep((int(now) + 1 + part - now) * WINDOW_S)


@dataclass
class Played:
    """The scenarios that were played, the ends that their packets show, and the store to compare with."""

    store: Up
    hosts: list[Host]
    outside: Host
    plays: dict[str, Play]
    errors: dict[str, BaseException]
    ends: list[End]


@contextmanager
def played(folder: Path, scenarios: dict[str, Callable[[Play], None]]) -> Iterator[Played]:
    """Play scenarios in a new laboratory; yield the result when all of it is stored."""
    with ExitStack() as stack:
        out = stack.enter_context(folder_of_user())
        hosts = stack.enter_context(switched([*NAMES, OUTSIDE]))
        outside = hosts.pop()
        store = stack.enter_context(pipeline(folder))
        with _captured(hosts, folder), ExitStack() as agents:
            for host in hosts:
                agent = ("collect", "--data", str(folder), "--window", f"{WINDOW_S}s", "--host-id", host.name)
                agents.enter_context(part(*agent, inside=[*host.inside(), "--"]))
            store.until(_REPORTED.format(at=0), lambda rows: rows == [(len(hosts),)])
            ports = itertools.count(7000)
            before = [host.processes() for host in hosts]
            plays = {name: Play(name, hosts, outside, out, ports) for name in scenarios}
            errors = _play(plays, scenarios)
            for host, kept in zip([*hosts, outside], [*before, set()], strict=True):
                host.clear(kept)
            until_stored(store, hosts, time.time())
        found = []
        for host in hosts:
            captured = list(packets(folder / f"{host.name}.packets"))
            found += ends(host.name, captured) + datagrams(host.name, captured)
        yield Played(store, hosts, outside, plays, errors, found)


_REPORTED = "SELECT uniqExact(host) FROM host_usage WHERE window > fromUnixTimestamp64Milli(toInt64({at} * 1000))"


def until_stored(store: Up, hosts: list[Host], at: float) -> None:
    """Wait until every host has reported windows well after a time, and the stored rows no longer change."""
    store.until(_REPORTED.format(at=int(at) + 3), lambda rows: rows == [(len(hosts),)], seconds=60)
    query = f"SELECT count(), sum(cityHash64(*)) FROM edges FINAL WHERE window < fromUnixTimestamp({int(at) + 2})"
    last: object = None
    while (now := store.sql(query)) != last:
        last = now
        time.sleep(2 * WINDOW_S)


def _play(plays: dict[str, Play], scenarios: dict[str, Callable[[Play], None]]) -> dict[str, BaseException]:
    errors: dict[str, BaseException] = {}
    lock = threading.Lock()

    def run(name: str) -> None:
        try:
            scenarios[name](plays[name])
            plays[name].end()
        except BaseException as error:  # a skip as well
            with lock:
                errors[name] = error

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(run, plays))
    return errors


@contextmanager
def _captured(hosts: list[Host], folder: Path) -> Iterator[None]:
    with ExitStack() as stack:
        for host in hosts:
            stack.enter_context(_tap(host, folder / f"{host.name}.packets"))
        yield


@contextmanager
def _tap(host: Host, file: Path) -> Iterator[None]:
    command = [*host.inside("net"), "--", sys.executable, "-m", "tests.truth.capture", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as tap:
        try:
            assert tap.stdout is not None
            assert tap.stdout.readline() == b"ready\n"
            yield
        finally:
            tap.terminate()
    assert tap.returncode == 0, "packets were lost"


@contextmanager
def pipeline(data: Path) -> Iterator[Up]:
    """Run store, sink and worker, without an agent."""
    with ExitStack() as stack:
        arguments = ["--data", str(data / "store"), "--native-port", "0", "--http-port", "0"]
        store = subprocess.Popen([sys.executable, "-m", "sinks.embedded", *arguments], stdout=subprocess.DEVNULL)
        stack.callback(store.wait)
        stack.callback(store.terminate)
        until((data / "store" / "store.json").exists, bool, 30, "store to start")
        stack.enter_context(part("sink", "--data", str(data)))
        stack.enter_context(part("work", "--data", str(data)))
        yield Up(data, store)
