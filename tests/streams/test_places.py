"""Places: the rows that are emitted for the addresses and the listeners of a host."""

from typing import Any

import pytest

from schemas.codec import decode
from schemas.graph import Places
from schemas.merge import merge_all
from streams.stage import AttributeStage
from tests.streams.build import NETNS, T0, WIDTH, batches, connection, holds, listener, loses, message, process

UDP, TCP = 17, 6
HOST = "10.0.0.1"
SCOPE = Places.__struct_fields__.index("scope")
INTERFACES: list[dict[str, Any]] = [
    {"name": "lo", "address": "127.0.0.1", "prefix": 8},
    {"name": "eth0", "address": HOST, "prefix": 24},
    {"name": "eth0", "address": "fd00::1", "prefix": 64},
    {"name": "docker0", "address": "172.17.0.1", "prefix": 16, "local": True},
]
Place = dict[str, Any]
ALWAYS: dict[str, Any] = {"interfaces": INTERFACES, "processes": [process(7, 7, name="dnsmasq")]}


class Reader:
    """A fold, and the places it has emitted so far."""

    def __init__(self) -> None:
        self._stage = AttributeStage()
        self.rows: list[tuple[Any, ...]] = []

    def feed(self, at: int, **facts: Any) -> list[Place]:
        """Feed a window; return the places that it emits for its own hour."""
        emitted = []
        for topic, batch in batches(at, **facts).items():
            for emission in self._stage.feed(message(topic, batch)):
                if emission.topic == "places":
                    emitted += decode("places", emission.value).places.rows()
        self.rows += emitted
        named = [dict(zip(Places.__struct_fields__, row, strict=True)) for row in emitted]
        return [place for place in named if place["minutes"]]

    def stored(self) -> dict[tuple[Any, ...], tuple[Any, ...]]:
        return merge_all(Places, self.rows)


CONTAINED: dict[str, Any] = {"container": "c0ffee", "runtime_name": "dns", "namespace": "infra", "pod": "dns-0"}


def test_a_listener_s_container_is_known() -> None:
    reader = Reader()
    processes = [process(7, 7, name="dnsmasq", **CONTAINED)]
    found = reader.feed(
        0,
        interfaces=INTERFACES,
        processes=processes,
        listeners=[listener(1, 53, transport=UDP)],
        owners=holds(7, 1, start=7),
    )

    (place,) = [one for one in found if one["transport"] and not one["scope"]]
    names = ("service", "container", "container_name", "namespace", "pod")
    assert [place[name] for name in names] == ["dnsmasq", "c0ffee", "dns", "infra", "dns-0"]


def listeners(places: list[Place]) -> list[tuple[str, int, str, str, str, bool]]:
    return [
        (
            one["transport"],
            one["port"],
            one["address"],
            one["node"].partition("b0071d00:")[2],
            one["service"],
            one["tied"],
        )
        for one in places
        if one["transport"] and not one["scope"]
    ]


def test_a_host_emits_each_address_in_its_scope() -> None:
    emitted = Reader().feed(0, **ALWAYS)

    assert {(one["scope"], one["address"], one["host"]) for one in emitted} == {
        ("", HOST, "h1"),
        ("", "fd00::1", "h1"),
        (f"h1/{NETNS}", "127.0.0.1", "h1"),
        ("h1", "172.17.0.1", "h1"),
    }
    assert {(one["transport"], one["port"], one["node"]) for one in emitted} == {("", 0, "")}


def test_a_listener_is_emitted_with_its_holder_for_tcp_and_udp() -> None:
    emitted = Reader().feed(
        0, **ALWAYS, listeners=[listener(1, 53, transport=UDP), listener(2, 8080, HOST)], owners=holds(7, 1, 2, start=7)
    )

    assert listeners(emitted) == [
        ("tcp", 8080, HOST, "7:7", "dnsmasq", False),
        ("udp", 53, HOST, "7:7", "dnsmasq", False),
    ]


def test_the_places_of_a_minute_are_emitted_in_its_first_window_and_for_the_next_hour() -> None:
    reader = Reader()
    standing = {"listeners": [listener(1, 53, transport=UDP)], "owners": holds(7, 1, start=7)}
    emitted = {at: reader.feed(at, **(ALWAYS | standing if at == 0 else {})) for at in range(13)}

    assert [at for at, places in emitted.items() if places] == [0, 6, 12]
    ours = [(key, row) for key, row in reader.stored().items() if key[2] == "udp" and not key[SCOPE]]
    assert [(key[0], row[-2], row[-1]) for key, row in sorted(ours)] == [
        (T0, 0b111 << 57, 0),
        (T0 + 3_600_000, 0, 0b111 << 57),
    ]


def test_a_new_listener_is_emitted_at_once_and_a_closed_one_no_more() -> None:
    reader = Reader()
    reader.feed(0, **ALWAYS)

    assert listeners(reader.feed(1, listeners=[listener(1, 53, transport=UDP, at=1)])) == []
    assert listeners(reader.feed(2, owners=holds(7, 1, start=7))) == [("udp", 53, HOST, "7:7", "dnsmasq", False)]
    reader.feed(6, seq=6, unlistened=[1], ended=[listener(1, 53, transport=UDP, at=1)])
    (row,) = [row for key, row in reader.stored().items() if key[2] == "udp" and not key[SCOPE] and row[-2]]
    assert row[-2] == 1 << 59


def test_a_listener_without_a_holder_belongs_to_its_host_after_a_while() -> None:
    reader = Reader()

    assert listeners(reader.feed(0, **ALWAYS, listeners=[listener(1, 111, transport=UDP)])) == []
    for at in range(1, 12):
        reader.feed(at)
    assert listeners(reader.feed(12)) == [("udp", 111, HOST, "", "", False)]


@pytest.mark.parametrize("lacking", ["listeners", "owners", "processes"])
def test_listeners_are_not_emitted_before_all_evidence_is_known(lacking: str) -> None:
    reported = batches(
        0, **ALWAYS, listeners=[listener(1, 53, transport=UDP)], owners=holds(7, 1, start=7), failed={lacking: "broke"}
    )
    del reported[lacking]
    stage = AttributeStage()
    emitted = [emission for topic, batch in reported.items() for emission in stage.feed(message(topic, batch))]
    places = [row for one in emitted if one.topic == "places" for row in decode("places", one.value).places.rows()]

    assert [row for row in places if row[2]] == []


def test_several_holders_of_a_listener_are_emitted_as_what_they_have_in_common() -> None:
    master = [process(7, 7, name="nginx"), *(process(pid, pid, parent=7, name="nginx") for pid in (8, 9))]
    held = [*holds(7, 1, start=7), *holds(8, 1, start=8), *holds(9, 1, start=9)]
    emitted = Reader().feed(0, interfaces=INTERFACES, processes=master, listeners=[listener(1, 80)], owners=held)

    assert listeners(emitted) == [("tcp", 80, HOST, "", "nginx", True)]


def test_the_process_that_accepts_serves_and_not_its_parent_that_listens() -> None:
    reader = Reader()
    running = [process(7, 7, name="nginx"), process(8, 8, parent=7, name="nginx")]
    reader.feed(
        0,
        interfaces=INTERFACES,
        processes=running,
        listeners=[listener(1, 80)],
        owners=[*holds(7, 1, start=7), *holds(8, 5, start=8)],
        connections=[connection(5, f"{HOST}:80", "10.0.0.9:33000", accepted=True)],
    )

    for at in range(1, 6):
        reader.feed(at)
    assert listeners(reader.feed(6)) == [("tcp", 80, HOST, "", "nginx", True)]


def test_a_listener_that_changes_hands_is_emitted_with_both_holders_in_that_minute() -> None:
    reader = Reader()
    processes = [process(7, 7, name="old"), process(8, 8, name="new")]
    held = {"listeners": [listener(1, 53, transport=UDP)], "owners": holds(7, 1, start=7)}
    reader.feed(0, interfaces=INTERFACES, processes=processes, **held)
    emitted = reader.feed(1, owners=holds(8, 1, start=8), disowned=loses(7, 1, start=7))

    assert [place[4] for place in listeners(emitted)] == ["new"]
    assert {key[7] for key in reader.stored() if key[2]} == {"old", "new"}


def test_a_host_that_gets_an_address_emits_it_at_once() -> None:
    reader = Reader()
    reader.feed(0, **ALWAYS)
    emitted = reader.feed(1, interfaces=[*INTERFACES, {"name": "eth0", "address": "10.0.0.100", "prefix": 32}])

    assert {one["address"] for one in emitted} == {HOST, "fd00::1", "127.0.0.1", "172.17.0.1", "10.0.0.100"}
    assert {one["seen"] for one in emitted} == {T0 // 60_000 * 60_000 + WIDTH * 0}


CONTAINER, OTHER = 4_026_532_999, 4_026_532_998  # network namespaces


def within(netns: int, *addresses: str, segment: str = "") -> list[dict[str, Any]]:
    """Return the interfaces of a container, with its addresses behind a bridge, or else routed."""
    eth0 = {"name": "eth0", "netns": netns, "local": bool(segment), "segment": segment}
    loopback = {"name": "lo", "address": "127.0.0.1", "prefix": 8, "netns": netns, "local": True}
    return [loopback, *({**eth0, "address": one, "prefix": 64 if ":" in one else 16} for one in addresses)]


def reached(address: str = "0.0.0.0", *, netns: int = NETNS, inside: list[dict[str, Any]]) -> set[tuple[str, str]]:
    """Return scope and address of the rows of a listener in a namespace."""
    facts = ALWAYS | {"interfaces": [*INTERFACES, *inside], "netns": netns, "agent_netns": NETNS}
    held = {"listeners": [listener(1, 53, address, transport=UDP)], "owners": holds(7, 1, start=7)}
    emitted = Reader().feed(0, **facts, **held)
    return {(one["scope"], one["address"]) for one in emitted if one["transport"]}


def test_a_listener_on_any_address_is_reached_by_loopback_and_by_each_address_of_its_namespace() -> None:
    assert reached(inside=[]) == {("", HOST), ("h1", "172.17.0.1"), (f"h1/{NETNS}", "0.0.0.0")}
    assert reached("::", inside=[]) == {
        ("", HOST),
        ("", "fd00::1"),
        ("h1", "172.17.0.1"),
        (f"h1/{NETNS}", "::"),
    }


def test_a_listener_of_the_host_is_not_reached_by_the_addresses_of_containers() -> None:
    inside = [*within(CONTAINER, "172.17.0.2", segment="docker0"), *within(OTHER, "10.244.1.5")]

    assert reached(inside=inside) == {("", HOST), ("h1", "172.17.0.1"), (f"h1/{NETNS}", "0.0.0.0")}


def test_a_listener_of_the_host_is_reached_by_its_address_at_a_bridge() -> None:
    behind = {"name": "br-1", "address": "172.18.0.1", "prefix": 16, "local": True, "segment": "br-1"}

    assert ("h1/br-1", "172.18.0.1") in reached(inside=[behind])
    assert reached("172.18.0.1", inside=[behind]) == {("h1/br-1", "172.18.0.1")}


def test_a_listener_of_another_namespace_is_reached_by_the_addresses_of_that_namespace() -> None:
    inside = within(CONTAINER, "172.17.0.2", "fd17::2", "fe80::2", segment="docker0")

    assert reached(netns=CONTAINER, inside=inside) == {
        ("h1/docker0", "172.17.0.2"),
        (f"h1/{CONTAINER}", "0.0.0.0"),
    }
    assert reached("::", netns=CONTAINER, inside=inside) == {
        ("h1/docker0", "172.17.0.2"),
        ("h1/docker0", "fd17::2"),
        (f"h1/{CONTAINER}", "::"),
    }
    assert reached("172.17.0.2", netns=CONTAINER, inside=inside) == {("h1/docker0", "172.17.0.2")}


def test_a_listener_at_a_routed_address_of_another_namespace_is_reached_from_everywhere() -> None:
    assert reached(netns=OTHER, inside=within(OTHER, "10.244.1.5")) == {
        ("", "10.244.1.5"),
        (f"h1/{OTHER}", "0.0.0.0"),
    }


def test_equal_addresses_behind_two_bridges_have_listeners_of_their_own() -> None:
    inside = [*within(CONTAINER, "172.17.0.2", segment="br-a"), *within(OTHER, "172.17.0.2", segment="br-b")]

    assert ("h1/br-a", "172.17.0.2") in reached(netns=CONTAINER, inside=inside)
    assert ("h1/br-b", "172.17.0.2") in reached(netns=OTHER, inside=inside)


def test_the_closest_of_several_listeners_is_reached_by_an_address() -> None:
    listening = [listener(1, 53, "::", UDP), listener(2, 53, "0.0.0.0", UDP), listener(3, 53, HOST, UDP)]
    processes = [process(pid, pid, name=name) for pid, name in ((7, "both"), (8, "any"), (9, "this"))]
    held = [*holds(7, 1, start=7), *holds(8, 2, start=8), *holds(9, 3, start=9)]
    emitted = Reader().feed(0, interfaces=INTERFACES, processes=processes, listeners=listening, owners=held)

    assert {(one["address"], one["service"]) for one in emitted if one["transport"]} == {
        ("::", "both"),
        ("0.0.0.0", "any"),
        (HOST, "this"),
        ("172.17.0.1", "any"),
        ("fd00::1", "both"),
    }


def test_a_listener_is_reached_at_once_by_an_address_that_is_new() -> None:
    reader = Reader()
    reader.feed(0, **ALWAYS, listeners=[listener(1, 53, transport=UDP)], owners=holds(7, 1, start=7))
    emitted = reader.feed(1, interfaces=[*INTERFACES, {"name": "eth0", "address": "10.0.0.100", "prefix": 32}])

    assert [one["address"] for one in emitted if one["transport"] and not one["scope"]] == [HOST, "10.0.0.100"]


def test_the_rows_of_listeners_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.places.MOST", 5)
    listening = [listener(n, n, transport=UDP) for n in range(1, 9)]
    emitted = Reader().feed(0, **ALWAYS, listeners=listening, owners=holds(7, *range(1, 9), start=7))

    assert [one["port"] for one in emitted if one["transport"]] == [1, 1, 1, 2, 2]
