"""Sockets are not read anew while no segment came or went, and are known as well as if they were."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random

import pytest

from collectors.entering import Entrance
from collectors.networks import Networks
from collectors.procfs import netns_of, own_netns
from collectors.settings import Settings
from collectors.socket_scan import Seen, SocketScan
from collectors.stirring import Stirring
from tests.collectors.test_networks import eventually

pytestmark = pytest.mark.root


class Counting(SocketScan):
    """Counts how often TCP sockets were read."""

    reads = 0

    def _tcp(self, family: int, before: object, seen: Seen) -> None:
        self.reads += 1
        super()._tcp(family, before, seen)  # type: ignore[arg-type]


class Alone:
    """A network namespace that nobody else uses, and two looks at it: by what stirs, and anew each time."""

    def __init__(self, pid: int, stack: ExitStack) -> None:
        folder = f"/proc/{pid}"
        self.pid = pid
        self.entrance = stack.enter_context(Entrance(f"{folder}/ns/net", netns_of(folder)))
        self.heedful = Counting(Settings(), enter=self.entrance, stirring=Stirring(self.entrance))
        self.plain = Counting(Settings(), enter=self.entrance)
        for scan in (self.heedful, self.plain):
            scan.open()
            stack.callback(scan.release)
        self._window = 0
        self._stack = stack

    def server(self) -> socket.socket:
        return self._stack.enter_context(self.entrance(lambda: socket.create_server(("127.0.0.1", 0), backlog=64)))

    def client(self, server: socket.socket) -> socket.socket:
        return self._stack.enter_context(self.entrance(lambda: socket.create_connection(server.getsockname())))

    def look(self) -> tuple[Seen, Seen]:
        self._window += 1
        return self.heedful.look(self._window), self.plain.look(self._window)

    def same(self) -> bool:
        """Look; return whether both see the same."""
        heedful, plain = self.look()
        return heedful.tcp == plain.tcp


@pytest.fixture
def alone() -> Iterator[Alone]:
    command = ["unshare", "--net", "--", "sh", "-c", "ip link set lo up; exec sleep 1000"]
    with subprocess.Popen(command) as process, ExitStack() as stack:
        stack.callback(process.kill)
        eventually(lambda: netns_of(f"/proc/{process.pid}") not in (0, own_netns()))
        eventually(lambda: Path(f"/proc/{process.pid}/comm").read_text() == "sleep\n")
        yield Alone(process.pid, stack)


def test_where_nothing_stirs_the_sockets_are_not_read_again(alone: Alone) -> None:
    server = alone.server()
    client = alone.client(server)
    peer, _ = server.accept()
    with peer:
        alone.look()
        alone.look()
        before = alone.heedful.reads
        seen, _ = alone.look()
        assert alone.heedful.reads == before
        assert len(seen.tcp) == 2
        client.send(b"x")
        assert len(alone.look()[0].changed) == 2


def test_after_a_scan_that_failed_the_sockets_are_read_again(alone: Alone, monkeypatch: pytest.MonkeyPatch) -> None:
    server = alone.server()
    client = alone.client(server)
    peer, _ = server.accept()

    def fails(*_: object) -> None:
        raise OSError("broke off")

    with peer:
        alone.look()
        alone.look()
        client.send(b"x")
        with monkeypatch.context() as patch:
            patch.setattr(alone.heedful, "_read_plain", fails)
            with pytest.raises(OSError, match="broke off"):
                alone.heedful.look(100)
        heedful, plain = alone.look()
        assert heedful.tcp == plain.tcp
        assert len(heedful.changed) == 2


def test_segments_are_counted_in_the_namespace_that_is_looked_at_whatever_the_process_is_by_now(
    alone: Alone, tmp_path: Path
) -> None:
    folder = tmp_path / str(alone.pid)
    (folder / "ns").mkdir(parents=True)
    (folder / "ns" / "net").symlink_to(f"/proc/{alone.pid}/ns/net")
    (folder / "net").mkdir()
    (folder / "net" / "snmp").write_text("\nTcp: those of another namespace\n")
    networks = Networks(Settings(namespaces="all", proc=str(tmp_path)))
    networks.note(netns_of(f"/proc/{alone.pid}"), alone.pid)
    _, other = networks
    server = alone.server()
    client = alone.client(server)
    peer, _ = server.accept()
    with peer:
        other.scan.look(1)
        other.scan.look(2)
        client.send(b"x")
        assert len(other.scan.look(3).changed) == 2
    networks.close()


def test_our_own_counters_are_given_back() -> None:
    def held() -> int:
        return sum(
            str(one.readlink()).endswith("net/snmp") for one in Path("/proc/self/fd").iterdir() if one.is_symlink()
        )

    before = held()
    networks = Networks(Settings())
    assert held() == before + 1
    networks.close()
    assert held() == before


@pytest.mark.parametrize("seed", range(8))
def test_all_is_seen_as_if_it_were_read_each_time(alone: Alone, seed: int) -> None:
    random = Random(seed)
    server = alone.server()
    clients: list[socket.socket] = []
    peers: list[socket.socket] = []
    with ExitStack() as stack:
        for _ in range(60):
            match random.choice(["connect", "accept", "send", "close", "shut", "look", "look"]):
                case "connect" if len(clients) - len(peers) < 30:
                    clients.append(alone.client(server))
                case "accept" if len(peers) < len(clients):
                    peers.append(stack.enter_context(server.accept()[0]))
                case "send" if peers:
                    random.choice(clients).close() if random.random() < 0.1 else _send(random.choice(peers))
                case "close" if peers:
                    random.choice(peers).close()
                case "shut" if clients:
                    _shut(random.choice(clients))
                case "look":
                    eventually(alone.same)  # a segment may come between the two looks
    assert alone.heedful.reads <= alone.plain.reads


def _send(peer: socket.socket) -> None:
    try:
        peer.send(b"x")
    except OSError:
        return


def _shut(client: socket.socket) -> None:
    try:
        client.shutdown(socket.SHUT_WR)
    except OSError:
        return
