"""Which answer belongs to which request, from nothing but the first segments and their numbers."""

from typing import Any

import pytest

from collectors.http_filter import MOST_HALVINGS, sampled
from collectors.http_pairs import PATIENCE_NS, Pairs
from schemas.latency import bucket

CLIENT, SERVER = (b"\x0a\0\0\x01", 40112), (b"\x0a\0\0\x02", 80)
MS = 1_000_000
T0 = 1_800_000_000_000 * MS


class Wire:
    """Segments between one client and one server."""

    def __init__(self, most: int = 10) -> None:
        self.pairs = Pairs(most)

    def ask(
        self, at: float, sent: int, acknowledged: int, payload: bytes = b"GET ", client: tuple[bytes, int] = CLIENT
    ) -> None:
        self._put(client, SERVER, sent, acknowledged, payload, at)

    def answer(
        self, at: float, sent: int, status: int = 200, payload: bytes = b"", client: tuple[bytes, int] = CLIENT
    ) -> None:
        self._put(SERVER, client, sent, 0, payload or b"HTTP/1.1 %d" % status, at)

    def _put(self, one: Any, other: Any, sent: int, acknowledged: int, payload: bytes, at: float) -> None:
        time = T0 + int(at * MS)
        self.pairs.add((one[0], other[0], one[1], other[1], sent, acknowledged, payload, time, False), False)

    def take(self, at: float = 100, *closed: tuple[str, int, str, int]) -> list[tuple[Any, ...]]:
        return [row[5:] for row in self.pairs.take(T0 + int(at * MS), closed)]


def test_an_answer_belongs_to_the_request_before_it() -> None:
    wire = Wire()
    wire.ask(0, 1000, 500)
    wire.answer(5, 500)
    wire.ask(10, 1100, 700, b"POST ")
    wire.answer(12, 700, 503)
    assert wire.take() == [({"GET 2xx": 1, "POST 5xx": 1}, {bucket(2000): 1, bucket(5000): 1}, 0)]
    assert wire.take() == []


def test_segments_that_come_twice_count_once_from_the_first() -> None:
    wire = Wire()
    for at in (0, 3):
        wire.ask(at, 1000, 500)
    for at in (5, 8):
        wire.answer(at, 500)
    wire.ask(9, 1000, 500)  # the request again, late
    assert wire.take() == [({"GET 2xx": 1}, {bucket(5000): 1}, 0)]


def test_a_pipelined_request_and_its_answer_are_not_seen() -> None:
    wire = Wire()
    wire.ask(0, 1000, 500)
    wire.ask(1, 1100, 500)
    wire.answer(5, 500)
    wire.answer(6, 700)
    assert wire.take() == [({"GET 2xx": 1}, {bucket(5000): 1}, 0)]


def test_an_interim_answer_is_not_the_answer() -> None:
    wire = Wire()
    wire.ask(0, 1000, 500, b"PUT ")
    wire.answer(1, 500, 100)
    wire.answer(9, 525, 201)
    assert wire.take() == [({"PUT 2xx": 1}, {bucket(9000): 1}, 0)]


def test_a_change_of_protocol_is_an_answer() -> None:
    wire = Wire()
    wire.ask(0, 1000, 500)
    wire.answer(1, 500, 101)
    assert wire.take()[0][0] == {"GET 1xx": 1}


def test_a_missed_answer_spoils_no_other() -> None:
    wire = Wire()
    wire.ask(0, 1000, 500)
    wire.ask(50, 1100, 700)  # the client has had the answer to the first
    wire.answer(52, 700)
    assert wire.take() == [({"GET 2xx": 1}, {bucket(2000): 1}, 0)]
    assert wire.pairs.missed == 1


def test_an_answer_to_a_missed_request_belongs_to_none() -> None:
    wire = Wire()
    wire.ask(0, 1000, 500)
    wire.answer(7, 900)
    assert wire.take() == []


def test_an_answer_without_a_request_is_passed_over() -> None:
    wire = Wire()
    wire.answer(1, 500)
    assert wire.take() == []


@pytest.mark.parametrize("payload", [b"HTTP/2.0 200", b"HTTP/1.1 2xx", b"HTTP/1.1 999", b"GETS", b"POSTE"])
def test_what_only_looks_like_http_is_passed_over(payload: bytes) -> None:
    wire = Wire()
    wire.ask(0, 1000, 500)
    wire.answer(1, 500, payload=payload)
    wire.answer(4, 500)
    assert wire.take() == [({"GET 2xx": 1}, {bucket(4000): 1}, 0)]


@pytest.mark.parametrize("ends", [("10.0.0.1", 40112, "10.0.0.2", 80), ("10.0.0.2", 80, "10.0.0.1", 40112)])
def test_a_request_on_a_closed_connection_is_unanswered(ends: tuple[str, int, str, int]) -> None:
    wire = Wire()
    wire.ask(0, 1000, 500)
    assert wire.take(10, ("10.0.0.1", 40113, "10.0.0.2", 80)) == []
    assert wire.take(10, ends) == [({}, {}, 1)]
    assert wire.take(10, ends) == []


def test_a_request_without_an_answer_is_given_up_in_the_end() -> None:
    wire = Wire()
    wire.ask(0, 1000, 500)
    patience = PATIENCE_NS / MS
    assert wire.take(patience - 1) == []
    assert wire.take(patience + 1) == [({}, {}, 1)]


def test_no_more_connections_are_held_than_allowed_and_idle_ones_are_forgotten() -> None:
    wire = Wire(most=2)
    clients = [(CLIENT[0], 40_000 + number) for number in range(3)]
    for client in clients:
        wire.ask(0, 1000, 500, client=client)
        wire.answer(1, 500, client=client)
    assert len(wire.take()) == 2
    assert wire.pairs.refused == 1
    assert len(wire.pairs) == 2
    wire.take()
    assert len(wire.pairs) == 0


def test_requests_that_are_no_longer_looked_at_do_not_become_unanswered() -> None:
    wire = Wire()
    looked_at, not_any_more = (
        (CLIENT[0], next(n for n in range(40_000, 50_000) if sampled(n, 80, 1) is still)) for still in (True, False)
    )
    for client in (looked_at, not_any_more):
        wire.ask(0, 1000, 500, client=client)
    wire.pairs.thin(halvings=1)
    assert wire.take(10**9) == [({}, {}, 1)]


@pytest.mark.parametrize("halvings", range(1, MOST_HALVINGS + 1))
@pytest.mark.parametrize("port", [80, 8080, 8081, 443, 50_051])
def test_a_share_of_connections_is_looked_at_whatever_ports_clients_get(port: int, halvings: int) -> None:
    for ports in (range(32_768, 61_000, 2), range(32_769, 61_000, 2), range(32_768, 61_000)):
        share = sum(sampled(client, port, halvings) for client in ports) / len(ports)
        assert share == pytest.approx(0.5**halvings, rel=0.1)
    assert all(sampled(1234, port, halvings) == sampled(port, 1234, halvings) for port in range(100))
