"""From outside the shop looks well; inside one edge fails and one is slow, and its logs show why."""

import json
import socket
from contextlib import ExitStack

import pytest

from servicemap.demo.__main__ import kept_ports
from servicemap.demo.catalogue import CATALOGUE
from servicemap.demo.shop.store import slow
from tests.demo.shop import Shop
from tests.e2e.running import until


def test_every_vote_is_thanked_for_and_none_for_doughnuts_is_counted(slow_shop: Shop) -> None:
    before = votes(slow_shop)
    answers = {code: slow_shop.ask("web", body=f"emoji={code}") for code in CATALOGUE}
    after = votes(slow_shop)

    assert {status for status, _, _ in answers.values()} == {200}
    assert all(f"Thanks for your vote for {CATALOGUE[code]}!" in text for code, (_, text, _) in answers.items())
    assert {code for code in CATALOGUE if after.get(code, 0) > before.get(code, 0)} == CATALOGUE.keys() - {"doughnut"}
    assert "doughnut" not in after


def test_the_vote_for_a_doughnut_fails_between_voting_and_the_store(slow_shop: Shop) -> None:
    asked = {service: slow_shop.ask(service, "/votes/doughnut", "")[0] for service in ("voting", "store")}

    assert asked == {"voting": 202, "store": 500}
    assert slow_shop.ask("store", "/votes/pizza", "")[0] == 200
    assert "the store answers 500 (CHECK constraint failed: length(code) <= 7)" in slow_shop.log("voting")


def test_the_slow_store_is_felt_by_the_catalogue_alone(slow_shop: Shop) -> None:
    took = {
        "store": slow_shop.ask("store", "/emoji")[2],
        "emoji": min(slow_shop.ask("emoji", "/emoji")[2] for _ in range(5)),
        "votes": min(slow_shop.ask("store", "/votes")[2] for _ in range(5)),
    }

    assert took["store"] >= 0.3
    assert max(took["emoji"], took["votes"]) < 0.2
    until(lambda: slow_shop.log("emoji"), lambda text: "the store took 3" in text, 10, "the catalogue's log")


def test_a_vote_for_what_is_not_in_the_catalogue_is_refused(slow_shop: Shop) -> None:
    assert [slow_shop.ask("web", body=body)[0] for body in ("emoji=coal", "emoji=../x", "nothing")] == [404, 400, 400]


def test_what_is_not_http_does_not_stop_a_service(slow_shop: Shop) -> None:
    for noise in (b"\0" * 200_000, b"hello\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", slow_shop.ports["web"])) as strange:
            strange.settimeout(10)
            strange.sendall(noise)
            with pytest.raises((ConnectionError, AssertionError)):  # closed, the one way or the other
                assert strange.recv(1)

    assert slow_shop.ask("web")[0] == 200


def test_the_store_is_slow_for_twenty_seconds_of_every_two_minutes() -> None:
    assert [slow(now, 120, 20) for now in (240, 259.9, 260, 359.9, 360)] == [True, True, False, False, True]


def test_a_port_that_is_taken_is_left_alone() -> None:
    with ExitStack() as first:
        (port,) = kept_ports(("web",), first).values()
    with socket.create_server(("127.0.0.1", port)), ExitStack() as keep:
        found = kept_ports(("web", "store"), keep)

    assert port not in found.values()
    assert len(set(found.values())) == 2


def test_the_port_of_a_service_that_is_away_is_taken_by_nobody_else() -> None:
    with ExitStack() as keep, ExitStack() as other:
        (port,) = kept_ports(("web",), keep).values()

        assert [*kept_ports(("web",), other).values()] != [port]
        with pytest.raises(OSError, match="in use"):
            socket.create_server(("127.0.0.1", port))
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
        socket.create_server(("127.0.0.1", port), reuse_port=True).close()


def votes(running: Shop) -> dict[str, int]:
    counted: dict[str, int] = json.loads(running.ask("store", "/votes")[1])
    return counted
