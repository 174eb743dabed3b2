"""The acceptor of a connection whose holder was never seen is named at the level that is certain, or not at all."""

from typing import Any

import pytest

from schemas.verdict import b_serves, rule
from tests.streams.build import connection, holds, listener, loses, process
from tests.streams.test_attribute import Reader, Side

HOST = "10.0.0.1"
PORT = 39_472
PEER = "10.0.0.9:33000"
MASTER = process(1, 10, at=-90, parent=0, name="systemd")
Row = dict[str, Any]


def short(cookie: int = 500, *, at: int = 0, local: str = f"{HOST}:{PORT}", accepted: bool = True) -> Row:
    """Return a connection that opened and closed in one window, and whose holder was not seen."""
    return connection(cookie, local, PEER, at=at, opened=True, closed=True, accepted=accepted)


def standing(cookie: int, *, at: int = 0, local: str = f"{HOST}:{PORT}") -> Row:
    return connection(cookie, local, f"10.0.0.9:{34_000 + cookie}", at=at, accepted=True)


def server(sides: list[Side], cookie_port: str = "33000") -> Side:
    (side,) = [side for side in sides if f":{cookie_port}" in side["flow"]]
    return side


def known(side: Side) -> tuple[str, str, bool]:
    """Return the process and the service of an end, and whether it is a tie."""
    return side["node"].partition("b0071d00:")[2], side["service"], side["tied"]


def shop(pid: int, **facts: Any) -> Row:
    return process(pid, pid, name="shop", **facts)


def serves(side: Side) -> bool:
    return b_serves(side["verdict"]) == (side["end"] == 1) and rule(side["verdict"]) == "listener"


NGINX = [process(7, 7, name="nginx"), *(process(pid, pid, parent=7, name="nginx") for pid in (8, 9))]
PROXIES = [process(pid, pid, name=f"proxy{pid}") for pid in (8, 9)]
TABLE: dict[str, tuple[list[Row], list[Row], list[Row], list[Row], tuple[str, str, bool]]] = {
    # processes, listeners, holders, earlier connections -> process, service, tie
    "one process": ([shop(7)], [listener(1, PORT)], holds(7, 1, start=7), [], ("7:7", "shop", False)),
    "one process with a child of another program": (
        [shop(7), process(8, 8, parent=7, name="convert")],
        [listener(1, PORT)],
        holds(7, 1, start=7),
        [],
        ("7:7", "shop", False),
    ),
    "a master and its workers, which all hold the listener": (
        NGINX,
        [listener(1, PORT)],
        [*holds(7, 1, start=7), *holds(8, 1, start=8), *holds(9, 1, start=9)],
        [],
        ("", "nginx", True),
    ),
    "a worker that is seen to serve is one of several": (
        NGINX,
        [listener(1, PORT)],
        [*holds(7, 1, start=7), *holds(8, 1, 2, start=8), *holds(9, 1, start=9)],
        [standing(2)],
        ("", "nginx", True),
    ),
    "a server that starts a child for each connection": (
        [shop(7), shop(8, parent=7)],
        [listener(1, PORT)],
        [*holds(7, 1, start=7), *holds(8, 2, start=8)],
        [standing(2)],
        ("", "shop", True),
    ),
    "a child that holds its parent's listener for a moment": (
        [shop(7), shop(8, parent=7)],
        [listener(1, PORT)],
        [*holds(7, 1, start=7), *holds(8, 1, 2, start=8)],
        [standing(2)],
        ("", "shop", True),
    ),
    "a server that serves itself, beside children of its own": (
        [shop(7), shop(8, parent=7)],
        [listener(1, PORT)],
        holds(7, 1, 2, start=7),
        [standing(2)],
        ("7:7", "shop", False),
    ),
    "several that listen beside each other and are one service": (
        [shop(7), shop(8)],
        [listener(1, PORT), listener(2, PORT)],
        [*holds(7, 1, start=7), *holds(8, 2, start=8)],
        [],
        ("", "shop", True),
    ),
    "several that listen beside each other and are not": (
        PROXIES,
        [listener(1, PORT), listener(2, PORT)],
        [*holds(8, 1, start=8), *holds(9, 2, start=9)],
        [],
        ("", "", True),
    ),
    "one for each family": (
        PROXIES,
        [listener(1, PORT, "0.0.0.0"), listener(2, PORT, "::")],
        [*holds(8, 1, start=8), *holds(9, 2, start=9)],
        [],
        ("8:8", "proxy8", False),
    ),
    "one bound to both families": (
        PROXIES,
        [listener(2, PORT, "::")],
        holds(9, 2, start=9),
        [],
        ("9:9", "proxy9", False),
    ),
    "one bound to the address beside one bound to any": (
        PROXIES,
        [listener(1, PORT, "0.0.0.0"), listener(2, PORT, HOST)],
        [*holds(8, 1, start=8), *holds(9, 2, start=9)],
        [],
        ("9:9", "proxy9", False),
    ),
    "the system's manager listens for a server that it started": (
        [MASTER, shop(7)],
        [listener(1, PORT)],
        [*holds(1, 1, start=10), *holds(7, 1, start=7)],
        [],
        ("7:7", "shop", False),
    ),
    "the system's manager listens, and whom it starts is not known": (
        [MASTER],
        [listener(1, PORT)],
        holds(1, 1, start=10),
        [],
        ("", "", True),
    ),
    "the system's manager listens, and others serve": (
        [MASTER, shop(7)],
        [listener(1, PORT)],
        [*holds(1, 1, start=10), *holds(7, 2, start=7)],
        [standing(2)],
        ("", "shop", True),
    ),
    "a stranger serves what another one accepted": (
        PROXIES,
        [listener(1, PORT)],
        [*holds(8, 1, start=8), *holds(9, 2, start=9)],
        [standing(2)],
        ("", "", True),
    ),
    "a holder of which nothing is known": (
        [shop(7)],
        [listener(1, PORT)],
        [*holds(7, 1, start=7), *holds(8, 1, start=8)],
        [],
        ("", "", False),
    ),
}


@pytest.mark.parametrize("case", TABLE)
def test_the_acceptor_is_named_at_the_level_that_is_certain(case: str) -> None:
    processes, listeners, owners, connections, wanted = TABLE[case]
    reader = Reader()
    reader.feed(0, processes=processes, listeners=listeners, owners=owners, connections=connections)
    side = server(reader.feed(1, connections=[short(at=1)]))
    assert known(side) == wanted
    assert serves(side)


@pytest.mark.parametrize("gone", [{"unlistened": [1]}, {"unlistened": [1], "ended": [listener(1, PORT)]}])
def test_a_server_that_ends_keeps_the_connections_of_its_last_window(gone: Row) -> None:
    reader = Reader()
    reader.feed(0, processes=[shop(7)], listeners=[listener(1, PORT)], owners=holds(7, 1, start=7))
    many = [
        connection(100 + port, f"{HOST}:{PORT}", f"10.0.0.9:{port}", at=1, opened=True, closed=True)
        for port in range(33_000, 33_020)
    ]
    sides = reader.feed(1, exits=[{"pid": 7, "start": 7, "exited": 0}], connections=many, **gone)
    assert len(sides) == len(many)
    assert {known(side) for side in sides} == {("7:7", "shop", False)}
    assert all(serves(side) for side in sides)


def test_a_server_that_no_scan_saw_still_serves() -> None:
    reader = Reader()
    reader.feed(0)
    side = server(reader.feed(1, connections=[short(at=1, accepted=False)], ended=[listener(9, PORT, at=1)]))
    assert serves(side)
    assert known(side) == ("", "", False)
    assert not serves(server(reader.feed(2, connections=[short(at=2, accepted=False)])))


def test_the_connections_of_a_server_that_no_scan_saw_belong_to_nobody() -> None:
    reader = Reader()
    reader.feed(0, processes=[shop(7)], listeners=[listener(1, PORT)], owners=holds(7, 1, start=7))
    ended = [listener(1, PORT), listener(9, PORT, at=1)]
    sides = reader.feed(1, ended=ended, exits=[{"pid": 7, "start": 7, "exited": 0}], connections=[short(at=1)])
    assert known(server(sides)) == ("", "", False)
    assert serves(server(sides))


def test_a_sibling_is_not_credited_with_the_window_in_which_the_other_exited() -> None:
    reader = Reader()
    both = [*holds(8, 1, start=8), *holds(9, 1, start=9)]
    reader.feed(0, processes=PROXIES, listeners=[listener(1, PORT)], owners=both)
    exits = [{"pid": 8, "start": 8, "exited": 0}]
    sides = reader.feed(1, exits=exits, disowned=loses(8, 1, start=8), connections=[short(at=1)])
    assert known(server(sides)) == ("", "", True)
    assert known(server(reader.feed(2, connections=[short(501, at=2)]))) == ("9:9", "proxy9", False)


@pytest.mark.parametrize(
    ("successor", "wanted"),
    [("shop", ("", "shop", True)), ("cart", ("", "", True))],
)
def test_a_server_started_again_on_its_port_is_not_credited_with_the_connections_of_that_window(
    successor: str, wanted: tuple[str, str, bool]
) -> None:
    reader = Reader()
    reader.feed(0, processes=[shop(7)], listeners=[listener(1, PORT)], owners=holds(7, 1, start=7))
    sides = reader.feed(
        1,
        processes=[process(8, 8, at=1, name=successor)],
        exits=[{"pid": 7, "start": 7, "exited": 0}],
        listeners=[listener(2, PORT, at=1)],
        ended=[listener(1, PORT)],
        owners=holds(8, 2, start=8),
        connections=[short(at=1)],
    )
    assert known(server(sides)) == wanted
    assert known(server(reader.feed(2, connections=[short(501, at=2)]))) == ("8:8", successor, False)


def test_a_connection_is_not_credited_to_a_server_that_began_to_listen_after_it() -> None:
    reader = Reader()
    reader.feed(0, processes=[shop(7)], listeners=[listener(1, PORT)], owners=holds(7, 1, start=7))
    reader.feed(1, connections=[standing(2, at=1)], ended=[listener(1, PORT)], exits=[{"pid": 7, "start": 7}])
    reader.feed(2, processes=[shop(8, at=2)], listeners=[listener(3, PORT, at=2)], owners=holds(8, 3, start=8))
    (side,) = [one for one in reader.feed(3, connections=[{**standing(2, at=1), "closed": True}]) if one["window"] == 3]
    assert known(side) == ("", "", False)


def test_the_emissions_of_a_keyframe_do_not_depend_on_when_the_reader_started() -> None:
    old, new = Reader(), Reader()
    old.feed(0, processes=[shop(7)], listeners=[listener(1, PORT)], owners=holds(7, 1, start=7))
    keyframe: dict[str, Any] = {
        "keyframe": True,
        "processes": [shop(8, at=1)],
        "exits": [{"pid": 7, "start": 7, "exited": 0}],
        "listeners": [listener(2, PORT, at=1)],
        "ended": [listener(1, PORT)],
        "owners": [*holds(7, 1, start=7), *holds(8, 2, start=8)],
        "connections": [short(at=1)],
    }
    assert known(server(old.feed(1, **keyframe))) == ("", "shop", True)
    new.feed(1, **keyframe)
    new.feed(2)
    assert known(server(new.emitted)) == ("", "", False)  # it does not know the process of the old server
