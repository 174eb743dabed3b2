"""Programs in the kernel report who owns a socket, where they may run."""

import os
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from collectors import tracing
from collectors.bpf_programs import TRACEPOINTS
from collectors.process_table import parse_stat
from collectors.procfs import own_netns
from collectors.traced import Process, Started
from collectors.tracing import NEWER, WHAT, Tracing
from tests.collectors.loaded import is_loaded, programs
from tests.collectors.test_owners import cookie
from tests.collectors.watching import eventually
from tests.programs import installed


@pytest.fixture(scope="module")
def shared() -> Iterator[Tracing]:
    found = Tracing()
    found.open()
    if not found.running:
        pytest.skip(f"programs need {found.missing()[WHAT]}")
    yield found
    loaded = programs(os.getpid())
    assert len(loaded) == len(TRACEPOINTS)
    found.close()
    eventually(lambda: not any(map(is_loaded, loaded)))


@pytest.fixture
def running(shared: Tracing) -> Tracing:
    shared.drain()
    shared.forget()
    return shared


def me() -> Process:
    return os.getpid(), parse_stat(Path("/proc/self/stat").read_bytes()).start


def owners(running: Tracing) -> dict[int, Process]:
    running.drain()
    return dict(running.take_owners({own_netns()}))


def started(running: Tracing) -> list[Started]:
    running.drain()
    return running.take_started()


@pytest.mark.root
@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_both_ends_of_a_short_connection_have_their_process(running: Tracing, family: socket.AddressFamily) -> None:
    with socket.socket(family) as server, socket.socket(family) as client:
        server.bind(("127.0.0.1" if family == socket.AF_INET else "::1", 0))
        server.listen()
        client.connect(server.getsockname())
        accepted, _ = server.accept()
        with accepted:
            client.send(b"?")
            accepted.recv(1)
            ends = {cookie(client): me(), cookie(accepted): me()}

    assert ends.items() <= owners(running).items()


@pytest.mark.root
@pytest.mark.parametrize("reset", [False, True])
def test_a_server_that_reads_nothing_is_known_when_it_closes(running: Tracing, *, reset: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        code = "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1]))).recv(1)"
        with subprocess.Popen(
            [sys.executable, "-c", code, str(server.getsockname()[1])], stderr=subprocess.DEVNULL
        ) as client:
            accepted, _ = server.accept()
            with accepted:
                if reset:
                    accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.wait()

    assert {client.pid, os.getpid()} <= {pid for pid, _ in owners(running).values()}


@pytest.mark.root
def test_sockets_that_never_had_a_peer_are_nobodys(running: Tracing) -> None:
    for _ in range(100):
        socket.socket().close()
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))

    assert me() not in owners(running).values()


@pytest.mark.root
def test_a_client_that_is_gone_is_known_with_its_command_line(running: Tracing, server: socket.socket) -> None:
    code = "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])))"
    command = [sys.executable, "-c", code, str(server.getsockname()[1])]
    with subprocess.Popen(command) as client:
        client.wait()

    (found,) = [one for one in started(running) if one.pid == client.pid]
    assert found.arguments == b"".join(word.encode() + b"\0" for word in command)
    assert (found.parent, found.uid, found.netns) == (os.getpid(), 0, own_netns())
    assert found.comm.startswith(b"python")
    assert found.together


def test_where_it_is_off_nothing_runs_and_nothing_is_missing() -> None:
    off = Tracing("off")
    off.open()

    assert not off.running
    assert not off.missing()
    assert off.counters() == {"socket_reports_lost": 0}


def test_an_older_kernel_is_reported() -> None:
    old = Tracing(release="5.10.0-28-amd64")
    old.open()

    assert not old.running
    assert old.missing() == {WHAT: NEWER}


@pytest.mark.root
def test_without_the_right_that_is_reported() -> None:
    denied = Tracing()
    os.seteuid(65_534)
    try:
        denied.open()
    finally:
        os.seteuid(0)

    assert not denied.running
    assert denied.missing() == {WHAT: "CAP_BPF and CAP_PERFMON (run as root)"}


@pytest.mark.root
@pytest.mark.parametrize(("given", "runs"), [("+bpf,+perfmon", True), ("+bpf", False)])
def test_these_two_rights_are_enough_for_any_user(shared: Tracing, given: str, *, runs: bool) -> None:
    code = "from collectors.tracing import Tracing; one = Tracing(); one.open(); print(one.running)"
    only = ["--inh-caps", f"-all,{given}", "--ambient-caps", given, "--bounding-set", f"-all,{given}"]
    user = [installed("setpriv", "util-linux"), "--reuid", "65534", "--clear-groups", *only]

    assert subprocess.check_output([*user, sys.executable, "-c", code], text=True) == f"{runs}\n"


@pytest.mark.root
def test_what_nobody_takes_is_bounded_and_counted(monkeypatch: pytest.MonkeyPatch, running: Tracing) -> None:
    monkeypatch.setattr(tracing, "MOST_KEPT", 0)
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()

    assert not owners(running)
    assert running.counters()["socket_reports_lost"] > 0
