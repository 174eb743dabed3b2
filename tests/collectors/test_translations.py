"""How translated connections look outside of the host, by the table of the kernel."""

import os
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors import conntrack, diag, netlink
from collectors.closing import Flow
from collectors.conntrack import Translated, Tuple
from collectors.networks import Networks
from collectors.outside import Ours, outside
from collectors.procfs import own_netns
from collectors.rtnetlink import InterfaceAddress
from collectors.settings import Settings
from collectors.translations import FEW, WHAT, Translations
from schemas.raw import ConnectionBatch, Connections
from schemas.unix_names import UNIX
from tests.programs import installed

TCP = socket.IPPROTO_TCP
ANY_NUMBER = "/proc/sys/kernel/pid_max"  # a file with a number that every user may read
CLIENT, VIRTUAL, SERVER, HOST = ("10.0.0.1", 40_000), ("10.96.0.10", 80), ("10.0.0.2", 8080), ("10.0.0.9", 50_000)


ONE = (("127.0.0.1", 40_000), VIRTUAL)


def reported(
    flow: tuple[tuple[str, int], tuple[str, int]],
    *,
    keyframe: bool = False,
    closed: bool = False,
    state: int = diag.ESTABLISHED,
) -> ConnectionBatch:
    (local, local_port), (remote, remote_port) = flow
    columns = Connections(
        cookie=[7], transport=[TCP], local_address=[local], local_port=[local_port],
        remote_address=[remote], remote_port=[remote_port], state=[state], closed=[closed],
    )  # fmt: skip
    return ConnectionBatch(
        host_id="h",
        boot_id="b",
        run=1,
        seq=1,
        window=0,
        width=1_000,
        keyframe=keyframe,
        connections=columns,
        netns=own_netns(),
    )


def entry(
    asked: tuple[tuple[str, int], tuple[str, int]], answered: tuple[tuple[str, int], tuple[str, int]]
) -> Translated:
    return Translated(Tuple(TCP, *asked[0], *asked[1]), Tuple(TCP, *answered[0], *answered[1]))


TO_SERVER = entry((CLIENT, VIRTUAL), (SERVER, CLIENT))  # the target is changed
FROM_HOST = entry((CLIENT, SERVER), (SERVER, HOST))  # the source is changed
BOTH = entry((CLIENT, VIRTUAL), (SERVER, HOST))


@pytest.mark.parametrize(
    ("one", "own", "within", "without"),
    [
        (TO_SERVER, {CLIENT}, (CLIENT, VIRTUAL), (CLIENT, SERVER)),
        (TO_SERVER, {SERVER}, (SERVER, CLIENT), (VIRTUAL, CLIENT)),
        (TO_SERVER, {CLIENT, SERVER}, (CLIENT, VIRTUAL), (CLIENT, SERVER)),
        (FROM_HOST, {CLIENT}, (CLIENT, SERVER), (HOST, SERVER)),
        (BOTH, {CLIENT}, (CLIENT, VIRTUAL), (HOST, SERVER)),
        (BOTH, {SERVER}, (SERVER, HOST), (VIRTUAL, CLIENT)),
        (BOTH, {CLIENT, SERVER}, (CLIENT, VIRTUAL), (HOST, SERVER)),
    ],
)
def test_an_end_of_ours_is_seen_as_the_wire_has_it(
    one: Translated,
    own: set[tuple[str, int]],
    within: tuple[tuple[str, int], tuple[str, int]],
    without: tuple[tuple[str, int], tuple[str, int]],
) -> None:
    found = dict(outside(one, {address for address, _ in own}))

    changed = {tracked: flow for tracked, flow in found.items() if flow is not None}
    assert changed == {(TCP, Flow(*within[0], *within[1])): Flow(*without[0], *without[1])}


@pytest.mark.parametrize("one", [TO_SERVER, FROM_HOST, BOTH])
def test_a_router_has_no_end_of_its_own(one: Translated) -> None:
    assert list(outside(one, {"192.0.2.1"})) == []


@pytest.mark.parametrize("one", [TO_SERVER, FROM_HOST, BOTH])
def test_both_hosts_see_one_flow_where_the_client_s_host_translates(one: Translated) -> None:
    (_, seen), (of_server, unchanged) = outside(one, {CLIENT[0]})
    answered = one.answered

    assert of_server == (TCP, Flow(*answered[1:]))
    assert seen is not None
    assert unchanged is None
    assert (seen.remote_address, seen.remote_port) == (answered.source, answered.source_port)
    assert (seen.local_address, seen.local_port) == (answered.target, answered.target_port)


@pytest.mark.parametrize("known", [set(), {CLIENT[0]}])
def test_a_container_that_connects_before_it_has_been_found_is_on_this_host(known: set[str]) -> None:
    found = [InterfaceAddress("eth0", address, 32, "") for address in {SERVER[0], *known}]
    bridge = InterfaceAddress("docker0", "10.0.0.254", 24, "", inside=True)

    assert dict(outside(TO_SERVER, Ours([*found, bridge])))[TCP, Flow(*CLIENT, *VIRTUAL)] == Flow(*CLIENT, *SERVER)


@pytest.mark.parametrize(
    ("address", "of_this_host"),
    [("10.0.0.254", True), ("10.0.0.7", True), ("10.0.1.7", False), ("192.0.2.1", True), ("192.0.2.2", False),
     ("fd00::7", True), ("fe80::1", False), ("127.0.0.2", False)],
)  # fmt: skip
def test_addresses_are_of_this_host_if_it_has_them_or_if_they_are_behind_a_bridge_that_leads_nowhere_else(
    address: str, of_this_host: bool
) -> None:
    ours = Ours([
        InterfaceAddress("docker0", "10.0.0.254", 24, "", inside=True),
        InterfaceAddress("docker0", "fd00::1", 64, "", inside=True),
        InterfaceAddress("eth0", "192.0.2.1", 24, ""),
    ])  # fmt: skip
    assert (address in ours) == of_this_host


@pytest.mark.parametrize("forgotten", [False, True])
def test_the_server_of_a_container_that_is_found_later_sees_what_is_outside(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, forgotten: bool
) -> None:
    def network(inode: int, address: str) -> SimpleNamespace:
        found = [InterfaceAddress("eth0", address, 32, "")]
        return SimpleNamespace(inode=inode, watch=SimpleNamespace(read=lambda: found))

    class Found(list[SimpleNamespace]):
        own = network(own_netns(), SERVER[0])

    (tmp_path / "count").write_text("1\n")
    entries = [TO_SERVER]
    monkeypatch.setattr(conntrack, "translated", lambda _: iter(entries))
    networks = Found([Found.own])
    translations = Translations(networks, str(tmp_path / "count"))  # type: ignore[arg-type]

    def rows() -> list[tuple[object, ...]]:
        (batch,) = translations.add([reported((SERVER, CLIENT))])
        return list(batch.translated.rows())

    asked_outside = [(7, *VIRTUAL, *CLIENT)]
    try:
        assert rows() == asked_outside  # as if somebody asked from another host
        networks.append(network(1, CLIENT[0]))
        if forgotten:
            entries.clear()
        assert rows() == (asked_outside if forgotten else [])
        assert rows() == (asked_outside if forgotten else [])
    finally:
        translations.close()


def test_where_nothing_is_tracked_nothing_is_asked(tmp_path: Path) -> None:
    translations = Translations(Networks(Settings()), str(tmp_path / "none"))
    batch = reported(ONE)

    assert translations.add([batch]) == [batch]
    assert translations.missing() == {}


@pytest.mark.root
def test_without_the_right_to_read_the_table_that_is_reported() -> None:
    networks = Networks(Settings())
    translations = Translations(networks, ANY_NUMBER)
    os.seteuid(65_534)
    try:
        translations.add([reported(ONE)])
        missing = translations.missing()
    finally:
        os.seteuid(0)
    translations.close()
    networks.close()

    assert missing == {WHAT: "CAP_NET_ADMIN (run as root)"}


def test_a_connection_keeps_its_translation_and_a_keyframe_restates_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "count").write_text("1\n")
    networks = Networks(Settings())
    entries = [entry((("127.0.0.1", 40_000), VIRTUAL), (SERVER, ("127.0.0.1", 40_000)))]
    monkeypatch.setattr(conntrack, "translated", lambda _: iter(entries))
    translations = Translations(networks, str(tmp_path / "count"))

    def rows(*, keyframe: bool = False, closed: bool = False) -> list[tuple[object, ...]]:
        (batch,) = translations.add([reported(ONE, keyframe=keyframe, closed=closed)])
        return list(batch.translated.rows())

    outside_row = (7, "127.0.0.1", 40_000, *SERVER)
    try:
        assert rows() == [outside_row]
        entries.clear()  # the table forgets sooner than the connection ends
        assert rows() == [outside_row]
        assert rows(keyframe=True) == [outside_row]
        assert rows(closed=True) == [outside_row]
        assert rows() == []
    finally:
        translations.close()
        networks.close()


def test_unix_sockets_are_not_looked_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "count").write_text("9999\n")
    networks = Networks(Settings())
    wanted: list[int] = []
    monkeypatch.setattr(conntrack, "translated", lambda _: repeat(None, FEW + 1))
    monkeypatch.setattr(conntrack, "find", lambda _, one: wanted.append(one.protocol))
    translations = Translations(networks, str(tmp_path / "count"))
    batch = reported(ONE)
    for name, value in (
        ("cookie", 8), ("transport", UNIX), ("local_address", "#12"), ("local_port", 0),
        ("remote_address", "/run/a.sock"), ("remote_port", 5), ("state", 1), ("closed", False),
    ):  # fmt: skip
        getattr(batch.connections, name).append(value)
    try:
        translations.add([batch])
    finally:
        translations.close()
        networks.close()

    assert wanted == [TCP]
    assert translations.counters() == dict.fromkeys(translations.counters(), 0)


_TRANSLATING = """
import socket
from collectors import conntrack, diag, netlink
with socket.create_server((ADDRESS, 8080), family=FAMILY) as server:
    client = socket.create_connection((VIRTUAL, 80))
    peer, _ = server.accept()
    with netlink.open_socket(conntrack.NETFILTER) as sock:
        (one,) = filter(None, conntrack.translated(sock))
        assert one.asked[1:] == (*client.getsockname()[:2], VIRTUAL, 80), one
        assert one.answered[1:] == (*peer.getsockname()[:2], *peer.getpeername()[:2]), one
        assert conntrack.find(sock, one.asked) == conntrack.find(sock, one.answered) == one
        assert conntrack.find(sock, one.asked._replace(source_port=1)) is None
"""


@pytest.mark.root
@pytest.mark.parametrize(
    ("family", "address", "virtual", "table"),
    [("AF_INET", "10.0.0.1", "10.96.0.10", "ip"), ("AF_INET6", "fd00::1", "fd96::10", "ip6")],
)
def test_the_kernel_s_table_is_read_and_asked(family: str, address: str, virtual: str, table: str) -> None:
    nft = installed("nft", "nftables")
    rules = f"table {table} nat {{ chain out {{ type nat hook output priority -100; "
    rules += (
        f"{table} daddr {virtual} tcp dport 80 dnat to {f'[{address}]' if ':' in address else address}:8080; }}; }}"
    )
    script = f"""
        ip link set lo up; ip address add {address}/64 dev lo {"nodad" if ":" in address else ""}
        ip -{6 if ":" in address else 4} route add {virtual} dev lo
        {nft} '{rules}'
        exec {sys.executable} -c "$CODE"
    """
    code = _TRANSLATING.replace("ADDRESS", repr(address)).replace("VIRTUAL", repr(virtual))
    code = code.replace("FAMILY", f"socket.{family}")
    command = [
        "unshare",
        "--net",
        "--",
        "bash",
        "-ec",
        script.replace("/64 dev lo", f"/{64 if ':' in address else 24} dev lo"),
    ]
    subprocess.run(command, env=os.environ | {"CODE": code}, check=True)


def test_a_socket_that_connects_anew_is_looked_up_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "count").write_text("1\n")
    networks = Networks(Settings())
    monkeypatch.setattr(conntrack, "translated", lambda _: iter([entry(ONE, (SERVER, ONE[0]))]))
    translations = Translations(networks, str(tmp_path / "count"))
    try:
        (first,) = translations.add([reported(ONE)])
        (second,) = translations.add([reported((ONE[0], ("8.8.8.8", 443)))])
        assert [len(batch.translated) for batch in (first, second)] == [1, 0]
    finally:
        translations.close()
        networks.close()


def test_a_connection_that_nobody_answers_is_looked_up_until_somebody_does(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "count").write_text("1\n")
    networks = Networks(Settings())
    entries: list[Translated] = []
    monkeypatch.setattr(conntrack, "translated", lambda _: iter(entries))
    translations = Translations(networks, str(tmp_path / "count"))
    translated = []
    try:
        for state in (diag.SYN_SENT, diag.SYN_SENT, diag.ESTABLISHED, diag.ESTABLISHED):
            (batch,) = translations.add([reported(ONE, state=state)])
            translated.append(len(batch.translated))
            entries[:] = [entry(ONE, (SERVER, ONE[0]))]  # a first packet that was dropped leaves no entry
    finally:
        translations.close()
        networks.close()
    assert translated == [0, 1, 1, 1]


@pytest.mark.parametrize("others", [0, 1])
def test_of_connections_with_one_flow_those_that_closed_may_have_been_led_to_other_servers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, others: int
) -> None:
    (tmp_path / "count").write_text("1\n")
    networks = Networks(Settings())
    other = ("127.0.0.1", 40_001)
    entries = [entry(ONE, (SERVER, ONE[0])), entry((other, VIRTUAL), (("10.0.0.3", 8080), other))]
    monkeypatch.setattr(conntrack, "translated", lambda _: iter(entries[: 1 + others]))
    translations = Translations(networks, str(tmp_path / "count"))
    try:
        closed, live = translations.add([reported(ONE, closed=True), reported(ONE)])
    finally:
        translations.close()
        networks.close()
    assert [len(batch.translated) for batch in (closed, live)] == [1 - others, 1]


def test_a_table_that_cannot_be_read_is_read_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fails(_: socket.socket) -> Iterator[Translated]:
        raise OSError(105, "no buffer space")

    (tmp_path / "count").write_text("1\n")
    networks = Networks(Settings())
    translations = Translations(networks, str(tmp_path / "count"))
    try:
        monkeypatch.setattr(conntrack, "translated", fails)
        (first,) = translations.add([reported(ONE)])
        monkeypatch.setattr(conntrack, "translated", lambda _: iter([entry(ONE, (SERVER, ONE[0]))]))
        (second,) = translations.add([reported(ONE)])
        assert [len(batch.translated) for batch in (first, second)] == [0, 1]
        assert translations.counters() == {"translations_failed": 1}
    finally:
        translations.close()
        networks.close()


def test_of_a_table_with_very_many_entries_the_wanted_ones_are_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "count").write_text("1\n")
    networks = Networks(Settings())
    asked: list[Tuple] = []

    def find(_: socket.socket, wanted: Tuple) -> Translated:
        asked.append(wanted)
        return entry(ONE, (SERVER, ONE[0]))

    monkeypatch.setattr(conntrack, "translated", lambda _: repeat(None, FEW + 1))
    monkeypatch.setattr(conntrack, "find", find)
    translations = Translations(networks, str(tmp_path / "count"))
    try:
        (batch,) = translations.add([reported(ONE)])
        assert len(batch.translated) == 1
        assert asked == [Tuple(TCP, *ONE[0], *ONE[1])]
    finally:
        translations.close()
        networks.close()


@given(st.binary(max_size=400))
def test_no_bytes_of_an_entry_raise(raw: bytes) -> None:
    class Answering:
        """Answers with an entry of these bytes, and the end of the dump."""

        def send(self, _: bytes) -> None:
            self.left = [
                netlink.HEADER.pack(netlink.HEADER.size + 4 + len(raw), 0x100, 0, 0, 0) + b"\2\0\0\0" + raw,
                netlink.HEADER.pack(netlink.HEADER.size + 4, netlink.NLMSG_DONE, 0, 0, 0) + struct.pack("=i", 0),
            ]

        def recv(self, _: int) -> bytes:
            return self.left.pop(0)

    list(conntrack.translated(Answering()))  # type: ignore[arg-type]
