"""Flows of UDP sockets without a peer: all flows of a socket are its holder's, and who serves is as reported."""

from typing import Any

import pytest

from schemas.verdict import b_serves, rule
from streams.attribute import Attribution
from tests.streams.build import Row, batches, connection, holds, listener, loses, process, request
from tests.streams.test_attribute import Reader, Side, names

ONE, OTHER = "10.0.0.8:40000", "10.0.0.9:40000"
HERE = "10.0.0.1:53"


def udp(cookie: int, local: str, remote: str, socket: int, **more: Any) -> Row:
    return connection(cookie, local, remote, transport=17, socket=socket, **more)


def bound(cookie: int, port: int) -> Row:
    return listener(cookie, port, transport=17)


def serves(side: Side) -> tuple[bool, str]:
    return b_serves(side["verdict"]) == (side["end"] == 1), rule(side["verdict"])


def test_each_peer_of_a_socket_is_that_of_the_process_that_holds_it() -> None:
    sides = Reader().feed(
        0,
        processes=[process(7, name="named")],
        owners=holds(7, 1),
        listeners=[bound(1, 53)],
        connections=[udp(101, HERE, ONE, 1, accepted=True), udp(102, HERE, OTHER, 1, accepted=True)],
    )
    assert [(side["name"], side["provenance"]) for side in sides] == [("named", "scan")] * 2
    assert [serves(side) for side in sides] == [(True, "listener")] * 2


def test_a_client_that_is_bound_without_a_peer_does_not_serve() -> None:
    for at in (0, 1):
        (side,) = Reader().feed(
            0, listeners=[bound(1, 40_001)] * at, connections=[udp(101, "10.0.0.1:40001", "10.0.0.9:53", 1)]
        )
        assert serves(side) == (False, "connected")


def test_a_client_whose_ports_come_and_go_does_not_serve_and_is_nobody() -> None:
    (side,) = Reader().feed(0, connections=[udp(101, "10.0.0.1:0", "10.0.0.9:53", 101)])
    assert (side["flow"], side["node"], serves(side)) == ("udp 10.0.0.1:0 10.0.0.9:53", "", (False, "connected"))


def test_a_holder_that_is_found_late_is_named_in_earlier_windows_of_all_peers() -> None:
    reader = Reader()
    flows = [udp(101, HERE, ONE, 1, accepted=True), udp(102, HERE, OTHER, 1, accepted=True)]
    reader.feed(0, processes=[process(7, name="named")], listeners=[bound(1, 53)], connections=flows)
    assert names(reader.feed(1, owners=holds(7, 1))) == [(0, "named")] * 2 + [(1, "named")] * 2


def test_a_server_that_is_replaced_is_not_credited_with_what_its_successor_is_asked() -> None:
    reader = Reader()
    reader.feed(
        0,
        processes=[process(7, name="first"), process(8, name="second")],
        owners=holds(7, 1),
        listeners=[bound(1, 53)],
        connections=[udp(101, HERE, ONE, 1, accepted=True)],
    )
    closing = udp(101, HERE, ONE, 1, accepted=True, closed=True)
    ended: dict[str, Any] = {"unlistened": [1], "ended": [bound(1, 53)], "disowned": loses(7, 1)}
    assert names(reader.feed(1, connections=[closing], listeners=[bound(2, 53)], owners=holds(8, 2), **ended)) == [
        (1, "first")
    ]
    assert names(reader.feed(2, connections=[udp(102, HERE, ONE, 2, at=2, accepted=True)])) == [(2, "second")]


@pytest.mark.parametrize(
    ("programs", "known"), [(("named", "named"), ("named", True)), (("named", "kresd"), ("", True))]
)
def test_of_several_sockets_of_one_port_the_service_is_named_that_they_share(
    programs: tuple[str, str], known: tuple[str, bool]
) -> None:
    (side,) = Reader().feed(
        0,
        processes=[process(pid, name=name) for pid, name in zip((7, 8), programs, strict=True)],
        owners=[*holds(7, 1), *holds(8, 2)],
        listeners=[bound(1, 53), bound(2, 53)],
        connections=[udp(101, HERE, ONE, 101, accepted=True)],
    )
    assert (side["service"], side["tied"], side["node"]) == (*known, "")


def test_of_several_sockets_of_one_process_the_process_is_named() -> None:
    (side,) = Reader().feed(
        0,
        processes=[process(7, name="named")],
        owners=holds(7, 1, 2),
        listeners=[bound(1, 53), bound(2, 53)],
        connections=[udp(101, HERE, ONE, 101, accepted=True)],
    )
    assert (side["name"], side["tied"], side["provenance"]) == ("named", False, "listener")


def asked(at: int, *requests: Row, fold: Attribution, **what: Any) -> list[tuple[str, dict[str, int]]]:
    emitted = [
        one for topic, batch in batches(at, requests=list(requests), **what).items() for one in fold.feed(topic, batch)
    ]
    return [(row[1], row[5]) for one in emitted for part in one.requests for row in part.requests.rows()]


def test_requests_from_ports_that_come_and_go_are_on_the_flow_that_stands_for_them() -> None:
    fold = Attribution()
    questions = [
        request(f"10.0.0.1:{port}", "10.0.0.9:53", serves=False, transport=17, answered={"A ok": 1})
        for port in (50_001, 50_002, 50_003)
    ]
    assert asked(0, questions[0], fold=fold) == []  # the flow is known a window later
    flow = udp(101, "10.0.0.1:0", "10.0.0.9:53", 101, at=1)
    assert asked(1, *questions[1:], fold=fold, connections=[flow]) == [("udp 10.0.0.1:0 10.0.0.9:53", {"A ok": 3})]
    assert fold.counters["requests_without_connection"] == 0


def test_requests_on_a_flow_of_their_own_stay_there() -> None:
    flows = [
        udp(101, "10.0.0.1:0", "10.0.0.9:53", 101),
        udp(102, "10.0.0.1:50001", "10.0.0.9:53", 1),
    ]
    question = request("10.0.0.1:50001", "10.0.0.9:53", serves=False, transport=17, answered={"A ok": 1})
    assert asked(0, question, fold=Attribution(), connections=flows) == [
        ("udp 10.0.0.1:50001 10.0.0.9:53", {"A ok": 1})
    ]
