"""Which answer belongs to which request, from nothing but the first segments and their numbers."""

from typing import Any

import pytest

from collectors.closing import Flow
from collectors.counts import PATIENCE_NS
from collectors.http_filter import ACK, FIN, RST
from collectors.http_pairs import Pairs
from collectors.sampling import MOST_HALVINGS, sampled
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

    def end(self, at: float, by: tuple[bytes, int], sent: int, acknowledged: int, flags: int = FIN | ACK) -> None:
        self._put(by, SERVER if by == CLIENT else CLIENT, sent, acknowledged, b"", at, flags)

    def _put(
        self, one: Any, other: Any, sent: int, acknowledged: int, payload: bytes, at: float, flags: int = ACK
    ) -> None:
        time = T0 + int(at * MS)
        self.pairs.add((one[0], other[0], one[1], other[1], sent, acknowledged, payload, time, False, flags), False)

    def take(self, at: float = 100, *closed: tuple[str, int, str, int]) -> list[tuple[Any, ...]]:
        return [row[5:9] for row in self.pairs.take(T0 + int(at * MS), [Flow(*one) for one in closed])]


def test_an_answer_belongs_to_the_request_before_it() -> None:
    wire = Wire()
    wire.ask(0, 1000, 500)
    wire.answer(5, 500)
    wire.ask(10, 1100, 700, b"POST ")
    wire.answer(12, 700, 503)
    assert wire.take() == [({"GET 2xx": 1, "POST 5xx": 1}, {bucket(2000): 1, bucket(5000): 1}, 0, 0)]
    assert wire.take() == []


def test_segments_that_come_twice_count_once_from_the_first() -> None:
    wire = Wire()
    for at in (0, 3):
        wire.ask(at, 1000, 500)
    for at in (5, 8):
        wire.answer(at, 500)
    wire.ask(9, 1000, 500)  # the request again, late
    assert wire.take() == [({"GET 2xx": 1}, {bucket(5000): 1}, 0, 0)]


def test_a_pipelined_request_and_its_answer_are_not_seen() -> None:
    wire = Wire()
    wire.ask(0, 1000, 500)
    wire.ask(1, 1100, 500)
    wire.answer(5, 500)
    wire.answer(6, 700)
    assert wire.take() == [({"GET 2xx": 1}, {bucket(5000): 1}, 0, 0)]


def test_an_interim_answer_is_not_the_answer() -> None:
    wire = Wire()
    wire.ask(0, 1000, 500, b"PUT ")
    wire.answer(1, 500, 100)
    wire.answer(9, 525, 201)
    assert wire.take() == [({"PUT 2xx": 1}, {bucket(9000): 1}, 0, 0)]


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
    assert wire.take() == [({"GET 2xx": 1}, {bucket(2000): 1}, 0, 0)]
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
    assert wire.take() == [({"GET 2xx": 1}, {bucket(4000): 1}, 0, 0)]


@pytest.mark.parametrize("ends", [("10.0.0.1", 40112, "10.0.0.2", 80), ("10.0.0.2", 80, "10.0.0.1", 40112)])
def test_a_request_on_a_closed_connection_is_unanswered(ends: tuple[str, int, str, int]) -> None:
    wire = Wire()
    wire.ask(0, 1000, 500)
    assert wire.take(10, ("10.0.0.1", 40113, "10.0.0.2", 80)) == []
    assert wire.take(10, ends) == [({}, {}, 1, 0)]
    assert wire.take(10, ends) == []


ANSWERED, UNANSWERED, GIVEN_UP, NOTHING = (1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 0, 0)
SHUT, RESET, REFUSED = FIN | ACK, RST | ACK, RST
ASKED, ANSWER = 1000, 500  # numbers of the first byte of the request, and of the answer to it


LEAVES, FOLLOWS = ("end", CLIENT, 1100, 500, SHUT), ("end", CLIENT, 1100, 501, SHUT)
CLOSES, STOPS = ("end", SERVER, 500, 1100, SHUT), ("end", SERVER, 500, 0, REFUSED)


@pytest.mark.parametrize(
    ("what", "then", "counted"),
    [
        # The client went first.
        ("it leaves", [LEAVES], GIVEN_UP),
        ("it leaves, the server follows", [LEAVES, ("end", SERVER, 500, 1101, SHUT)], GIVEN_UP),
        ("it leaves, the server resets", [LEAVES, ("end", SERVER, 500, 1101, RESET)], GIVEN_UP),
        ("it resets", [("end", CLIENT, 1100, 500, RESET)], GIVEN_UP),
        ("it resets after 100 Continue", [("answer", 500, 100), ("end", CLIENT, 1100, 525, RESET)], GIVEN_UP),
        ("it leaves before 101 came", [LEAVES, ("end", CLIENT, 1101, 500, RESET)], GIVEN_UP),
        ("it only shuts its direction", [LEAVES, ("answer", 500, 200)], ANSWERED),
        ("it leaves amid the answer", [("answer", 500, 200), ("end", CLIENT, 1100, 900, RESET)], ANSWERED),
        ("it leaves an event stream", [("answer", 500, 200), ("end", CLIENT, 1100, 90_000, SHUT)], ANSWERED),
        ("it leaves what it switched to", [("answer", 500, 101), ("end", CLIENT, 1100, 900, SHUT)], ANSWERED),
        # The server went first.
        ("the server closes", [CLOSES], UNANSWERED),
        ("the server resets", [("end", SERVER, 500, 1100, RESET)], UNANSWERED),
        ("the server closes, the client follows", [CLOSES, FOLLOWS], UNANSWERED),
        ("the server closes after 100 Continue", [("answer", 500, 100), ("end", SERVER, 525, 1100, SHUT)], UNANSWERED),
        ("the server closes with half of the request", [("end", SERVER, 500, 1050, RESET)], UNANSWERED),
        ("the server vanishes", [], UNANSWERED),
        ("the server answers and closes", [("answer", 500, 200), ("end", SERVER, 700, 1100, SHUT)], ANSWERED),
        # It had closed before the request came.
        ("an idle connection was being closed", [("end", SERVER, 500, ASKED, SHUT), STOPS], GIVEN_UP),
        ("an idle connection was closed", [STOPS], GIVEN_UP),
        # Something was answered that is not understood, or was not seen.
        ("the server sends something else", [("end", SERVER, 640, 1100, SHUT)], NOTHING),
        ("the answer was among lost segments", [("doubt",)], NOTHING),
    ],
)  # fmt: skip
def test_a_request_without_an_answer_is_the_fault_of_the_end_that_went_first(
    what: str, then: list[Any], counted: tuple[int, int, int]
) -> None:
    wire = Wire()
    wire.ask(0, ASKED, ANSWER)
    for at, (kind, *more) in enumerate(then, 1):
        if kind == "doubt":
            wire.pairs.doubt()
        else:
            getattr(wire, kind)(at, *more)
    rows = wire.take(10, ("10.0.0.1", 40112, "10.0.0.2", 80))
    assert [(sum(answered.values()), *rest) for answered, _, *rest in rows] == ([counted] if any(counted) else []), what
    assert wire.pairs.missed == (not any(counted))
    assert wire.take(PATIENCE_NS, ("10.0.0.1", 40112, "10.0.0.2", 80)) == []  # once is enough


def test_a_client_that_leaves_and_comes_back_on_the_same_port_has_given_up_once() -> None:
    wire = Wire()
    wire.ask(0, 1000, 500)
    wire.end(1, CLIENT, 1100, 500)
    wire.ask(2, 7000, 3000)
    wire.answer(5, 3000)
    assert wire.take() == [({"GET 2xx": 1}, {bucket(3000): 1}, 0, 1)]


def test_the_end_of_what_was_never_asked_for_is_nothing() -> None:
    wire = Wire()
    for by in (CLIENT, SERVER):
        wire.end(0, by, 1, 1)
    assert wire.take() == []


def test_a_request_without_an_answer_is_given_up_in_the_end() -> None:
    wire = Wire()
    wire.ask(0, 1000, 500)
    patience = PATIENCE_NS / MS
    assert wire.take(patience - 1) == []
    assert wire.take(patience + 1) == [({}, {}, 0, 1)]


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
    assert wire.take(10**9) == [({}, {}, 0, 1)]


@pytest.mark.parametrize("halvings", range(1, MOST_HALVINGS + 1))
@pytest.mark.parametrize("port", [80, 8080, 8081, 443, 50_051])
def test_a_share_of_connections_is_looked_at_whatever_ports_clients_get(port: int, halvings: int) -> None:
    for ports in (range(32_768, 61_000, 2), range(32_769, 61_000, 2), range(32_768, 61_000)):
        share = sum(sampled(client, port, halvings) for client in ports) / len(ports)
        assert share == pytest.approx(0.5**halvings, rel=0.1)
    assert all(sampled(1234, port, halvings) == sampled(port, 1234, halvings) for port in range(100))
