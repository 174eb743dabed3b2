"""Which devices are listened on."""

from collectors.rtnetlink import InterfaceAddress
from collectors.settings import Settings
from collectors.taps import Taps
from collectors.wire_tap import WireTap


def listened(*found: InterfaceAddress) -> tuple[list[str], int]:
    """Return the devices that would be listened on, and how many are beyond the two rings."""
    asked: list[str] = []

    class Chosen(Taps[WireTap]):
        def _tap(self, names: object) -> None:
            asked.extend(names)  # type: ignore[arg-type]

    taps = Chosen(WireTap, (4_096, 4_096), lambda: list(found), Settings().is_local)
    taps.follow()
    return asked, taps.beyond


def at(name: str, address: str) -> InterfaceAddress:
    return InterfaceAddress(name, address, 24, "")


def test_loopback_and_those_that_mean_something_elsewhere_go_first() -> None:
    found = [at("docker0", "172.17.0.1"), at("eth0", "10.0.0.1"), at("lo", "127.0.0.1")]

    assert listened(*found) == (["lo", "eth0"], 1)


def test_ports_of_a_bridge_which_have_an_address_of_their_link_alone_take_no_ring() -> None:
    ports = [at(f"veth{nth}", f"fe80::{nth}") for nth in range(1, 9)]

    assert listened(at("lo", "127.0.0.1"), at("docker0", "172.17.0.1"), *ports) == (["lo", "docker0"], 0)
