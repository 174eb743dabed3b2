"""What servers speak is learned from segments, confirmed by answers, reported once, forgotten with its connections."""

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors import conversations, endpoints, lookups
from collectors.conversation import WAITS
from collectors.conversations import Conversations
from collectors.counts import PATIENCE_NS
from collectors.http_filter import ACK, FIN, RST
from collectors.protocol_tap import UDP
from collectors.protocols.first_bytes import HTTP2_PREFACE
from collectors.sampling import sampled
from schemas.latency import bucket
from tests.collectors.protocols.calling import END_HEADERS, END_STREAM, HEADERS, SAY, SETTINGS, WATCH, Both, frame
from tests.collectors.protocols.talking import ASK, DONE, GREETING, MS, OKAY, QUERY, READY, TLS, command
from tests.collectors.protocols.test_first_bytes import ANSWERS

HERE, THERE = b"\x0a\0\0\x01", b"\x0a\0\0\x02"
CLIENT, SERVER = (HERE, 40_112), (THERE, 7_379)
End = tuple[bytes, int]
GET = command(b"GET", b"secret")


class Wire:
    """Segments of connections, as one host sees them that listens to some ports."""

    def __init__(self, *listening: int, most: int = 10, own: frozenset[bytes] | None = frozenset({HERE})) -> None:
        self.talk = Conversations(lambda address, port: port in listening, most)
        self.own = own
        self._numbers: dict[tuple[End, End], int] = {}
        self.at = 0

    def put(self, one: End, other: End, payload: bytes, flags: int = ACK, size: int | None = None) -> None:
        self.at += MS
        flow = one[0] + other[0] + one[1].to_bytes(2, "big") + other[1].to_bytes(2, "big")
        sent, acknowledged = (self._numbers.setdefault(way, 100) for way in ((one, other), (other, one)))
        size = len(payload) if size is None else size
        self.talk.add((flow, sent, acknowledged, payload, size, self.at, one[0] == HERE, flags), self.own)
        self._numbers[one, other] = sent + size

    def ask(self, payload: bytes = GET, client: End = CLIENT, server: End = SERVER, **more: Any) -> None:
        self.put(client, server, payload, **more)

    def answer(self, payload: bytes = b"+OK\r\n", client: End = CLIENT, server: End = SERVER, **more: Any) -> None:
        self.put(server, client, payload, **more)

    def window(self, *, everything: bool = False) -> tuple[list[Any], list[Any]]:
        """Return the rows of a window, and what servers speak."""
        self.talk.settle(self.at)
        return [row[:9] for row in self.talk.take(self.at)], list(self.talk.endpoints.take(everything=everything))


def test_a_request_and_its_answer_show_what_a_server_speaks() -> None:
    wire = Wire()
    wire.ask()
    assert wire.talk.endpoints.ports()[:2] == ([7_379], [])
    assert wire.window() == ([], [])  # nobody has answered
    wire.answer()
    rows, spoken = wire.window()
    assert rows == [("10.0.0.1", 40_112, "10.0.0.2", 7_379, False, {"GET ok": 1}, {bucket(1_000): 1}, 0, 0)]
    assert spoken == [(SERVER, "redis", "")]
    assert wire.window() == ([], [])
    assert wire.window(everything=True)[1] == spoken


def test_on_the_host_of_the_server_it_serves() -> None:
    wire = Wire(7_379)
    client, server = (THERE, 40_112), (HERE, 7_379)
    wire.ask(client=client, server=server)
    wire.answer(client=client, server=server)
    ((*ends, serves, answered, _, _, _),) = wire.window()[0]
    assert (ends, serves, answered) == (["10.0.0.2", 40_112, "10.0.0.1", 7_379], True, {"GET ok": 1})


def test_who_looks_like_a_client_of_one_that_does_not_listen_is_none() -> None:
    """A master sends commands to its replica, which has connected to it."""
    wire = Wire(7_379, own=None)
    replica, master = (HERE, 40_112), (HERE, 7_379)
    wire.put(master, replica, command(b"SET", b"a", b"b"))
    wire.put(replica, master, b"+OK\r\n")
    assert wire.window() == ([], [])
    assert len(wire.talk) == 0


def test_a_server_that_confirms_nothing_is_left_alone_in_the_end() -> None:
    wire = Wire()
    for _ in range(endpoints._PATIENCE + 1):
        assert wire.window() == ([], [])
        wire.ask()
        wire.answer(b"?")
    assert wire.window() == ([], [])
    assert wire.talk.endpoints.ports()[:2] == ([], [7_379])


def test_nothing_of_it_is_counted_before_a_server_has_answered() -> None:
    wire = Wire()
    wire.ask()
    wire.ask(b"", flags=RST)
    assert wire.window() == ([], [])


@pytest.mark.parametrize("server", [(HERE, 22), (THERE, 22)])
def test_who_listens_or_is_elsewhere_is_the_server_of_ssh(server: End) -> None:
    wire = Wire(*([22] if server[0] == HERE else []))
    client = (THERE if server[0] == HERE else HERE, 50_000)
    for one, other in ((client, server), (server, client)):
        wire.put(one, other, b"SSH-2.0-OpenSSH_9.2\r\n")
    assert wire.window()[1] == [(server, "ssh", "")]


@pytest.mark.parametrize(("name", "asking", "answer"), ANSWERS)
def test_what_is_known_by_its_first_bytes_is_not_followed(name: str, asking: bytes, answer: bytes) -> None:
    wire = Wire()
    wire.ask(asking)
    assert wire.talk.endpoints.ports() == ([], [], set())
    wire.answer(answer)
    assert wire.window()[1] == [(SERVER, name, "")]
    once = name in ("kafka", "mongodb")  # all of their requests look so
    assert wire.talk.endpoints.ports()[:2] == ([], [7_379] if once else [])


@pytest.mark.parametrize(("name", "asking", "answer"), [*ANSWERS, ("ssh", b"SSH-2.0-x\r\n", b"")])
def test_a_client_alone_shows_nothing_of_a_server(name: str, asking: bytes, answer: bytes) -> None:
    wire = Wire(22, 80)
    client, server = (THERE, 40_112), (HERE, 22)
    wire.answer(b"SSH-2.0-OpenSSH_9.2\r\n", client=client, server=server)
    other = (HERE, 80)
    for asked in (server, other):
        wire.ask(asking, client=client, server=asked)
        wire.answer(b"HTTP/1.1 400 Bad Request\r\n\r\n", client=client, server=asked)
        wire.answer(answer, client=(THERE, 40_113), server=asked)  # of another connection
    assert wire.window(everything=True)[1] == [(server, "ssh", "")]
    assert wire.talk.endpoints.ports() == ([], [], set())


def test_what_servers_have_answered_replaces_what_was_known() -> None:
    wire = Wire()
    for name, asking, answer in ANSWERS:
        wire.ask(asking)
        wire.answer(answer)
        assert wire.talk.endpoints.speaks(SERVER, name)


def test_an_answer_shows_grpc_and_a_connection_without_does_not_hide_it() -> None:
    wire, one = Wire(), Both()
    wire.ask(HTTP2_PREFACE + SETTINGS)
    wire.answer(SETTINGS)
    wire.ask(one.call(1, SAY))
    assert wire.window()[1] == [(SERVER, "http/2", "")]
    wire.answer(one.answer(1))
    assert wire.window()[1] == [(SERVER, "grpc", "")]
    wire.ask(HTTP2_PREFACE + SETTINGS)
    wire.answer(SETTINGS)
    assert wire.window(everything=True)[1] == [(SERVER, "grpc", "")]


def test_calls_to_a_server_of_http_show_nothing() -> None:
    wire, one = Wire(), Both()
    wire.ask(HTTP2_PREFACE + SETTINGS + one.call(1, "/Scan/Probe"))
    refused = one.fields(one.server, [(":status", "404"), ("content-type", "text/html")])
    wire.answer(SETTINGS + frame(HEADERS, END_HEADERS | END_STREAM, 1, refused))
    assert wire.window() == ([], [])


def test_no_more_requests_are_remembered_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversations, "_MOST_ASKED", 3)
    wire = Wire()
    for port in range(9):
        wire.ask(HTTP2_PREFACE, client=(HERE, port))
    assert len(wire.talk._asked) == 3


def test_a_server_that_greets_is_known_and_followed() -> None:
    wire = Wire()
    wire.answer(GREETING, server=(THERE, 3_306))
    assert wire.window() == ([], [((THERE, 3_306), "mysql", "")])
    assert wire.talk.endpoints.ports() == ([3_306], [], {3_306})
    wire.ask(ASK, server=(THERE, 3_306))
    wire.answer(OKAY, server=(THERE, 3_306))
    assert wire.window()[0][0][5] == {"SELECT ok": 1}


def test_an_encrypted_server_is_known_and_no_longer_followed() -> None:
    wire = Wire()
    wire.ask(TLS, server=(THERE, 5_432))
    wire.answer(b"S", server=(THERE, 5_432))
    assert wire.window() == ([], [((THERE, 5_432), "postgresql", "")])
    assert wire.talk.endpoints.ports()[:2] == ([], [5_432])


def test_servers_without_connections_are_forgotten_and_the_ones_that_spoke_longest_ago_if_too_many() -> None:
    wire = Wire()
    for port in (1, 2, 3):
        wire.ask(HTTP2_PREFACE, server=(THERE, port))
        wire.answer(SETTINGS, server=(THERE, port))
    wire.talk.endpoints.keep(())  # they have spoken since the last keyframe
    wire.talk.endpoints.keep({1, 3})
    assert [server[1] for server, *_ in wire.window(everything=True)[1]] == [1, 3]
    for port in range(10, 10 + endpoints.MOST):
        wire.ask(HTTP2_PREFACE, server=(THERE, port))
        wire.answer(SETTINGS, server=(THERE, port))
    assert len(wire.talk.endpoints) == endpoints.MOST
    assert not wire.talk.endpoints.is_confirmed((THERE, 1))


def test_a_server_is_followed_for_longer_than_there_are_connections_to_it() -> None:
    wire = Wire()
    for _ in range(2):
        wire.ask()
        wire.answer()
        assert wire.window()[1] == [(SERVER, "redis", "")]
        for _ in range(2):
            wire.talk.endpoints.keep(())
        assert wire.window(everything=True)[1] == []
        assert wire.talk.endpoints.ports()[:2] == ([7_379], [])
    for _ in range(endpoints._KEPT):
        wire.talk.endpoints.keep(())
    assert len(wire.talk.endpoints) == 0


def test_forwarded_connections_are_passed_over() -> None:
    wire = Wire(own=frozenset())
    wire.ask()
    wire.answer()
    assert wire.window() == ([], [])


UNANSWERED, GIVEN_UP = (1, 0), (0, 1)


@pytest.mark.parametrize(
    ("ends", "counted"),
    [
        ([("ask", FIN | ACK), ("answer", FIN | ACK)], GIVEN_UP),
        ([("ask", RST | ACK)], GIVEN_UP),
        ([("answer", FIN | ACK)], UNANSWERED),
        ([("answer", RST | ACK)], UNANSWERED),
        ([("answer", RST)], GIVEN_UP),  # of what belongs to no connection
    ],
)
def test_a_request_without_an_answer_is_the_fault_of_the_end_that_went_first(
    ends: list[tuple[str, int]], counted: tuple[int, int]
) -> None:
    wire = Wire()
    wire.ask()
    wire.answer()
    wire.window()
    wire.ask()
    for who, flags in ends:
        getattr(wire, who)(b"", flags=flags)
    ((*_, answered, _, unanswered, given_up),) = wire.window()[0]
    assert (answered, unanswered, given_up) == ({}, *counted)


def test_a_request_is_given_up_in_the_end() -> None:
    wire = Wire()
    wire.ask()
    wire.answer()
    wire.window()
    wire.ask()
    wire.at += PATIENCE_NS - 1
    assert wire.window()[0] == []
    wire.at += 2
    assert wire.window()[0][0][-2:] == (0, 1)


def test_no_more_connections_are_held_than_allowed_and_idle_ones_are_forgotten() -> None:
    wire = Wire(most=2)
    for port in range(3):
        wire.ask(client=(HERE, 40_000 + port))
        wire.answer(client=(HERE, 40_000 + port))
    assert (len(wire.window()[0]), wire.talk.refused, len(wire.talk)) == (2, 1, 2)
    wire.window()
    assert len(wire.talk) == 0


def calling(wire: Wire, client: End = CLIENT) -> Both:
    """Make a first call over a connection of gRPC, let a window pass, and one in which nothing happens."""
    one = Both()
    wire.ask(HTTP2_PREFACE + SETTINGS + one.call(1, SAY), client=client)
    wire.answer(SETTINGS + one.fails(1, 14), client=client)
    wire.window()
    assert wire.window()[0] == []
    return one


def counted(wire: Wire) -> Any:
    """Return what a window counted of one connection."""
    ((*_, answered, _, _, _),) = wire.window()[0]
    return answered


def test_a_pause_does_not_lose_the_methods_and_errors_of_a_connection_of_grpc() -> None:
    wire = Wire()
    one = calling(wire)
    for stream in (3, 5):
        wire.ask(one.call(stream, SAY))
        wire.answer(one.fails(stream, 14))
        assert counted(wire) == {"Greeter/Say error": 1}
        for _ in range(3):
            wire.ask(frame(6, 0, 0, bytes(8)))  # a ping
            wire.answer(frame(6, 1, 0, bytes(8)))
            wire.ask(b"")
            assert wire.window() == ([], [])


@pytest.mark.parametrize("flags", [FIN | ACK, RST | ACK])
@pytest.mark.parametrize("who", ["ask", "answer"])
def test_a_connection_that_ends_while_it_rests_is_forgotten(who: str, flags: int) -> None:
    wire = Wire()
    calling(wire)
    assert len(wire.talk) == 1
    getattr(wire, who)(b"", flags=flags)
    assert len(wire.talk) == wire.talk._weight == 0


def test_a_new_connection_between_the_ports_of_one_that_rested_begins_anew() -> None:
    wire = Wire()
    for later in (1 << 20, -(1 << 20)):
        calling(wire)
        wire._numbers = {way: number + later & 0xFFFF_FFFF for way, number in wire._numbers.items()}
        other = Both()
        wire.ask(HTTP2_PREFACE + SETTINGS)
        wire.answer(SETTINGS)
        wire.ask(other.call(1, WATCH))
        wire.answer(other.answer(1))
        assert counted(wire) == {"Greeter/Watch ok": 1}
        assert len(wire.talk) == 1
        wire.answer(b"", flags=RST)


def test_of_too_many_connections_that_rest_the_one_that_has_rested_for_longest_goes() -> None:
    wire = Wire(most=3)
    clients = [(HERE, port) for port in range(40_000, 40_005)]
    each = {client: calling(wire, client) for client in clients}
    assert (len(wire.talk), wire.talk.refused) == (3, 0)
    for client, one in reversed(each.items()):
        wire.ask(one.call(3, SAY), client=client)
        wire.answer(one.fails(3, 14), client=client)
        assert counted(wire) == {"Greeter/Say error" if client in clients[2:] else "other unseen": 1}
        wire.window()


def test_connections_that_rest_make_room_for_what_others_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    wire = Wire(most=100)
    calling(wire)
    resting = wire.talk._weight
    monkeypatch.setattr(conversations, "MOST_BYTES", 4 * resting)
    for port in range(40_000, 40_010):
        calling(wire, (HERE, port))
        assert wire.talk._weight <= 4 * resting
    assert (len(wire.talk), wire.talk.refused) == (4, 0)


def test_connections_that_rest_cost_a_window_nothing_and_are_thinned_with_the_others() -> None:
    wire = Wire(most=100)
    for port in range(40_000, 40_040):
        calling(wire, (HERE, port))
    assert (len(wire.talk), wire.talk._held()) == (40, [])
    wire.talk.thin(halvings=1)
    assert len(wire.talk) == sum(sampled(port, 7_379, 1) for port in range(40_000, 40_040))


def held(wire: Wire) -> int:
    """Return the bytes that all connections hold."""
    talks = [conversation for _, conversation in wire.talk._held()]
    kept = sum(len(stream.held) for talk in talks for stream in (talk.client, talk.server))
    return kept + WAITS * sum(len(talk.parser.waiting) for talk in talks)


@pytest.mark.parametrize("payload", [GET * 500, b"get " + b"k" * 9_000], ids=["requests that wait", "unfinished lines"])
def test_all_connections_together_hold_no_more_than_allowed(monkeypatch: pytest.MonkeyPatch, payload: bytes) -> None:
    monkeypatch.setattr(conversations, "MOST_BYTES", 100_000)
    wire = Wire(most=100)
    for port in range(40_000, 40_050):
        client, server = (HERE, port), (THERE, 11_211 if payload.startswith(b"get") else 7_379)
        wire.ask(b"get k\r\n" if payload.startswith(b"get") else GET, client=client, server=server)
        wire.ask(payload, client=client, server=server)
        assert held(wire) == wire.talk._weight <= 100_000
    assert wire.talk.refused > 0
    wire.ask()
    wire.answer()  # one that holds little is not dropped for it
    assert wire.window()[0][-1][5] == {"GET ok": 1}
    wire.at += PATIENCE_NS + MS
    wire.window()
    wire.window()
    assert held(wire) == wire.talk._weight == len(wire.talk) == 0


def test_connections_that_are_no_longer_looked_at_are_forgotten() -> None:
    wire = Wire(most=100)
    for port in range(40_000, 40_040):
        wire.ask(client=(HERE, port))
    wire.talk.thin(halvings=1)
    assert len(wire.talk) == sum(sampled(port, 7_379, 1) for port in range(40_000, 40_040))


def question(number: int, kind: int = 1, flags: int = 0x0100, name: bytes = b"\6secret\4test\0") -> bytes:
    """Return a message of DNS."""
    return struct.pack("!HHHHHH", number, flags, 1, 0, 0, 0) + name + struct.pack("!HH", kind, 1)


class Lookup(Wire):
    """Datagrams of a client to its resolver."""

    def datagram(self, payload: bytes, client: End = CLIENT, *, back: bool = False) -> None:
        self.put(*((RESOLVER, client) if back else (client, RESOLVER)), payload, flags=UDP)


RESOLVER = (THERE, 53)


def test_questions_of_dns_are_answered_by_their_number() -> None:
    wire = Lookup()
    for number, kind, result in ((7, 1, 0x8180), (8, 28, 0x8183), (9, 12, 0x8182), (10, 999, 0x8180)):
        wire.datagram(question(number, kind))
        wire.datagram(question(number, kind))  # asked again
        wire.datagram(question(number + 1, kind, result), back=True)  # of another
        wire.datagram(question(number, kind, result), back=True)
    (row,), spoken = wire.window()
    assert row[:5] == ("10.0.0.1", 40_112, "10.0.0.2", 53, False)
    assert row[5] == {"A ok": 1, "AAAA nxdomain": 1, "PTR error": 1, "other ok": 1}
    assert row[6] == {bucket(3_000): 4}
    assert spoken == [(RESOLVER, "dns", "")]
    assert wire.window()[0] == []


def test_a_question_of_dns_that_has_no_answer_in_seconds_is_unanswered() -> None:
    wire = Lookup()
    wire.datagram(question(7))
    assert wire.window() == ([], [])
    wire.at += lookups.PATIENCE_NS + 1
    assert [row[5:] for row in wire.window()[0]] == [({}, {}, 1, 0)]
    wire.datagram(question(7, 1, 0x8180), back=True)  # too late
    assert wire.window() == ([], [])


def test_questions_of_other_hosts_and_what_is_no_question_are_passed_over() -> None:
    wire = Lookup()
    wire.datagram(question(7), client=(b"\x0a\0\0\x09", 5))
    for payload in (b"", b"x" * 40, question(7, flags=0x2800), question(7, name=b"\xff" * 9), question(7)[:10]):
        wire.datagram(payload)
    assert wire.window() == ([], [])


@given(st.lists(st.binary(max_size=60), max_size=30))
def test_any_datagrams_do_no_harm(payloads: list[bytes]) -> None:
    wire = Lookup()
    for number, payload in enumerate(payloads):
        wire.datagram(payload, back=number % 2 == 1)
    wire.window()


def test_nothing_that_is_asked_for_is_reported() -> None:
    wire = Wire()
    wire.ask(command(b"SECRETCOMMAND", b"secret"))
    wire.answer()
    wire.ask(command(b"SET", b"secret", b"secret"))
    wire.answer(b"-ERR secret\r\n")
    wire.ask(QUERY, server=(THERE, 5_432))
    wire.answer(DONE.replace(b"SELECT", b"SECRET") + READY, server=(THERE, 5_432))
    rows, spoken = wire.window()
    assert sorted(what for row in rows for what in row[5]) == ["SET error", "other ok", "other ok"]
    assert "secret" not in f"{rows} {spoken}".lower()
