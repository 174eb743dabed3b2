"""An address that is unique only on its host, or only behind a bridge, differs from the same address elsewhere."""

import pytest

from streams.scope import Place, Scopes

OWN, CONTAINER, OTHER, ALONE = 7, 8, 9, 10  # namespaces
NOTHING = Scopes("h1")
UNNAMED = Scopes(
    "h1",
    [
        Place(OWN, address, prefix, local=True, segment="")
        for address, prefix in (("172.17.0.1", 16), ("fd17::1", 64), ("fe80::1", 64), ("nonsense", 5))
    ],
    OWN,
)
TWO_BRIDGES = Scopes(
    "h1",
    [
        Place(OWN, "10.0.0.5", 8, local=False, segment=""),
        Place(OWN, "172.17.0.1", 16, local=True, segment="docker0"),
        Place(OWN, "172.18.0.1", 16, local=True, segment="br-1"),
        Place(CONTAINER, "172.17.0.2", 16, local=True, segment="docker0"),
        Place(OWN, "172.17.0.1", 16, local=True, segment="cni-podman0"),
        Place(OTHER, "172.17.0.2", 16, local=True, segment="cni-podman0"),
    ],
    OWN,
)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.1", "::1"])
def test_loopback_belongs_to_its_network_namespace(address: str) -> None:
    assert NOTHING.of(address, OWN) == "h1/7"
    assert NOTHING.of(address, OWN) != NOTHING.of(address, CONTAINER)


@pytest.mark.parametrize("address", ["169.254.1.2", "fe80::5", "fe80::5%eth0"])
def test_a_link_local_address_belongs_to_its_host(address: str) -> None:
    assert NOTHING.of(address, OWN) == "h1"


@pytest.mark.parametrize("address", ["172.17.0.5", "fd17::5"])
def test_an_address_behind_a_bridge_that_has_no_name_belongs_to_its_host(address: str) -> None:
    assert UNNAMED.of(address, OWN) == "h1"
    assert NOTHING.of(address, OWN) == ""


@pytest.mark.parametrize("address", ["10.0.0.1", "192.0.2.7", "2001:db8::1", "172.19.0.5"])
@pytest.mark.parametrize("scopes", [NOTHING, UNNAMED, TWO_BRIDGES])
def test_any_other_address_means_the_same_everywhere(scopes: Scopes, address: str) -> None:
    assert scopes.of(address, OWN) == ""
    assert scopes.of(address, CONTAINER) == ""


def test_equal_addresses_behind_two_bridges_differ() -> None:
    assert TWO_BRIDGES.of("172.17.0.2", CONTAINER) == "h1/docker0"
    assert TWO_BRIDGES.of("172.17.0.2", OTHER) == "h1/cni-podman0"


def test_a_namespace_and_the_bridge_that_it_hangs_on_see_one_address() -> None:
    assert TWO_BRIDGES.of("172.18.0.2", OWN) == TWO_BRIDGES.of("172.18.0.2", CONTAINER) == "h1/br-1"


def test_what_another_namespace_has_changes_the_scope_of_no_address_elsewhere() -> None:
    claimed = Scopes("h1", [Place(CONTAINER, "10.0.0.9", 8, local=True, segment="netns-8")], OWN)

    assert claimed.of("10.0.0.5", CONTAINER) == "h1/netns-8"
    assert claimed.of("10.0.0.5", OWN) == claimed.of("10.0.0.5", OTHER) == ""


def test_an_address_behind_another_bridge_is_found_by_its_subnet() -> None:
    assert TWO_BRIDGES.of("172.18.0.9", CONTAINER) == "h1/br-1"


def test_a_namespace_that_hangs_on_neither_of_two_equal_subnets_sees_an_address_of_its_host() -> None:
    assert TWO_BRIDGES.of("172.17.0.2", ALONE) == "h1"


def test_the_smaller_subnet_decides() -> None:
    inner = Scopes("h1", [Place(OWN, "10.0.0.5", 8, False, ""), Place(OWN, "10.5.0.1", 16, True, "docker0")], OWN)

    assert inner.of("10.5.0.9", OWN) == "h1/docker0"
    assert inner.of("10.6.0.9", OWN) == ""


def test_text_that_is_no_address_belongs_to_its_host() -> None:
    assert NOTHING.of("nonsense", OWN) == "h1"
