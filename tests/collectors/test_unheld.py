import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collectors import diag
from collectors.load import LoadMeter
from collectors.settings import Settings
from collectors.socket_scan import SocketScan
from collectors.unheld import FEW, HOLDERS, PROCESSES, Sight, missing
from collectors.visibility import hidepid

LOOK = """
import json, os, sys
from tests.collectors.watching import Watch
import ctypes
LIBC = ctypes.CDLL(None, use_errno=True)
hide, user = sys.argv[1:]
if hide:
    if LIBC.unshare(0x20000) or LIBC.mount(None, b"/", None, 1 << 18 | 1 << 14, None):
        sys.exit("no mount namespace")
    if LIBC.mount(b"proc", b"/proc", b"proc", 0, f"hidepid={hide}".encode()):
        sys.exit("no mount")
if int(user):
    os.setgroups([]); os.setgid(int(user)); os.setuid(int(user))
watch = Watch()
watch.sockets.collect(watch.at)
batch = watch.holders(keyframe=True)
running = watch.running(keyframe=True)
print(json.dumps({
    "holders": sorted(set(batch.owners.pid)), "own": os.getpid(), "seen": len(running.processes.pid),
    "missing": watch.owners.missing() | watch.processes.missing(),
}))
"""


def looked(hide: str, user: int, *wrapper: str) -> dict[str, Any]:
    """Return what one reports who may not see everything."""
    command = [*wrapper, sys.executable, "-c", LOOK, hide, str(user)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    if done.stderr.startswith("no mount"):
        pytest.skip(done.stderr)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


NOBODY = 65534
WITHOUT = {
    "sys_ptrace": ["setpriv", "--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace"],
    "both": ["setpriv", "--bounding-set=-sys_ptrace,-dac_read_search,-dac_override", "--inh-caps=-all"],
}


@pytest.mark.root
@pytest.mark.parametrize(
    ("hide", "user", "lacks", "why"),
    [
        ("1", NOBODY, "", "hidepid=noaccess on /proc"),
        ("2", NOBODY, "", "hidepid=invisible on /proc"),
        ("4", NOBODY, "", "hidepid=ptraceable on /proc"),
        ("", NOBODY, "", "may not be read"),
        ("", 0, "sys_ptrace", "may not be read"),
        ("1", 0, "sys_ptrace", "may not be read"),
        ("2", 0, "sys_ptrace", "may not be read"),
        ("4", 0, "sys_ptrace", "hidepid=ptraceable on /proc"),
        ("", 0, "both", "may not be read"),
        ("2", 0, "", ""),
        ("", 0, "", ""),
    ],
)
def test_sockets_without_a_holder_are_reported_with_what_hides_it(hide: str, user: int, lacks: str, why: str) -> None:
    if os.geteuid() or (lacks and not shutil.which("setpriv")):
        pytest.skip("needs root, and setpriv")
    with socket.create_server(("127.0.0.1", 0)):
        reported = looked(hide, user, *WITHOUT.get(lacks, ()))

    if not why:
        assert "hidepid" not in str(reported["missing"])
        assert os.getpid() in reported["holders"]
        return
    holders = reported["missing"][HOLDERS]
    unheld, _, _, sockets, *_ = holders.replace(" of ", " of of ").split(" ")
    assert why in holders
    assert 1 <= int(unheld) <= int(sockets)
    assert "CAP_SYS_PTRACE" in holders
    assert (PROCESSES in reported["missing"]) == ("hidepid" in why)


MOUNTS = b"""\
22 1 8:1 / / rw - ext4 /dev/sda1 rw,hidepid=9
23 22 0:5 / /proc rw,nosuid - proc proc rw,hidepid=invisible
24 22 0:6 / /jail/proc rw shared:1 master:2 - proc proc rw,gid=5,hidepid=2
25 22 0:5 / /late rw - proc proc rw,hidepid=1
26 22 0:5 / /late rw - proc proc rw,hidepid=off
27 22 0:5 / /plain rw - proc proc rw
"""


@pytest.mark.parametrize(
    ("proc", "value"), [("/proc", "invisible"), ("/jail/proc", "2"), ("/late", ""), ("/plain", ""), ("/none", "")]
)
def test_the_option_is_that_of_the_last_mount(proc: str, value: str) -> None:
    assert hidepid(MOUNTS, proc) == value


@pytest.mark.parametrize(
    ("sight", "reason"),
    [
        (Sight(52, 37, hidden="hidepid=2 on /proc"), "37 of 52 sockets have none; hidepid=2 on /proc hides"),
        (Sight(52, 37, denied=(7, 8, 9, 11)), "the files of 4 processes (7 8 9 …)"),
        (Sight(52, 37, contained=True), "container"),
        (Sight(52, 0, contained=True), ""),  # one that has a network of its own sees all of it
        (Sight(52, FEW, lasting=True), ""),  # the kernel's own
        (Sight(3, 3, lasting=True), ""),
        (Sight(52, 40, lasting=True), "no reason is known"),
        (Sight(52, 40), ""),  # closed meanwhile, on a busy host
        (Sight(52, 0), ""),
    ],
)
def test_sockets_that_have_no_holder_anyway_raise_no_alarm(sight: Sight, reason: str) -> None:
    reported = missing(sight)
    assert reason in reported[HOLDERS] if reason else not reported


def test_without_the_module_of_udp_the_rest_is_seen_and_that_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    request = diag.request

    def without_udp(sock: socket.socket, family: int, protocol: int, mask: int, *, info: bool) -> Iterator[bytes]:
        if protocol == socket.IPPROTO_UDP:
            raise FileNotFoundError("no such handler")
        return request(sock, family, protocol, mask, info=info)

    monkeypatch.setattr(diag, "request", without_udp)
    scan = SocketScan(Settings())
    scan.open()
    with socket.create_server(("127.0.0.1", 0)) as server:
        seen = scan.look(0)
        assert server.getsockname()[1] in {one.identity.local_port for one in seen.listening.values()}
    assert "UDP sockets" in scan.missing()
    scan.close()


def test_figures_that_cannot_be_read_are_reported_as_missing(tmp_path: Path) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 1 kB\nMemFree: 1 kB\nMemAvailable: 1 kB\n")
    meter = LoadMeter(str(tmp_path))
    meter.read()

    (what,) = meter.missing()
    assert "loadavg" in what
    assert "stat" in what
    assert "meminfo" not in what
    assert LoadMeter().missing() == {}
