"""Network namespaces are found by their processes, looked at, left to agents of their own, and given back."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from collectors.networks import MOST_NAMES, TAPPED_EVERY_S, Networks
from collectors.presence import Presence
from collectors.process_facts import Users
from collectors.process_table import ProcessTable
from collectors.processes import ProcessCollector
from collectors.procfs import netns_of, own_netns
from collectors.settings import Settings
from collectors.window import Window

pytestmark = pytest.mark.root
ALL = Settings(namespaces="all")
NOBODY = 65_534
_AGENT = """
from collectors.presence import Presence
import time
presence = Presence("other", "log")
print(presence.look().alone, flush=True)
time.sleep(1000)
"""


@contextmanager
def elsewhere(*command: str) -> Iterator[tuple[int, int]]:
    """Run a program in a network namespace of its own; give its pid and the inode of the namespace."""
    with subprocess.Popen(["unshare", "--net", "--", *command], stdout=subprocess.PIPE) as process:
        try:
            eventually(lambda: netns_of(f"/proc/{process.pid}") not in (0, own_netns()))
            if command[0] == sys.executable:
                assert process.stdout is not None
                assert process.stdout.readline() == b"True\n"
            yield process.pid, netns_of(f"/proc/{process.pid}")
        finally:
            process.kill()


def eventually(good: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not good():
        assert time.monotonic() < end
        time.sleep(0.01)


def looked_at(networks: Networks) -> set[int]:
    return {network.inode for network in networks} - {networks.own.inode}


def test_a_namespace_is_looked_at_once_a_process_is_noted_in_it() -> None:
    networks = Networks(ALL)
    with elsewhere("sleep", "1000") as (pid, inode):
        networks.note(inode, pid)
        networks.note(inode, pid)
        assert looked_at(networks) == {inode}
        networks.close()
    assert looked_at(networks) == set()


def test_a_namespace_is_found_when_a_process_executes_a_program_in_it() -> None:
    networks = Networks(ALL)
    processes = ProcessCollector(ALL, ProcessTable(), Users(), networks=networks)
    processes.open(Window("h", "b", 0, 0, 0, 1_000, keyframe=True))
    try:
        if processes.missing().get("exit codes, and what processes execute"):
            pytest.skip("the kernel reports no events of processes here")
        with elsewhere("sleep", "1000") as (_, inode):

            def found() -> bool:
                processes.drain()
                return inode in looked_at(networks)

            eventually(found)
    finally:
        processes.close()
        networks.close()


def test_an_empty_namespace_is_looked_at_once_more_and_given_back() -> None:
    networks = Networks(ALL)
    with elsewhere("sleep", "1000") as (pid, inode):
        networks.note(inode, pid)
    networks.keep({})
    assert looked_at(networks) == {inode}
    networks.keep({})
    assert looked_at(networks) == set()
    assert descriptors_of(inode) == []


def test_a_namespace_in_which_a_process_appears_again_is_kept() -> None:
    networks = Networks(ALL)
    with elsewhere("sleep", "1000") as (pid, inode):
        networks.note(inode, pid)
        networks.keep({})
        networks.note(inode, pid)
        networks.keep({inode: pid})
        networks.keep({})
        assert looked_at(networks) == {inode}
        networks.close()


def test_what_comes_while_the_agent_watches_is_fresh_and_what_was_there_before_is_not() -> None:
    networks = Networks(ALL)
    with elsewhere("sleep", "1000") as (pid, inode), elsewhere("sleep", "1000") as (later, other):
        networks.note(inode, pid)
        networks.keep({inode: pid})
        networks.note(other, later)
        assert {network.inode: network.fresh for network in networks} == {own_netns(): False, inode: False, other: True}
        networks.close()


def test_a_namespace_with_an_agent_of_its_own_is_left_to_it() -> None:
    networks = Networks(ALL)
    with elsewhere(sys.executable, "-c", _AGENT) as (pid, inode):
        networks.note(inode, pid)
        assert looked_at(networks) == set()
        assert networks.missing() == {
            "sockets in 1 network namespaces with an agent of their own": "nothing: those agents report them"
        }
    networks.keep({})
    assert networks.missing() == {}


def test_a_namespace_that_an_agent_has_left_is_looked_at() -> None:
    networks = Networks(ALL)
    with elsewhere("sleep", "1000") as (pid, inode):
        with subprocess.Popen(
            ["nsenter", f"--target={pid}", "--net", "--", sys.executable, "-c", _AGENT], stdout=subprocess.PIPE
        ) as agent:
            assert agent.stdout is not None
            assert agent.stdout.readline() == b"True\n"
            networks.note(inode, pid)
            networks.keep({inode: pid})
            agent.kill()
        networks.note(inode, pid)
        assert {network.inode: network.fresh for network in networks} == {own_netns(): False, inode: False}
        assert networks.missing() == {}
        networks.close()


def test_an_agent_is_found_among_many_unix_sockets() -> None:
    networks = Networks(ALL)
    many = "import socket; many = [socket.socket(socket.AF_UNIX) for _ in range(200)]\n"
    many += "for at, one in enumerate(many): one.bind(b'\\0%d' % at)\n"
    with elsewhere(sys.executable, "-c", many + _AGENT) as (pid, inode):
        networks.note(inode, pid)
        assert looked_at(networks) == set()


def test_a_namespace_is_given_back_when_an_agent_starts_in_it() -> None:
    networks = Networks(ALL)
    with elsewhere("sleep", "1000") as (pid, inode):
        networks.note(inode, pid)
        agent = subprocess.Popen(
            ["nsenter", f"--target={pid}", "--net", "--", sys.executable, "-c", _AGENT], stdout=subprocess.PIPE
        )
        with agent:
            assert agent.stdout is not None
            assert agent.stdout.readline() == b"True\n"
            networks.keep({inode: pid})
            assert looked_at(networks) == set()
            agent.kill()
    networks.close()


def test_the_name_of_an_agent_that_another_user_has_taken_hides_no_namespace() -> None:
    networks = Networks(ALL)
    taken = "import os, socket, time; os.setuid(65534); s = socket.socket(socket.AF_UNIX); "
    taken += "s.bind(b'\\0servicemap-collect-00000000-x\\0y'); s.listen(); print(True, flush=True); time.sleep(1000)"
    with elsewhere(sys.executable, "-c", taken) as (pid, inode):
        networks.note(inode, pid)
        assert looked_at(networks) == {inode}
        networks.close()


@pytest.mark.parametrize("settings", [Settings(namespaces="own"), Settings(namespaces="own", http=False)])
def test_only_our_own_namespace_is_looked_at_if_so_set(settings: Settings) -> None:
    networks = Networks(settings)
    with elsewhere("sleep", "1000") as (pid, inode):
        networks.note(inode, pid)
        assert looked_at(networks) == set()
        assert networks.missing() == {}


def test_an_agent_elsewhere_than_the_first_process_of_the_host_looks_at_its_own_namespace_alone() -> None:
    networks = Networks(Settings(), own=7)
    networks_of_all = Networks(ALL, own=7)
    with elsewhere("sleep", "1000") as (pid, inode):
        for each in (networks, networks_of_all):
            each.note(inode, pid)
        assert looked_at(networks_of_all) == {inode}
        networks_of_all.close()


def test_what_could_not_be_looked_at_when_it_was_found_is_not_fresh_later() -> None:
    networks = Networks(ALL)
    with elsewhere("sleep", "1000") as (pid, inode):
        os.seteuid(NOBODY)
        try:
            networks.note(inode, pid)
        finally:
            os.seteuid(0)
        networks.keep({inode: pid})
        networks.note(inode, pid)
        assert {network.inode: network.fresh for network in networks} == {own_netns(): False, inode: False}
        networks.close()


def test_packets_are_looked_at_where_there_is_room_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.networks.MOST_TAPPED", 1)
    networks = Networks(ALL)
    with elsewhere("sleep", "1000") as (pid, inode), elsewhere("sleep", "1000") as (later, other):
        networks.note(inode, pid)
        networks.note(other, later)
        assert {network.inode for network in networks if network.tapped} == {own_netns(), inode}
        for _ in range(2):
            networks.keep({other: later})
        assert {network.inode for network in networks if network.tapped} == {own_netns(), other}
        networks.close()


def test_of_many_namespaces_that_come_at_once_the_packets_of_some_are_looked_at_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [0.0]
    monkeypatch.setattr("collectors.networks.time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr("collectors.networks.TAPPED_AT_ONCE", 1)
    networks = Networks(ALL)
    networks.keep({})
    with elsewhere("sleep", "1000") as (pid, inode), elsewhere("sleep", "1000") as (later, other):
        networks.note(inode, pid)
        networks.note(other, later)
        assert {network.inode for network in networks if network.tapped} == {own_netns(), inode}
        now[0] += TAPPED_EVERY_S
        assert networks.stirred() == {own_netns(), inode, other}
        networks.close()


def test_what_was_beyond_the_limit_when_it_was_found_is_not_fresh_later(monkeypatch: pytest.MonkeyPatch) -> None:
    networks = Networks(ALL)
    networks.keep({})
    with elsewhere("sleep", "1000") as (pid, inode):
        with monkeypatch.context() as patch:
            patch.setattr("collectors.networks.MOST", 0)
            networks.note(inode, pid)
            assert networks.missing() == {
                "sockets in 1 more network namespaces": "no more than 0, and open files for each"
            }
        networks.note(inode, pid)
        assert {network.inode: network.fresh for network in networks} == {own_netns(): False, inode: False}
        assert networks.missing() == {}
        networks.close()


def test_of_many_names_of_agents_only_some_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[bytes] = []
    monkeypatch.setattr("collectors.networks.is_agent", tried.append)
    networks = Networks(ALL)
    many = "import socket, time; many = [socket.socket(socket.AF_UNIX) for _ in range(100)]\n"
    many += "for at, one in enumerate(many): one.bind(b'\\0servicemap-collect-%d' % at)\n"
    with elsewhere(sys.executable, "-c", many + "print(True, flush=True); time.sleep(1000)") as (pid, inode):
        networks.note(inode, pid)
        assert looked_at(networks) == {inode}
        assert len(tried) == MOST_NAMES
        networks.close()


def test_without_the_right_to_enter_what_is_missing_is_reported() -> None:
    networks = Networks(ALL)
    with elsewhere("sleep", "1000") as (pid, inode):
        os.seteuid(NOBODY)
        try:
            networks.note(inode, pid)
            missing = networks.missing()
        finally:
            os.seteuid(0)
    assert missing == {"sockets in 1 other network namespaces": "CAP_SYS_ADMIN (run as root)"}


@pytest.mark.parametrize("release", ["4.19.0-26-amd64", "5.2.21", "odd"])
def test_where_sockets_of_two_namespaces_have_equal_cookies_only_our_own_is_looked_at(release: str) -> None:
    networks = Networks(ALL, release=release)
    with elsewhere("sleep", "1000") as (pid, inode):
        networks.note(inode, pid)
        assert looked_at(networks) == set()
        assert networks.missing() == {"sockets in 1 other network namespaces": "Linux 5.3 or later"}
        networks.keep({})
        assert networks.missing() == {}


@pytest.mark.parametrize("release", ["5.3.0", "5.10.0-8-amd64", "6.1-rc1", "10.0"])
def test_all_namespaces_are_looked_at_since_linux_5_3(release: str) -> None:
    networks = Networks(ALL, release=release)
    with elsewhere("sleep", "1000") as (pid, inode):
        networks.note(inode, pid)
        assert looked_at(networks) == {inode}
        networks.close()


def test_a_namespace_that_is_gone_is_no_error() -> None:
    networks = Networks(ALL)
    networks.note(7, 2**22)
    assert looked_at(networks) == set()
    assert networks.missing() == {}


def descriptors_of(inode: int) -> list[str]:
    """Return our descriptors that keep a network namespace alive by its name."""
    folder = Path("/proc/self/fd")
    found = []
    for each in folder.iterdir():
        try:
            found.append(str(each.readlink()))
        except OSError:
            continue
    return [name for name in found if name == f"net:[{inode}]"]


def test_presence_is_one_of_a_namespace() -> None:
    held = Presence("h", "log")
    try:
        assert held.look().alone
        with socket.socket(socket.AF_UNIX) as other, pytest.raises(OSError, match="in use"):
            other.bind(held._name)
    finally:
        held.close()
