import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from collectors.networks import Networks
from collectors.open_files import OpenFiles
from collectors.owners import OwnerCollector
from collectors.settings import Settings
from collectors.tracing import Tracing
from tests.collectors.namespaces import Namespaces
from tests.collectors.watching import Watch

Holder = tuple[int, int]  # cookie, pid
SO_COOKIE = 57


def cookie(sock: socket.socket) -> int:
    return int.from_bytes(sock.getsockopt(socket.SOL_SOCKET, SO_COOKIE, 8), sys.byteorder)


def reported(watch: Watch, *, keyframe: bool = False) -> tuple[set[Holder], set[Holder]]:
    batch = watch.holders(keyframe=keyframe)
    return {row[:2] for row in batch.owners.rows()}, {row[:2] for row in batch.gone.rows()}


@contextmanager
def forked() -> Iterator[int]:
    """Yield a child that holds what this process held, until the end."""
    pid = os.fork()
    if not pid:
        signal.pause()
        os._exit(0)
    try:
        yield pid
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def test_a_new_socket_has_its_owner_in_the_window_it_appears(watch: Watch, server: socket.socket) -> None:
    reported(watch, keyframe=True)
    with socket.create_connection(server.getsockname()) as client:
        accepted, _ = server.accept()
        with accepted:
            new, _ = reported(watch)
            again, _ = reported(watch)
            restated, _ = reported(watch, keyframe=True)

            mine = {(cookie(sock), os.getpid()) for sock in (client, accepted)}
            assert mine <= new
            assert not mine & again
            assert mine <= restated


def test_workers_forked_after_accept_hold_it_too_until_they_end(watch: Watch, server: socket.socket) -> None:
    reported(watch, keyframe=True)
    with forked() as worker:
        both, _ = reported(watch, keyframe=True)
    _, gone = reported(watch)

    assert {(cookie(server), os.getpid()), (cookie(server), worker)} <= both
    assert (cookie(server), worker) in gone
    assert (cookie(server), os.getpid()) not in gone


def test_a_socket_passed_to_another_process_changes_its_holder(watch: Watch, server: socket.socket) -> None:
    ours, theirs = socket.socketpair()
    receiver = os.fork()
    if not receiver:
        socket.recv_fds(theirs, 1, 1)
        theirs.send(b"!")
        signal.pause()
    with ours, theirs:
        reported(watch, keyframe=True)
        client = socket.create_connection(server.getsockname())
        passed = cookie(client)
        before, _ = reported(watch)
        socket.send_fds(ours, [b"x"], [client.fileno()])
        assert ours.recv(1) == b"!"
        client.close()
        after, gone = reported(watch)
        os.kill(receiver, signal.SIGKILL)
        os.waitpid(receiver, 0)

    assert (passed, os.getpid()) in before
    assert (passed, receiver) in after
    assert (passed, os.getpid()) in gone


def test_a_process_that_swaps_one_socket_for_another_is_read_again(watch: Watch, server: socket.socket) -> None:
    clients = [socket.create_connection(server.getsockname()) for _ in range(3)]
    reported(watch, keyframe=True)
    for number in range(3):  # closes one and opens one: the number of files is the same, and so is the descriptor
        clients[number].close()
        clients[number] = socket.create_connection(server.getsockname())
        new, _ = reported(watch)
        assert (cookie(clients[number]), os.getpid()) in new
    for client in clients:
        client.close()


def test_a_search_that_is_too_much_for_one_window_goes_on_in_the_next(
    watch: Watch, server: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collectors.search.MOST_FILES", 1)
    monkeypatch.setattr("collectors.search.AT_ONCE", 1)
    client = socket.create_connection(server.getsockname())
    reported(watch, keyframe=True)
    client.close()
    client = socket.create_connection(server.getsockname())
    windows = 0
    while (cookie(client), os.getpid()) not in reported(watch)[0]:
        windows += 1
        assert windows < 10_000
    client.close()


def test_a_descriptor_reused_while_its_old_socket_lives_elsewhere_is_found(watch: Watch, server: socket.socket) -> None:
    client = socket.create_connection(server.getsockname())
    old, number = cookie(client), client.fileno()
    with forked() as child:
        reported(watch, keyframe=True)
        client.close()
        client = socket.create_connection(server.getsockname())
        assert client.fileno() == number
        new, gone = reported(watch)

    assert (cookie(client), os.getpid()) in new
    assert (old, os.getpid()) in gone
    assert (old, child) not in gone
    client.close()


def test_a_closed_socket_ends_its_holdings_without_a_word(watch: Watch, server: socket.socket) -> None:
    client = socket.create_connection(server.getsockname())
    reported(watch, keyframe=True)
    closing = cookie(client)
    client.close()
    server.accept()[0].close()
    new, gone = reported(watch)

    assert closing not in {held for held, _ in new | gone}


def test_the_last_holder_is_remembered_while_its_socket_closes(watch: Watch, server: socket.socket) -> None:
    reported(watch, keyframe=True)
    with forked() as child:
        reported(watch)
        client = socket.create_connection(server.getsockname())
        mine = (cookie(client), os.getpid())
        assert mine in reported(watch)[0]
    watch.next()
    watch.scan.look(watch.at.start)  # the socket was seen, and is closed before the files are read
    client.close()
    gone = {row[:2] for row in watch.owners.collect(watch.at).gone.rows()}
    restated, _ = reported(watch, keyframe=True)
    later, _ = reported(watch, keyframe=True)

    assert mine not in gone
    assert mine in restated
    assert mine not in later
    assert child not in {pid for _, pid in restated}


class Fd:
    """A made-up /proc with the sockets of one process."""

    def __init__(self, proc: Path) -> None:
        self.folder = proc / "7" / "fd"
        self.folder.mkdir(parents=True)

    def open(self, number: int, inode: int) -> None:
        (self.folder / str(number)).symlink_to(f"socket:[{inode}]")


def test_a_reused_pid_inherits_nothing(tmp_path: Path) -> None:
    fd = Fd(tmp_path)
    fd.open(3, 111)
    starts = {7: 1000}
    files = OpenFiles(str(tmp_path), starts.get)
    files.keep(starts)
    files.read([7], {111: 1})
    assert files.holders == {111: {(7, 1000)}}

    starts[7] = 2000
    files.keep(starts)
    assert files.holders == {}
    files.read([7], {111: 1})
    assert files.holders == {111: {(7, 2000)}}


def test_the_sockets_of_one_process_have_one_set_of_holders(tmp_path: Path) -> None:
    fd = Fd(tmp_path)
    for number, inode in ((3, 111), (4, 222)):
        fd.open(number, inode)
    files = OpenFiles(str(tmp_path), {7: 1000}.get)
    files.keep({7: 1000})
    files.read([7], {111: 1, 222: 2})
    assert files.holders[111] is files.holders[222]


def test_what_was_read_while_a_pid_changed_hands_is_left_out(tmp_path: Path) -> None:
    Fd(tmp_path).open(3, 111)
    files = OpenFiles(str(tmp_path), {7: 2000}.get)
    files.keep({7: 1000})
    files.read([7], {111: 1})

    assert files.holders == {}


UNPRIVILEGED = """
import os, socket, sys
from tests.collectors.watching import Watch
server = socket.create_server(("127.0.0.1", 0))
watch = Watch()
batch = watch.holders(keyframe=True)
assert os.getpid() in batch.owners.pid
assert os.getppid() not in batch.owners.pid
assert watch.running(keyframe=True).processes.pid
print(sorted(watch.owners.missing() | watch.processes.missing() | watch.sockets.missing()))
"""


@pytest.mark.root
def test_without_privileges_it_sees_its_own_and_reports_what_is_missing(server: socket.socket, tmp_path: Path) -> None:
    if os.geteuid():
        pytest.skip("needs root to become nobody")
    tree = Path(__file__).parents[2]
    copied: Any = subprocess.run(
        [sys.executable, "-c", DROPPED + UNPRIVILEGED], cwd=tree, capture_output=True, text=True, check=False
    )

    assert copied.returncode == 0, copied.stderr
    assert "owners of other users' sockets" in copied.stdout
    assert "executables and namespaces of other users' processes" in copied.stdout


# The interpreter may live where only root may look, so it becomes nobody once it has imported what it needs.
DROPPED = """
import os
import tests.collectors.watching
os.setgroups([]); os.setgid(65534); os.setuid(65534)
"""


def closed_between_the_scans() -> None:
    watch, reads = Watch(), []
    reported(watch, keyframe=True)
    read = watch.owners._files.read

    def counted(*arguments: Any, **options: Any) -> None:
        reads.append(arguments)
        read(*arguments, **options)

    with pytest.MonkeyPatch.context() as patch, socket.create_server(("127.0.0.1", 0)) as server:
        patch.setattr(watch.owners._files, "read", counted)
        reported(watch)
        reads.clear()
        client = socket.create_connection(server.getsockname())
        accepted, _ = server.accept()
        watch.next()
        watch.scan.look(watch.at.start)
        accepted.close()
        client.close()
        watch.owners.collect(watch.at)
    watch.close()
    assert len(reads) == 1


def test_a_socket_closed_between_the_scans_starts_no_search(namespaces: Namespaces) -> None:
    alone = namespaces.start(namespaces.left, closed_between_the_scans)  # others' sockets would be searched for
    alone.join()
    assert alone.exitcode == 0


def test_a_process_replaced_while_its_files_are_read_leaves_no_holder_behind(tmp_path: Path) -> None:
    starts: dict[int, int] = {7: 1}
    folder = tmp_path / "7" / "fd"
    folder.mkdir(parents=True)
    (folder / "3").symlink_to("socket:[42]")
    files = OpenFiles(str(tmp_path), starts.get)
    files.keep(starts)
    files.read([7], {42: 1})
    assert files.holders == {42: {(7, 1)}}

    (folder / "3").unlink()
    starts[7] = 2
    files.read([7], {})
    files.keep({}, vanished=[42])

    assert files.holders == {}


@pytest.mark.root
def test_a_program_s_report_is_the_owner_of_a_socket_that_no_scan_saw(server: socket.socket) -> None:
    networks, tracing = Networks(Settings()), Tracing()
    tracing.open()
    if not tracing.running:
        pytest.skip("programs may not run here")
    watch = Watch()
    watch.owners = OwnerCollector(watch.scan, watch.table, tracing=tracing, networks=networks)

    def rows(*, keyframe: bool = False) -> dict[int, tuple[int, str]]:
        tracing.drain()
        batch = watch.holders(keyframe=keyframe)
        return {each: (pid, how) for each, pid, _, how in batch.owners.rows()}

    try:
        rows(keyframe=True)
        with socket.create_connection(server.getsockname()) as lasting:
            with socket.create_connection(server.getsockname()) as client:
                brief, long = cookie(client), cookie(lasting)
            new, restated, _, later = rows(), rows(keyframe=True), rows(), rows(keyframe=True)
    finally:
        watch.owners.close()
        watch.close()
        networks.close()

    owned = (os.getpid(), "BPF")
    assert (new[brief], new[long]) == (owned, owned)
    assert (restated[brief], restated[long]) == (owned, owned)
    assert (brief in later, later[long]) == (False, owned)
