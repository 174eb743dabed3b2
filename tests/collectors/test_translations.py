"""How translated connections look outside of the host, by the table of the kernel."""

import os
import socket
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors import conntrack, netlink
from collectors.closing import Flow
from collectors.conntrack import Translated, Tuple
from collectors.networks import Networks
from collectors.settings import Settings
from collectors.translations import NEEDS, WHAT, Translations, outside
from schemas.raw import ConnectionBatch, Connections

TCP = socket.IPPROTO_TCP
ANY_NUMBER = "/proc/sys/kernel/pid_max"  # a file with a number that every user may read
CLIENT, VIRTUAL, SERVER, HOST = ("10.0.0.1", 40_000), ("10.96.0.10", 80), ("10.0.0.2", 8080), ("10.0.0.9", 50_000)


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

    assert found == {(TCP, Flow(*within[0], *within[1])): Flow(*without[0], *without[1])}


@pytest.mark.parametrize("one", [TO_SERVER, FROM_HOST, BOTH])
def test_a_router_has_no_end_of_its_own(one: Translated) -> None:
    assert list(outside(one, {"192.0.2.1"})) == []


@pytest.mark.parametrize("one", [TO_SERVER, FROM_HOST, BOTH])
def test_both_hosts_see_one_flow_where_the_client_s_host_translates(one: Translated) -> None:
    ((_, seen),) = outside(one, {CLIENT[0]})
    answered = one.answered

    assert (seen.remote_address, seen.remote_port) == (answered.source, answered.source_port)
    assert (seen.local_address, seen.local_port) == (answered.target, answered.target_port)


def test_where_nothing_is_tracked_nothing_is_asked(tmp_path: Path) -> None:
    translations = Translations(Networks(Settings()), str(tmp_path / "none"))
    translations.look()
    batch = ConnectionBatch(host_id="h", boot_id="b", run=1, seq=1, window=0, width=1_000)

    assert translations.add(batch) is batch
    assert translations.missing() == {}


@pytest.mark.root
def test_without_the_right_to_read_the_table_that_is_reported() -> None:
    translations = Translations(Networks(Settings()), ANY_NUMBER)
    os.seteuid(65_534)
    try:
        translations.look()
    finally:
        os.seteuid(0)
    translations.close()

    assert translations.missing() == {WHAT: NEEDS}


def test_a_connection_keeps_its_translation_and_a_keyframe_restates_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "count").write_text("1\n")
    networks = Networks(Settings())
    entries = [entry((("127.0.0.1", 40_000), VIRTUAL), (SERVER, ("127.0.0.1", 40_000)))]
    monkeypatch.setattr(conntrack, "translated", lambda _: iter(entries))
    translations = Translations(networks, str(tmp_path / "count"))

    def reported(*, keyframe: bool = False, closed: bool = False) -> list[tuple[object, ...]]:
        translations.look()
        columns = Connections(
            cookie=[7], transport=[TCP], local_address=["127.0.0.1"], local_port=[40_000],
            remote_address=[VIRTUAL[0]], remote_port=[VIRTUAL[1]], closed=[closed],
        )  # fmt: skip
        batch = ConnectionBatch(
            host_id="h", boot_id="b", run=1, seq=1, window=0, width=1_000, keyframe=keyframe, connections=columns
        )
        return list(translations.add(batch).translated.rows())

    outside_row = (7, "127.0.0.1", 40_000, *SERVER)
    try:
        assert reported() == [outside_row]
        entries.clear()  # the table forgets sooner than the connection ends
        assert reported() == [outside_row]
        assert reported(keyframe=True) == [outside_row]
        assert reported(closed=True) == [outside_row]
        assert reported() == []
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
