"""Who is on the links of a namespace, and by which hardware addresses it is reached."""

from typing import Any

import pytest

from collectors import neighbours
from collectors.neighbours import MOST, Neighbours
from collectors.rtnetlink import Link, Neighbour

OWN, PEER, OTHER = "02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:03"


class Network:
    def __init__(self, inode: int, *found: Neighbour) -> None:
        self.inode = inode
        self.found: list[Neighbour] | None = list(found)
        self.watch = self
        cni = Link(4, "cni0", OTHER, False, kind="bridge")
        self.links = {2: Link(2, "eth0", OWN, False), 3: Link(3, "eth1", OTHER, False), 4: cni}

    def enter(self, read: Any) -> list[Neighbour]:
        if self.found is None:
            raise OSError
        return self.found


class Networks(list[Network]):
    @property
    def own(self) -> Network:
        return self[0]


def reading(*networks: Network) -> Neighbours:
    some: Any = Networks(networks)
    return Neighbours(some)


def test_a_private_address_on_a_link_is_reported_with_both_hardware_addresses() -> None:
    found = reading(Network(7, Neighbour(2, "10.9.0.2", PEER)), Network(8, Neighbour(3, "fd09::2", PEER)))

    assert found.read(whole=True) == [("10.9.0.2", 0, PEER, OWN), ("fd09::2", 8, PEER, OTHER)]


def test_an_address_of_the_internet_of_a_link_or_behind_a_bridge_of_this_host_is_not_reported() -> None:
    addresses = ((2, "8.8.8.8"), (2, "fe80::2"), (4, "10.9.0.2"), (9, "10.9.0.3"))

    assert reading(Network(7, *(Neighbour(at, address, PEER) for at, address in addresses))).read(whole=True) == []


def test_an_address_on_two_links_has_no_hardware_address() -> None:
    found = reading(Network(7, Neighbour(2, "10.9.0.2", PEER), Neighbour(3, "10.9.0.2", PEER)))

    assert found.read(whole=True) == [("10.9.0.2", 0, "", "")]


def test_between_keyframes_what_is_new_in_our_own_namespace_is_reported() -> None:
    own, other = Network(7, Neighbour(2, "10.9.0.2", PEER)), Network(8)
    found = reading(own, other)
    found.read(whole=True)
    for network in (own, other):
        assert network.found is not None
        network.found.append(Neighbour(2, "10.9.0.3", PEER))

    assert found.read(whole=False) == [("10.9.0.3", 0, PEER, OWN)]
    assert found.read(whole=False) == []
    assert len(found.read(whole=True)) == 3


def test_an_address_is_parsed_once_while_it_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    found = reading(Network(7, *(Neighbour(2, f"10.7.{at // 250}.{at % 250 + 1}", PEER) for at in range(MOST - 1))))
    found.read(whole=True)
    monkeypatch.delattr(neighbours, "ip_address")

    assert found.read(whole=False) == []


def test_a_table_is_not_read_when_no_more_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    many = Network(7, *(Neighbour(2, f"10.9.{at // 250}.{at % 250 + 1}", PEER) for at in range(MOST)))
    found = reading(many)
    found.read(whole=True)
    monkeypatch.delattr(Network, "enter")

    assert found.read(whole=False) == []


def test_their_number_is_bounded_and_a_table_that_cannot_be_read_is_none() -> None:
    many = Network(7, *(Neighbour(2, f"10.9.{at // 250}.{at % 250 + 1}", PEER) for at in range(MOST + 9)))
    unread = Network(8)
    unread.found = None

    assert len(reading(many, unread).read(whole=True)) == MOST
