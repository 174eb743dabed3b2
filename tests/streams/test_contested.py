"""Two networks with equal addresses, each between two monitored hosts: connections on known cables are not mixed."""

from collections import Counter
from collections.abc import Sequence
from itertools import permutations
from random import Random
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from log.protocol import Record
from schemas.codec import encode
from schemas.graph import CONTESTED, Ends, Identities, SideBatch, Sides, bit
from schemas.verdict import connected, listens
from streams.pair import Pairing
from streams.stage import Emission
from tests.streams.build import batches, columns, connection, message
from tests.streams.tables import edges_of, tables

WIDTH, T0 = 5_000, 1_800_000_000_000
FLOW = "tcp 10.9.0.1:5000 10.9.0.2:80"
CABLES = (("a", "b"), ("c", "d"))  # hosts of client and server
LINKS = ("020000000001-020000000002", "020000000003-020000000004")
EVERYONE = frozenset("abcd")
SEEN, OPENED = (Ends.__struct_fields__.index(name) for name in ("seen", "opened"))


class Talk(NamedTuple):
    """A connection on a cable: the window in which it opens, and how many more it lasts."""

    cable: int
    opens: int = 0
    lasts: int = 0


def reports(
    talks: Sequence[Talk], late: dict[str, int] | None = None, links: frozenset[str] = EVERYONE
) -> dict[str, list[SideBatch]]:
    """Return what each host reports, window by window. It sees them so many windows `late`. Some know their cables."""
    reported: dict[str, list[SideBatch]] = {}
    for cable, hosts in enumerate(CABLES):
        for end, host in enumerate(hosts):
            shift = (late or {}).get(host, 0)
            mine = [(talk.opens + shift, talk.opens + shift + talk.lasts) for talk in talks if talk.cable == cable]
            link = LINKS[cable] if host in links else ""
            windows = range(
                min((first for first, _ in mine), default=0), max((last + 1 for _, last in mine), default=0)
            )
            reported[host] = [
                batch(host, end, link, [(first, at == last) for first, last in mine if first <= at <= last], at)
                for at in windows
                if any(first <= at <= last for first, last in mine)
            ]
    return reported


def batch(host: str, end: int, link: str, there: list[tuple[int, bool]], at: int, stack: str = "") -> SideBatch:
    side = {"window": T0 + at * WIDTH, "flow": FLOW, "end": end, "stack": stack or f"boot-{host}/7", "link": link}
    side["verdict"] = listens(1, 5000, 80) if end else connected(0, 5000, 80)
    who = {"host": host, "node": f"process:{host}:b:1:1", "service": f"s{host}", "started": T0 - 1000 * ord(host[0])}
    happened = [{"opened": first == at, "closed": last, "since": T0 + first * WIDTH} for first, last in there]
    return SideBatch(
        width=WIDTH,
        sides=columns(Sides, [{**side, "nth": nth} for nth in range(len(there))]),
        identities=columns(Identities, [who]),
        ends=columns(Ends, [{"who": 1, "seen": True, "fresh": True, **each} for each in happened]),
    )


def folded(batches: Sequence[SideBatch]) -> dict[Any, Any]:
    pairing = Pairing(Counter())
    return edges_of([Emission("edges", b"", encode(edges)) for each in batches for edges in pairing.feed(each)])


def one_by_one(reported: dict[str, list[SideBatch]]) -> list[SideBatch]:
    return [batch for batches in reported.values() for batch in batches]


def shuffled(reported: dict[str, list[SideBatch]], random: Random) -> list[SideBatch]:
    """Return the reports of hosts in turns, each host's in their order."""
    turns = [host for host, batches in reported.items() for _ in batches]
    random.shuffle(turns)
    waiting = {host: iter(batches) for host, batches in reported.items()}
    return [next(waiting[host]) for host in turns]


def read(rows: dict[Any, Any]) -> list[Any]:
    """Return the rows that readers do not leave out."""
    return [row for row in rows.values() if (row[2][SEEN] or row[4][SEEN]) and not row[0][-1] & CONTESTED]


def hosts(rows: dict[Any, Any]) -> set[tuple[str, str]]:
    return {(a[0], b[0]) for _, a, _, b, _ in read(rows)}


def opened(rows: dict[Any, Any]) -> int:
    """Count openings as a reader does: by the client if it saw that, else by the server."""
    alone = bit(1, "opened")
    return sum(a[OPENED] if a[SEEN] else b[OPENED] and not edge[-1] & alone for edge, _, a, _, b in read(rows))


@pytest.mark.parametrize("order", list(permutations("abcd")))
def test_each_client_meets_the_server_on_its_cable(order: tuple[str, ...]) -> None:
    reported = reports([Talk(0), Talk(1)])
    rows = folded([batch for host in order for batch in reported[host]])
    assert hosts(rows) == {("a", "b"), ("c", "d")}
    assert opened(rows) == 2


@pytest.mark.parametrize("links", ["", "a", "ab", "ad", "bc"])
def test_without_two_known_cables_at_one_end_nothing_is_contested(links: str) -> None:
    reported = one_by_one(reports([Talk(0), Talk(1)], links=frozenset(links)))
    rows = folded(reported)
    assert len(rows) == len(read(rows)) == 1
    assert not hosts(rows) & {("a", ""), ("c", ""), ("", "b"), ("", "d")}
    for order in permutations(reported):
        assert folded(order) == rows


LINKS_OF_A_CONTAINER = [("", ""), (LINKS[0], ""), ("", LINKS[0]), (LINKS[0], LINKS[0])]


@pytest.mark.parametrize(("node", "container"), LINKS_OF_A_CONTAINER)
@pytest.mark.parametrize("end", [0, 1])
def test_an_agent_in_a_container_with_its_own_boot_id_and_the_agent_of_the_node_contest_nothing(
    end: int, node: str, container: str
) -> None:
    there = [(0, True)]
    sides = [
        batch("a", end, node, there, 0, stack="boot-a/7"),
        batch("lxc", end, container, there, 0, stack="boot-lxc/7"),
        batch("b", 1 - end, LINKS[0], there, 0),
    ]
    for order in permutations(sides):
        rows = folded(order)
        assert len(rows) == len(read(rows)) == 1
        assert opened(rows) == 1


def test_an_address_that_moves_to_another_host_behind_a_router_without_known_cables_contests_nothing() -> None:
    client = [batch("a", 0, LINKS[0], [(0, at == 5)], at) for at in range(6)]
    before = [batch("b", 1, "", [(0, at == 2)], at) for at in range(3)]
    after = [batch("d", 1, "", [(3, at == 5)], at) for at in range(3, 6)]
    rows = folded([*client, *before, *after])
    assert hosts(rows) == {("a", "b"), ("a", "d")}
    assert len(rows) == len(read(rows)) == 6


def test_those_whose_cable_is_known_at_both_ends_meet() -> None:
    reported = reports([Talk(0), Talk(1)], links=frozenset("acd"))
    assert hosts(folded(one_by_one(reported))) == {("a", ""), ("", "b"), ("c", "d")}


TALKS = st.lists(st.builds(Talk, st.integers(0, 1), st.integers(0, 30), st.integers(0, 12)), min_size=1, max_size=5)
KNOWN = st.builds(
    frozenset.union, st.sampled_from([frozenset("ac"), frozenset("bd")]), st.frozensets(st.sampled_from("abcd"))
)
LATE = st.fixed_dictionaries({host: st.integers(0, 6) for host in EVERYONE})


@settings(max_examples=60)
@given(TALKS, LATE, KNOWN, st.builds(Random, st.integers(0, 99)))
def test_no_edge_is_between_two_cables_that_are_known_at_one_end_and_the_order_does_not_matter(
    talks: list[Talk], late: dict[str, int], links: frozenset[str], random: Random
) -> None:
    reported = reports(talks, late, links)
    rows = folded(one_by_one(reported))
    assert hosts(rows) <= {(one, other) for pair in CABLES for one in (pair[0], "") for other in (pair[1], "")}
    again = folded(shuffled(reported, random))
    assert sorted(read(again)) == sorted(read(rows))


@settings(max_examples=60)
@given(TALKS, LATE, st.builds(Random, st.integers(0, 99)))
def test_each_connection_counts_once_at_whatever_time_its_ends_see_it(
    talks: list[Talk], late: dict[str, int], random: Random
) -> None:
    assert opened(folded(shuffled(reports(talks, late), random))) == len(talks)


def raw(host: str, local: str, remote: str, macs: tuple[str, str]) -> list[Record]:
    """Return what an agent logs of a connection to a neighbour."""
    found = batches(
        0,
        host=host,
        boot=f"{host}-boot-id",
        connections=[connection(1, local, remote, opened=True)],
        neighbours=[{"address": remote.partition(":")[0], "mac": macs[0], "own_mac": macs[1]}],
    )
    return [message(topic, batch) for topic, batch in found.items()]


def test_hosts_meet_by_the_hardware_addresses_that_their_agents_log() -> None:
    logged = []
    for cable, (client, server) in enumerate(CABLES):
        macs = (f"02:00:00:00:0{cable}:01", f"02:00:00:00:0{cable}:02")
        logged += raw(client, "10.9.0.1:5000", "10.9.0.2:80", macs)
        logged += raw(server, "10.9.0.2:80", "10.9.0.1:5000", macs[::-1])
    assert hosts(tables(logged)["edges"]) == {("a", "b"), ("c", "d")}


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_a_host_may_be_on_both_cables_as_client_of_one_and_server_of_the_other(order: tuple[int, ...]) -> None:
    there = [(0, True)]
    sides = [
        batch("a", 0, LINKS[0], there, 0),
        batch("b", 1, LINKS[0], there, 0),
        batch("c", 0, LINKS[1], there, 0),
        batch("a", 1, LINKS[1], there, 0, stack="boot-a/8"),
    ]
    assert hosts(folded([sides[at] for at in order])) == {("a", "b"), ("c", "a")}


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_host_may_be_the_client_on_both_cables(order: tuple[int, ...]) -> None:
    there = [(0, True)]
    both = batch("a", 0, "", [*there, *there], 0)
    both = structs.replace(both, sides=structs.replace(both.sides, link=list(LINKS), stack=["boot-a/7", "boot-a/8"]))
    sides = [both, batch("b", 1, LINKS[0], there, 0), batch("d", 1, LINKS[1], there, 0)]
    rows = folded([sides[at] for at in order])
    assert hosts(rows) == {("a", "b"), ("a", "d")}
    assert opened(rows) == 2


def test_agents_that_see_the_same_sockets_contest_nothing() -> None:
    same = [batch(host, 0, LINKS[0], [(0, True)], 0, stack="boot-a/7") for host in ("a", "renamed")]
    rows = folded([*same, batch("b", 1, LINKS[0], [(0, True)], 0)])
    assert not any(row[0][-1] & CONTESTED for row in rows.values())
    assert len(rows) == 1


def test_two_cables_with_the_same_hardware_addresses_are_taken_for_one() -> None:
    reported = reports([Talk(0), Talk(1)])
    for host in EVERYONE:
        for each in reported[host]:
            each.sides.link[:] = [LINKS[0]] * len(each.sides.link)
    rows = folded(one_by_one(reported))
    assert len(rows) == len(read(rows)) == 1


def test_a_flow_that_is_not_contested_is_the_same_whatever_is_known_of_its_cable() -> None:
    talks = [Talk(0, 0, 3), Talk(0, 5, 0)]
    assert folded(one_by_one(reports(talks, {"b": 1}))) == folded(one_by_one(reports(talks, {"b": 1}, frozenset("a"))))
