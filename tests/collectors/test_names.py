"""Names that are no text: every collector reports what bears them, and everything else."""

import ctypes
import os
import shutil
import struct
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from collectors import netlink
from collectors.cgroups import container_of, parse_cgroup, unit_of
from collectors.host import HostCollector, find_boot_id, find_host_id, parse_os_release
from collectors.load import parse_network
from collectors.process_facts import parse_cmdline, parse_passwd, parse_uid
from collectors.process_table import parse_stat
from collectors.requests import RequestCollector
from collectors.settings import Settings
from collectors.socket_scan import SocketScan
from collectors.window import Window
from schemas.codec import decode, encode
from schemas.text import to_bytes, to_text
from tests.collectors.watching import Watch, eventually

WINDOW = Window("host", "boot", 1, 0, 0, 5_000, keyframe=True)
STAT = b" S 41 0 0 0 -1 4194304 0 0 0 0 11 22 0 0 20 0 3 0 987654 1000 250 0"
HOSTILE = [
    b"\xff", b"\xc3\xa9", b"a\xc3", b"\n", b"\r", b"\x0c", b"\x1c", b"\x85", "\x85".encode(), "\u2028".encode(), b" ",
    b")", b") R 1 (", b":", b"\\xff", b"\\", b"\x1b[2J", "\u202e".encode(), b"host:web-1", b"\xed\xa0\x80", b"\x7f",
    b'"', b"<b>", b"$(id)", b"%s", b"'", b"\t", b"#", b"=",
]  # fmt: skip
NEWLINK, SETLINK = 16, 19
NEW_UTS, NEW_NET = 0x0400_0000, 0x4000_0000


def isolated(work: Callable[[], Any], flags: int) -> Any:
    """Run a function in namespaces of its own, and return what it returned."""
    ours, theirs = get_context("fork").Pipe()

    def inside() -> None:
        if ctypes.CDLL(None, use_errno=True).unshare(flags):
            theirs.send(OSError(ctypes.get_errno(), "unshare"))
            return
        try:
            theirs.send(work())
        except Exception as error:
            theirs.send(error)

    process = get_context("fork").Process(target=inside)
    process.start()
    theirs.close()
    answer = ours.recv()
    process.join()
    if isinstance(answer, Exception):
        raise answer
    return answer


def rename_loopback(name: bytes) -> None:
    """Name lo anew, as any process with a namespace of its own may, set it up and give it an address."""
    with netlink.open_socket(0) as sock:
        padded = name + b"\0" * (4 - len(name) % 4)
        named = netlink.ATTRIBUTE.pack(4 + len(name) + 1, 3) + padded
        for flags, attribute in ((0, named), (1, b"")):  # a name is given while a device is down
            body = struct.pack("=BxHiII", 0, 0, 1, flags, 1) + attribute
            sock.send(netlink.HEADER.pack(netlink.HEADER.size + len(body), SETLINK, 5, 0, 0) + body)
            reply = sock.recv(netlink.CHUNK)
            code = struct.unpack_from("=i", reply, netlink.HEADER.size)[0]
            assert code == 0, os.strerror(-code)


@contextmanager
def running(program: Path | str | bytes, *arguments: bytes) -> Iterator[int]:
    with subprocess.Popen([program, *arguments], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        eventually(lambda: Path(f"/proc/{process.pid}/cmdline").read_bytes())
        yield process.pid
        assert process.stdin is not None
        process.stdin.close()


@pytest.mark.parametrize("name", [name for name in HOSTILE if b"/" not in name])
def test_a_process_of_any_name_is_reported_with_all_others(tmp_path: Path, watch: Watch, name: bytes) -> None:
    program = bytes(tmp_path) + b"/" + name
    shutil.copy(os.fsencode(shutil.which("cat") or ""), program)
    with running(program, b"-", name) as pid:
        batch = watch.running(keyframe=True)
        reported = decode("processes", encode(batch)).processes
        at = reported.pid.index(pid)

        assert os.getpid() in reported.pid
        assert to_bytes(reported.comm[at]) == name[:15]
        assert to_bytes(reported.exe[at]) == program
        assert [to_bytes(argument) for argument in reported.cmdline[at]] == [program, b"-", name]
        assert reported.exe[at].isprintable()


@pytest.mark.parametrize("name", [b"\xff", b"a\x85\x1b[", "\u202eé".encode(), b"\\xff"])
def test_an_interface_of_any_name_is_reported_and_listened_to(name: bytes) -> None:
    def look() -> tuple[list[str], dict[str, str], list[set[str]]]:
        rename_loopback(name)
        scan = SocketScan(Settings())
        requests = RequestCollector(Settings(), scan)
        requests.open(WINDOW)
        requests.collect(WINDOW)
        host = HostCollector(Settings())
        decode("hosts", encode(host.collect(WINDOW)))
        taps = [{*traffic._taps._rings} for traffic in requests._traffic]
        return host.interfaces.name, requests.missing(), taps

    names, missing, taps = isolated(look, NEW_NET)

    assert set(names) == {to_text(name)}
    assert taps == [{to_text(name)}] * 2
    assert missing == {}


def test_interfaces_of_any_name_keep_their_counters_apart() -> None:
    rest = b" 100 1 0 0 0 0 0 0 50 1 0 0 0 0 0 0\n"
    names = [name for name in HOSTILE if not set(name) & set(b":/ \t\n\r\x0b\x0c")]
    text = b"Inter-|x\n face |y\n    lo: 9 1 0 0 0 0 0 0 9 1 0 0 0 0 0 0\n" + b"".join(n + b":" + rest for n in names)

    assert parse_network(text) == (100 * len(names), 50 * len(names))


@pytest.mark.parametrize("name", [b"\xffweb", b"\xc3\xa9a", b"web\n1", b"\x1b[31m"])
def test_a_host_of_any_name_is_reported(name: bytes) -> None:
    def look() -> tuple[str, str]:
        buffer = ctypes.create_string_buffer(name)
        assert ctypes.CDLL(None, use_errno=True).sethostname(buffer, len(name)) == 0
        host = HostCollector(Settings())
        reported = decode("hosts", encode(host.collect(WINDOW)))
        return find_host_id(Settings(), "/nonexistent", "/nonexistent"), reported.hostname

    host_id, hostname = isolated(look, NEW_UTS)

    assert to_bytes(hostname) == name
    assert host_id


@pytest.mark.parametrize("name", [name for name in HOSTILE if b"\n" not in name])
def test_a_control_group_of_any_name_is_one_path(name: bytes) -> None:
    path = b"/system.slice/" + name + b".service"
    raw = b"4:memory:/other\n1:name=systemd:/x\n0::" + path + b"\n"

    assert to_bytes(parse_cgroup(raw)) == path
    assert unit_of(parse_cgroup(raw)).isprintable()
    assert container_of(parse_cgroup(raw)) == ""


def test_a_real_control_group_with_line_ends_in_its_name_is_one_path() -> None:
    roots = [Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/pids")]
    root = next((root for root in roots if (root / "cgroup.procs").exists() and os.access(root, os.W_OK)), None)
    if root is None:
        pytest.skip("no control group can be made here")
    name = f"/servicemap{os.getpid()}\x0c\x85\u2028".encode() + b"\xff"
    folder = Path(os.fsdecode(bytes(root) + name))
    try:
        folder.mkdir()
    except OSError as error:
        pytest.skip(f"no control group can be made here: {error}")
    try:
        with running("cat") as pid:
            (folder / "cgroup.procs").write_text(str(pid))
            watch = Watch()
            try:
                reported = decode("processes", encode(watch.running(keyframe=True))).processes
            finally:
                watch.close()
            found = to_bytes(reported.cgroup[reported.pid.index(pid)])
            assert found.endswith(name)
            assert len(reported.pid) > 1
    finally:
        eventually(lambda: not (folder / "cgroup.procs").read_text())
        folder.rmdir()


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_shows_nothing_but_itself(name: bytes) -> None:
    stat = parse_stat(b"4242 (" + name + b")" + STAT)

    assert (stat.pid, to_bytes(stat.comm), stat.parent, stat.start) == (4242, name, 41, 987654)
    escaped = name.replace(b"\\", b"\\\\").replace(b"\n", b"\\n")  # as the kernel has it in this file
    assert parse_uid(b"Name:\t" + escaped + b"\rUid: 0 0 0 0\nUmask:\t0\nUid:\t1\t1000\t3\t4\n") == 1000


@pytest.mark.parametrize("name", [name for name in HOSTILE if not set(name) & set(b"\n:")])
def test_files_of_the_host_may_hold_any_bytes(name: bytes, tmp_path: Path) -> None:
    assert to_bytes(parse_passwd(b"+\n" + name + b":x:33:33::/:/bin/sh\nweb:x:34:1:::\n")[33]) == name
    assert parse_passwd(name + b":x:33:33::/:\nweb:x:34:1:::\n")[34] == "web"
    assert parse_passwd(b"web:x:" + name + b":33::/:\n" + b"x:y:" + b"9" * 5000 + b":\n") == {}
    assert to_text(b"Deb" + name + b"x") == parse_os_release(b'ID=x\nPRETTY_NAME="Deb' + name + b'x"\n')
    (tmp_path / "sys/kernel/random").mkdir(parents=True)
    (tmp_path / "sys/kernel/random/boot_id").write_bytes(b"x" + name + b"x")
    assert find_boot_id(str(tmp_path)) == "unknown"
    (tmp_path / "machine-id").write_bytes(b"x" + name + b"\xff")
    assert find_host_id(Settings(), str(tmp_path), str(tmp_path))


@pytest.mark.parametrize("limit", range(1, 24))
def test_a_command_line_is_cut_between_escapes(limit: int) -> None:
    (cut,) = parse_cmdline(b"\xff" * 8, limit)

    assert cut == "\\xff" * (limit // 4) + "…"


def test_secrets_are_found_among_bytes_that_are_no_text() -> None:
    reported = parse_cmdline(b"x\xff\0--password\0hunter2\0--token=\xffabc\0https://u:p\xffw@h/\xfe\0", 4096)

    assert reported == [r"x\xff", "--password", "***", "--token=***", r"https://u:***@h/\xfe"]
