"""What is fuzzed: each parser of what the kernel, packets and other people's files hold.

A parser takes any bytes without an error other than those it names, and keeps within its memory. A new parser gets a
line in TARGETS. Its seeds are what this machine shows, so that the fuzzer begins with what is real.
"""

import hashlib
import io
import os
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from collectors import cdp, conntrack, container_files, diag, fins, lldp, process_events, rtnetlink
from collectors.cgroups import container_of, parse_cgroup, pod_of, unit_of, user_of
from collectors.datagram_flows import DatagramFlows
from collectors.datagram_tap import DatagramTap
from collectors.host import parse_os_release
from collectors.load import parse_kills, parse_network, parse_open_files
from collectors.netlink import dump, open_socket
from collectors.packet_ring import FRAME, PacketRing
from collectors.plain_sockets import PlainSockets
from collectors.presence import names_of_agents
from collectors.process_facts import parse_cmdline, parse_passwd, parse_uid
from collectors.process_table import parse_stat
from collectors.protocols import dns, known, tls
from collectors.protocols.grpc import Grpc
from collectors.protocols.http_host import host_of
from collectors.protocols.memcached import Memcached
from collectors.protocols.mysql import MySQL
from collectors.protocols.parser import LOST, MOST_WAITING, Parser
from collectors.protocols.postgresql import PostgreSQL
from collectors.protocols.redis import Redis
from collectors.run_delay import parse_delay
from collectors.socket_scan import Seen
from collectors.traced import Records
from collectors.visibility import hidepid
from collectors.window import Window
from collectors.wire_tap import WireTap
from graph.filters.parsing import BadFilter, parse_filter
from graph.selectors import BadSelector, parse_selector
from log.capture import BadCapture, Place, record_of
from log.capture_reader import CaptureReader
from log.capture_writer import CaptureWriter
from log.protocol import Record
from schemas.discovered import parse_output
from schemas.text import to_bytes, to_text
from simulation.load import read
from simulation.mistakes import Mistake
from tests.collectors import announcing
from tests.collectors.protocols.resolving import address, alias, answer, wire

CMDLINE = 2048  # characters
_SPIGO = b'{"arch":"a","services":[{"name":"db","package":"store","count":2},{"name":"b","package":"elb"}]}'
_NATIVE = b'name="a"\nservices=[{name="web",calls=["redis",{to="web",pool=2}]},{name="redis",container="redis:7"}]\n'
_COMPOSE = b'services:\n  web: {image: "x:1", ports: ["80:80"], environment: {DB: "pg://db:1/x"}}\n  db: {scale: 2}\n'


class Target(NamedTuple):
    """A parser, what it may be started with, and the errors by which it refuses its input."""

    parse: Callable[[bytes], object]
    seeds: Callable[[], Iterable[bytes]]
    refuses: tuple[type[Exception], ...] = ()


class Frame(PacketRing):
    """A tap without a device: its ring has one frame."""

    def __init__(self, packet: bytes) -> None:
        frame = bytearray(FRAME)
        frame[8:12], frame[24:26] = len(packet).to_bytes(4, "little"), HEAD.to_bytes(2, "little")
        frame[HEAD:] = packet[: FRAME - HEAD].ljust(FRAME - HEAD, b"\0")
        frame[0] = 1
        self.ring: Any = frame
        self.states, self.at, self.frames = memoryview(frame).cast("I"), 0, 1


class FrameTap(Frame, WireTap):
    """One that reads TCP."""


class DatagramFrameTap(Frame, DatagramTap):
    """One that reads UDP."""


HEAD = 80  # bytes of the kernel before a packet
SOCK_DIAG = 4  # NETLINK_SOCK_DIAG


def _exchange(raw: bytes) -> object:
    flows = list(DatagramFrameTap(raw).flows())
    own = {flow[: len(flow) // 2 - 2] for flow in flows}
    return DatagramFlows(1, 10).rows(flows, Seen(), own, Window("host", "boot", 1, 0, 0, 1_000, keyframe=True))


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


def _neighbours() -> Iterator[bytes]:
    with open_socket(rtnetlink.ROUTE) as sock:
        yield from dump(sock, rtnetlink.RTM_GETNEIGH, bytes(12))


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
    for chunk, rows, places, infos in diag.parse_rows([raw]):
        for row, at, info in zip(rows, places, infos, strict=True):
            diag.identity(chunk, at)
            fins.may_have_come(row, chunk, info)


def _plain(raw: bytes) -> None:
    PlainSockets().take(socket.AF_INET, socket.IPPROTO_TCP, [raw])


def _looks(raw: bytes) -> None:
    known.asked(raw, len(raw)), known.greeted(raw, len(raw)), known.plain(raw, len(raw)), known.ssh(raw, len(raw))
    for one in known.PLAIN:
        one.answers(raw[known.ASKED :], max(len(raw) - known.ASKED, 0), raw[: known.ASKED])
    tls.client_hello(raw), tls.server_hello(raw)


def _host(raw: bytes) -> None:
    host_of(raw), host_of(b"GET / HTTP/1.1\r\nHost: " + raw)


def _dns(raw: bytes) -> None:
    if (asked := dns.message(raw)) is not None:
        dns.name_of(asked.asked), list(dns.given(raw, asked.asked))


def _talk(kind: type[Parser]) -> Callable[[bytes], None]:
    """Give a parser segments of a connection: before each stands a byte with its side and its length."""

    def talk(raw: bytes) -> None:
        parser, left, at = kind(), [b"", b""], 0
        while at < len(raw) and not parser.opaque:
            side, length = raw[at] & 1, raw[at] >> 1
            data = left[side] + raw[at + 1 : at + 1 + length]
            at += 1 + length
            used = (parser.client, parser.server)[side](data, at)
            if used == LOST:
                parser.begin(data)
                used = len(data)
            assert used >= 0
            left[side] = data[used:]
        assert parser.pending() <= MOST_WAITING

    return talk


def _segments(*segments: tuple[int, bytes]) -> Callable[[], Iterable[bytes]]:
    return _given(b"".join(bytes([len(data) << 1 | side]) + data for side, data in segments))


_TALKS: dict[type[Parser], tuple[tuple[int, bytes], ...]] = {
    Redis: ((0, b"*2\r\n$3\r\nGET\r\n$1\r\na\r\n"), (1, b"$5\r\nhello\r\n"), (0, b"PING\r\n"), (1, b"-ERR no\r\n")),
    PostgreSQL: (
        (0, b"\0\0\0\x09\0\3\0\0\0"),
        (1, b"R\0\0\0\x08\0\0\0\0Z\0\0\0\5I"),
        (0, b"Q\0\0\0\x0dSELECT 1\0"),
        (1, b"C\0\0\0\x0dSELECT 1\0Z\0\0\0\5I"),
        (0, b"P\0\0\0\x08\0x\0\0\0B\0\0\0\x0a\0\0\0\0\0\0E\0\0\0\x09\0\0\0\0\0S\0\0\0\4"),
        (1, b"E\0\0\0\x08SX\0\0Z\0\0\0\5E"),
    ),
    MySQL: (
        (0, b"\x2a\0\0\1\5\xa2\x0f\0\0\0\0\1\x21" + bytes(29)),
        (1, b"\7\0\0\2\0\0\0\2\0\0\0"),
        (0, b"\x09\0\0\0\3select 1"),
        (1, b"\1\0\0\1\1\5\0\0\2\4rows"),
        (0, b"\x0a\0\0\0\x17\1\0\0\0\0\1\0\0\0"),
        (1, b"\4\0\0\1\xff\1\2\3"),
    ),
    Grpc: (
        (0, b"\0\0\x1d\1\4\0\0\0\1\x83\x86\x44\5/G/Hi\x5f\x10application/grpc"),
        (1, b"\0\0\1\1\4\0\0\0\1\x88\0\0\x11\1\5\0\0\0\1\x40\x0bgrpc-status\0010"),
        (0, b"\0\0\4\1\4\0\0\0\3\x83\x86\xbf\xbe\0\0\4\3\0\0\0\0\3\0\0\0\x08"),
    ),
    Memcached: ((0, b"get a\r\nset a 0 0 2\r\nhi\r\n"), (1, b"VALUE a 0 2\r\nhi\r\nEND\r\nSTORED\r\n")),
}


def _capture(raw: bytes) -> None:
    """Read a file that has a right checksum, which bytes by chance never have."""
    with os.fdopen(os.memfd_create("capture"), "wb") as file:
        file.write(raw + hashlib.sha256(raw).digest())
        file.flush()
        with closing(CaptureReader(Path(f"/proc/self/fd/{file.fileno()}"))) as capture:
            for part in capture.manifest.parts:
                list(capture.records(part))


def _sealed() -> Iterator[bytes]:
    """Yield captures without their checksums."""
    for value in (None, b'{"a":1}', b"\xff"):
        file = io.BytesIO()
        writer = CaptureWriter(file, "1.0")
        writer.add(Place("edges", 0), [Record("edges", 0, 0, 5, b"key", value, {"header": b"x"})])
        writer.close(made=1, start=None, end=2, partitions={"edges": 1}, about={})
        yield file.getvalue()[: -hashlib.sha256().digest_size]


TARGETS = {
    "diag-rows": Target(_rows, _sockets),
    "diag-final": Target(diag.final, _sockets),
    "diag-plain": Target(_plain, _sockets),
    "neighbours": Target(lambda raw: list(rtnetlink.parse_neighbours(raw)), _neighbours),
    "rtnetlink": Target(lambda raw: list(rtnetlink.parse(raw)), _links),
    "conntrack": Target(lambda raw: list(conntrack.parse(raw)), _given(bytes(120))),
    "process-events": Target(process_events.parse_event, _given(bytes(76), bytes(100))),
    "wire": Target(
        lambda raw: list(FrameTap(raw).marks()), _given(bytes.fromhex("45000028"), bytes.fromhex("60000000"))
    ),
    "lldp": Target(lldp.parse, _given(announcing.lldp())),
    "filter": Target(
        lambda raw: parse_filter(raw.decode(errors="replace")),
        _given(b"service:shop -infra health:bad,warn around:1", b'rps>10 p99>=1s label:a="b c" -"new"', b"a=b > c=d"),
        (BadFilter,),
    ),
    "selector": Target(
        lambda raw: parse_selector(raw.decode(errors="replace")),
        _given(b"service=redis*,host=web1", b'service:shop > id="service:db",port=5432'),
        (BadSelector,),
    ),
    "cdp": Target(cdp.parse, _given(announcing.cdp())),
    "datagrams": Target(
        _exchange, _given(bytes.fromhex("45000028") + bytes(20), bytes.fromhex("60000000"), bytes.fromhex("4f000028"))
    ),
    "bpf-ring": Target(lambda raw: Records().read(raw), _given(bytes.fromhex("28000000000000000200000001000000"))),
    "http host": Target(_host, _given(b"a.example:80\r\n\r\n", b"a.example\r\nHost: b.example\r\n")),
    "dns": Target(_dns, _given(answer(7, "a.test", alias(wire("b.test")), address("192.0.2.7", owner=wire("b.test"))))),
    "first-bytes": Target(
        _looks, _given(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"AMQP\0\0\x09\1", b"\x16\3\1\2\0\1\0\1\xfc\3\3")
    ),
    **{kind.name: Target(_talk(kind), _segments(*_TALKS.get(kind, ()))) for kind in known.PARSERS},
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
    "discovered": Target(
        parse_output, _given(b'{"name": "a", "value": 1, "node": {"port": 443}}\n', b'[{"name": "a"}]')
    ),
    "os-release": Target(parse_os_release, _files("/etc/os-release")),
    "net-dev": Target(parse_network, _files("/proc/net/dev")),
    "file-nr": Target(parse_open_files, _files("/proc/sys/fs/file-nr")),
    "vmstat": Target(parse_kills, _files("/proc/vmstat")),
    "delay": Target(parse_delay, _given(bytes(400))),
    "mountinfo": Target(lambda raw: hidepid(raw, "/proc"), _files("/proc/self/mountinfo")),
    "net-unix": Target(names_of_agents, _files("/proc/net/unix")),
    "architecture": Target(lambda raw: read(raw, "fleet"), _given(_SPIGO, _NATIVE), (Mistake,)),
    "compose": Target(lambda raw: read(raw, "compose.yaml"), _given(_COMPOSE), (Mistake,)),
    "capture": Target(_capture, _sealed, (BadCapture,)),
    "capture-line": Target(lambda raw: record_of(raw, Place("edges", 0), 0), _given(b'{"timestamp":1}'), (ValueError,)),
    "text": Target(_text, _given(b"\xff\xfe", "é%".encode())),
}
