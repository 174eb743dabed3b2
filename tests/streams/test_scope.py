"""An address that is unique only on its host differs from the same address elsewhere."""

import pytest

from streams.scope import local_networks, scope

BRIDGE = local_networks([("172.17.0.1", 16), ("fd17::1", 64), ("fe80::1%docker0", 64), ("nonsense", 5)])


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.1", "::1"])
def test_loopback_belongs_to_its_network_namespace(address: str) -> None:
    assert scope(address, "h1", 7, ()) == "h1/7"
    assert scope(address, "h1", 7, ()) != scope(address, "h1", 8, ())


@pytest.mark.parametrize("address", ["169.254.1.2", "fe80::5", "fe80::5%eth0"])
def test_a_link_local_address_belongs_to_its_host(address: str) -> None:
    assert scope(address, "h1", 7, ()) == "h1"


@pytest.mark.parametrize("address", ["172.17.0.5", "fd17::5"])
def test_an_address_behind_a_bridge_belongs_to_its_host(address: str) -> None:
    assert scope(address, "h1", 7, BRIDGE) == "h1"
    assert scope(address, "h1", 7, ()) == ""


@pytest.mark.parametrize("address", ["10.0.0.1", "192.0.2.7", "2001:db8::1", "172.18.0.5"])
def test_any_other_address_means_the_same_everywhere(address: str) -> None:
    assert scope(address, "h1", 7, BRIDGE) == ""


def test_text_that_is_no_address_belongs_to_its_host() -> None:
    assert scope("nonsense", "h1", 7, ()) == "h1"
