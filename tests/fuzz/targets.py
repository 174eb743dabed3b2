"""What is fuzzed: each parser of what the kernel, packets and other people's files hold.

A parser takes any bytes without an error other than those it names, and keeps within its memory. A new parser gets a
line in TARGETS. Its seeds are what this machine shows, so that the fuzzer begins with what is real.
"""

import socket
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from collectors import conntrack, container_files, diag, process_events, rtnetlink
from collectors.cgroups import container_of, parse_cgroup, pod_of, unit_of, user_of
from collectors.host import parse_os_release
from collectors.load import parse_kills, parse_network, parse_open_files
from collectors.netlink import dump, open_socket
from collectors.packet_ring import FRAME
from collectors.plain_sockets import PlainSockets
from collectors.presence import names_of_agents
from collectors.process_facts import parse_cmdline, parse_passwd, parse_uid
from collectors.process_table import parse_stat
from collectors.run_delay import parse_delay
from collectors.visibility import hidepid
from collectors.wire_tap import WireTap
from schemas.text import to_bytes, to_text

CMDLINE = 2048  # characters


class Target(NamedTuple):
    """A parser, what it may be started with, and the errors by which it refuses its input."""

    parse: Callable[[bytes], object]
    seeds: Callable[[], Iterable[bytes]]
    refuses: tuple[type[Exception], ...] = ()


class FrameTap(WireTap):
    """A tap without a device: its ring has one frame."""

    def __init__(self, packet: bytes) -> None:
        frame = bytearray(FRAME)
        frame[8:12], frame[24:26] = len(packet).to_bytes(4, "little"), HEAD.to_bytes(2, "little")
        frame[HEAD:] = packet[: FRAME - HEAD].ljust(FRAME - HEAD, b"\0")
        frame[0] = 1
        self.ring: Any = frame
        self.states, self.at, self.frames = memoryview(frame).cast("I"), 0, 1


HEAD = 80  # bytes of the kernel before a packet
SOCK_DIAG = 4  # NETLINK_SOCK_DIAG


def _sockets() -> Iterator[bytes]:
    with (
        open_socket(SOCK_DIAG) as sock,
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()),
    ):
        yield from diag.request(sock, socket.AF_INET, socket.IPPROTO_TCP, 0xFFF, info=True)
        yield from diag.request(sock, socket.AF_INET6, socket.IPPROTO_TCP, 0xFFF, info=False)


def _links() -> Iterator[bytes]:
    for kind in (rtnetlink.RTM_GETLINK, rtnetlink.RTM_GETADDR):
        with open_socket(rtnetlink.ROUTE) as sock:
            yield from dump(sock, kind, bytes(16))


def _files(*names: str) -> Callable[[], Iterator[bytes]]:
    return lambda: (Path(name).read_bytes() for name in names)


def _given(*seeds: bytes) -> Callable[[], Iterable[bytes]]:
    return lambda: seeds


def _cgroup(raw: bytes) -> None:
    path = parse_cgroup(raw)
    container_of(path), pod_of(path), unit_of(path), user_of(path)


def _containers(raw: bytes) -> None:
    container_files.of_docker(raw), container_files.of_bundle(raw), container_files.host_name(raw)
    container_files.of_storage(raw, "c0ffee"), container_files.id_of(raw, "web"), container_files.data_root(raw)
    name = to_text(raw)
    container_files.of_link(name, "c0ffee"), container_files.of_logs(name, "c0ffee")


def _text(raw: bytes) -> None:
    assert to_bytes(to_text(raw)) == raw


def _rows(raw: bytes) -> None:
    for chunk, rows, places in diag.parse_rows([raw]):
        assert len(rows) == len(places)
        for at in places:
            diag.identity(chunk, at)


def _plain(raw: bytes) -> None:
    PlainSockets().take(socket.AF_INET, socket.IPPROTO_TCP, [raw])


TARGETS = {
    "diag-rows": Target(_rows, _sockets),
    "diag-final": Target(diag.final, _sockets),
    "diag-plain": Target(_plain, _sockets),
    "rtnetlink": Target(lambda raw: list(rtnetlink.parse(raw)), _links),
    "conntrack": Target(lambda raw: list(conntrack.parse(raw)), _given(bytes(120))),
    "process-events": Target(process_events.parse_event, _given(bytes(76), bytes(100))),
    "wire": Target(
        lambda raw: list(FrameTap(raw).marks()), _given(bytes.fromhex("45000028"), bytes.fromhex("60000000"))
    ),
    "stat": Target(parse_stat, _files("/proc/self/stat", "/proc/1/stat"), (ValueError, IndexError)),
    "status": Target(parse_uid, _files("/proc/self/status")),
    "cmdline": Target(lambda raw: parse_cmdline(raw, CMDLINE), _files("/proc/self/cmdline", "/proc/1/cmdline")),
    "cgroup": Target(
        _cgroup, _given(b"0::/kubepods.slice/pod1/cri-containerd-c0ffee.scope\n", b"1:name=systemd:/docker/c\n")
    ),
    "passwd": Target(parse_passwd, _files("/etc/passwd")),
    "containers": Target(
        _containers, _given(b'{"Name": "/web", "Config": {"Labels": {"a": "b"}}}', b'[{"id": "c0ffee"}]')
    ),
    "os-release": Target(parse_os_release, _files("/etc/os-release")),
    "net-dev": Target(parse_network, _files("/proc/net/dev")),
    "file-nr": Target(parse_open_files, _files("/proc/sys/fs/file-nr")),
    "vmstat": Target(parse_kills, _files("/proc/vmstat")),
    "delay": Target(parse_delay, _given(bytes(400))),
    "mountinfo": Target(lambda raw: hidepid(raw, "/proc"), _files("/proc/self/mountinfo")),
    "net-unix": Target(names_of_agents, _files("/proc/net/unix")),
    "text": Target(_text, _given(b"\xff\xfe", "é%".encode())),
}
