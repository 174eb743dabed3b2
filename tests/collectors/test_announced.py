"""What is read in announcements of switches: LLDP and CDP."""

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors import cdp, lldp
from collectors.announced import LONGEST, Announced
from schemas.text import shown
from tests.collectors import announcing as made

NAMES = st.binary(max_size=300)


def read_lldp(payload: bytes) -> Announced:
    found = lldp.parse(payload)
    assert found is not None
    return found


def read_cdp(payload: bytes) -> Announced:
    found = cdp.parse(payload)
    assert found is not None
    return found


def test_lldp_tells_the_switch_its_port_and_for_how_long_it_counts() -> None:
    assert read_lldp(made.lldp()) == Announced(
        "00:1b:54:c9:2a:00", "Gi1/0/7", 120, "web-1", "sw-rack-12", "10.20.0.12", 20, forwards=True
    )


def test_cdp_tells_the_same() -> None:
    assert read_cdp(made.cdp()) == Announced(
        "sw-rack-12.example.net",
        "GigabitEthernet1/0/7",
        180,
        system_name="sw-rack-12.example.net",
        management_address="10.20.0.12",
        vlan=20,
        forwards=True,
    )


@pytest.mark.parametrize(
    ("kind", "raw", "text"),
    [
        (made.MAC, bytes.fromhex("c454448f0117"), "c4:54:44:8f:01:17"),
        (made.NETWORK, b"\1" + socket.inet_aton("10.0.0.1"), "10.0.0.1"),
        (made.NETWORK, b"\2" + socket.inet_pton(socket.AF_INET6, "fd00::1"), "fd00::1"),
        (made.NETWORK, b"\1\1\2", "01:01:02"),
        (made.NAME, b"rack-12\0", "rack-12"),
        (99, b"odd", "odd"),
    ],
)
def test_the_id_of_a_chassis_is_read_by_its_kind(kind: int, raw: bytes, text: str) -> None:
    assert read_lldp(made.lldp(raw, chassis_kind=kind)).chassis == text


def test_the_id_of_a_port_may_be_a_hardware_address() -> None:
    assert read_lldp(made.lldp(port=made.SWITCH, port_kind=made.PORT_MAC)).port == "00:1b:54:c9:2a:00"


def test_a_time_to_live_of_zero_is_read() -> None:
    assert (read_lldp(made.lldp(ttl=0)).ttl_s, read_cdp(made.cdp(ttl=0)).ttl_s) == (0, 0)


@pytest.mark.parametrize(("enabled", "forwards"), [(0, True), (0x04, True), (0x10, True), (0x80, False), (0x20, False)])
def test_a_station_or_a_telephone_is_no_switch_and_who_does_not_say_may_be_one(enabled: int, forwards: bool) -> None:
    assert read_lldp(made.lldp(capabilities=enabled)).forwards is forwards


def test_a_host_that_speaks_cdp_is_no_switch() -> None:
    assert not read_cdp(made.cdp(capabilities=0x10)).forwards


def test_of_a_field_that_comes_twice_the_first_counts() -> None:
    assert read_lldp(made.lldp(more=[made.tlv(5, b"another")])).system_name == "sw-rack-12"


def test_fields_by_the_thousand_are_read() -> None:
    assert read_lldp(made.lldp(more=[made.tlv(127, b"")] * 5_000)).port == "Gi1/0/7"
    assert read_cdp(made.cdp(more=[made.field(99, b"")] * 5_000)).port == "GigabitEthernet1/0/7"


def test_what_follows_a_field_that_is_cut_off_is_not_read() -> None:
    whole = made.lldp()

    assert lldp.parse(whole[:9]) is None, "no port"
    assert read_lldp(whole[: whole.index(b"sw-rack-12") + 3]) == Announced("00:1b:54:c9:2a:00", "Gi1/0/7", 120, "web-1")


def test_another_frame_by_ieee_802_2_is_no_announcement() -> None:
    assert cdp.parse(bytes.fromhex("424203000000000080") + bytes(30)) is None


@given(name=NAMES, port=NAMES)
def test_hostile_names_are_one_short_line_of_text(name: bytes, port: bytes) -> None:
    for found in (
        lldp.parse(made.lldp(port=port, name=name, description=name)),
        cdp.parse(made.cdp(device=name, port=port)),
    ):
        for text in found or ():
            assert not isinstance(text, str) or (len(text) <= LONGEST and shown(text) == text)


@given(noise=st.binary(max_size=2_048), start=st.integers(0, 80), cut=st.integers(0, 300))
def test_any_bytes_are_an_announcement_or_none(noise: bytes, start: int, cut: int) -> None:
    for parse, whole in ((lldp.parse, made.lldp()), (cdp.parse, made.cdp())):
        for payload in (noise, whole[:cut], whole[:start] + noise, cdp.SNAP + noise):
            found = parse(payload)
            assert found is None or (found.chassis and found.port and 0 <= found.ttl_s <= 65_535)
            assert found is None or 0 <= found.vlan <= 65_535
