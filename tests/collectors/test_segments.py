"""Which bridge an interface hangs on, across network namespaces."""

import pytest

from collectors.rtnetlink import Link
from collectors.segments import segments

OWN, A, B = 0, 11, 12


def link(interface: int, name: str, kind: str = "", **facts: object) -> Link:
    return Link(interface, name, "", False, kind=kind, **facts)  # type: ignore[arg-type]


def cable(interface: int, name: str, peer: int, master: int = 0) -> Link:
    return link(interface, name, "veth", peer=peer, master=master, elsewhere=True)


def links(*some: Link) -> dict[int, Link]:
    return {one.interface: one for one in some}


def none_is_local(_: str) -> bool:
    return False


ETH0 = link(2, "eth0")
DOCKER = link(3, "docker0", "bridge")
PODMAN = link(4, "cni-podman0", "bridge")


def test_a_namespace_hangs_on_the_bridge_at_the_other_end_of_its_cable() -> None:
    networks = {OWN: links(ETH0, DOCKER, cable(7, "veth7", 2, master=3)), A: links(cable(2, "eth0", 7))}

    assert segments(networks, none_is_local) == {(OWN, 3): "docker0", (OWN, 7): "docker0", (A, 2): "docker0"}


def test_namespaces_with_equal_interfaces_are_told_apart_by_their_peers() -> None:
    own = links(DOCKER, PODMAN, cable(7, "veth7", 2, master=3), cable(8, "veth8", 2, master=4))
    found = segments({OWN: own, A: links(cable(2, "eth0", 7)), B: links(cable(2, "eth0", 8))}, none_is_local)

    assert (found[A, 2], found[B, 2]) == ("docker0", "cni-podman0")


def test_of_two_interfaces_that_may_be_the_other_end_of_a_cable_none_is_taken() -> None:
    own = links(DOCKER, cable(7, "veth7", 2, master=3))
    nested = links(link(3, "inner", "bridge"), cable(7, "veth7", 2, master=3))
    found = segments({OWN: own, A: nested, B: links(cable(2, "eth0", 7))}, none_is_local)

    assert (B, 2) not in found
    assert (found[OWN, 7], found[A, 7]) == ("docker0", "bridge-11-inner")


def test_of_several_that_may_be_the_other_end_the_one_that_the_kernel_names_is_taken() -> None:
    own = links(DOCKER, cable(7, "veth7", 2, master=3))
    nested = links(link(3, "inner", "bridge"), cable(7, "veth7", 2, master=3))
    networks = {OWN: own, A: nested, B: links(cable(2, "eth0", 7))}

    def leads_to(netns: int, _: Link, other: int) -> bool:
        return (netns, other) == (B, A)

    assert segments(networks, none_is_local, leads_to)[B, 2] == "bridge-11-inner"
    assert (B, 2) not in segments(networks, none_is_local, lambda *_: True)


def test_a_bridge_with_a_port_that_leads_off_the_host_is_no_segment() -> None:
    uplink = ETH0._replace(master=3)
    networks = {OWN: links(uplink, DOCKER, cable(7, "veth7", 2, master=3)), A: links(cable(2, "eth0", 7))}

    assert segments(networks, none_is_local) == {}
    assert segments(networks, lambda name: name == "docker0")[A, 2] == "docker0"


def test_a_cable_without_a_bridge_is_no_segment() -> None:
    assert segments({OWN: links(ETH0, cable(7, "veth7", 2)), A: links(cable(2, "eth0", 7))}, none_is_local) == {}


def test_an_interface_whose_other_end_is_not_seen_is_on_no_segment() -> None:
    assert segments({OWN: links(ETH0), A: links(cable(2, "eth0", 7))}, none_is_local) == {}


def test_the_name_of_a_bridge_is_never_a_number_and_names_its_namespace_if_that_is_not_ours() -> None:
    numbered = link(3, "12", "bridge")

    assert segments({OWN: links(numbered)}, none_is_local) == {(OWN, 3): "bridge-12"}
    assert segments({OWN: {}, A: links(DOCKER)}, none_is_local) == {(A, 3): "bridge-11-docker0"}


def test_bytes_that_have_a_meaning_in_ids_are_replaced() -> None:
    assert segments({OWN: links(link(3, "a@b:c d", "bridge"))}, none_is_local) == {(OWN, 3): "a_b_c_d"}


@pytest.mark.parametrize("kind", ["tun", "dummy", "ifb"])
def test_an_interface_of_another_namespace_that_leads_nowhere_is_on_a_segment_of_its_own(kind: str) -> None:
    networks = {OWN: links(link(2, "x0", kind)), A: links(link(2, "x0", kind)), B: links(link(2, "x0", kind))}

    assert segments(networks, none_is_local) == {(A, 2): "netns-11", (B, 2): "netns-12"}


def test_so_is_what_is_made_of_one_and_loopback() -> None:
    made = link(3, "x0.7", "vlan", peer=2)
    lo = link(1, "lo", loopback=True)

    assert segments({OWN: {}, A: links(lo, link(2, "x0", "dummy"), made)}, none_is_local) == {
        (A, each): "netns-11" for each in (1, 2, 3)
    }


def test_a_cable_without_a_bridge_and_what_is_made_of_it_may_lead_off_the_host() -> None:
    made = link(3, "eth0.7", "vlan", peer=2)
    within = [link(4, "x0", "veth", peer=5), link(5, "x1", "veth", peer=4)]

    assert (
        segments({OWN: links(cable(7, "veth7", 2)), A: links(cable(2, "eth0", 7), made, *within)}, none_is_local) == {}
    )


def test_what_leads_nowhere_on_a_bridge_is_on_its_segment() -> None:
    tap = link(2, "tap0", "tun", master=3)

    assert segments({OWN: {}, A: links(tap, DOCKER)}, none_is_local)[A, 2] == "bridge-11-docker0"


@pytest.mark.parametrize("name", ["netns-11", "bridge-11-x"])
def test_no_bridge_has_the_label_of_another_segment(name: str) -> None:
    assert segments({OWN: links(link(3, name, "bridge"))}, none_is_local) == {(OWN, 3): f"bridge-{name}"}
