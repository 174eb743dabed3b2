"""Names stay with the addresses that somebody connects to, for as long as somebody is connected."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from collectors import name_cache
from collectors.diag import Identity, Plain, Row
from collectors.lookups import Lookups
from collectors.name_cache import NameCache
from collectors.resolved import Resolved
from collectors.socket_scan import Seen
from tests.collectors.protocols.resolving import address, answer, question

SECOND = 1_000_000_000
ROW = Row(*[0] * len(Row._fields))
API, WWW = "api.example.com", "www.example.com"
THERE, OTHER = "203.0.113.7", "203.0.113.8"


class Clients:
    """What the clients of a network namespace look up, and connect to."""

    def __init__(self, most: int = 10) -> None:
        self.name_cache = NameCache(most)
        self.names = Resolved(self.name_cache, most)
        self.at = 1_000 * SECOND
        self._tcp: dict[int, str] = {}
        self._udp: dict[int, str] = {}

    def resolve(self, name: str, *addresses: str, seconds: int = 60) -> None:
        for one in addresses:
            self.name_cache.learn(name, one, self.at, seconds)

    def window(
        self,
        tcp: dict[int, str] | None = None,
        udp: dict[int, str] | None = None,
        *,
        keyframe: bool = False,
        later: int = 5,
    ) -> set[tuple[str, str]]:
        """Return what is reported of a window, given the sockets that are open in it; without any they stay."""
        before, self._tcp = self._tcp, self._tcp if tcp is None else tcp
        self._udp = self._udp if udp is None else udp
        seen = Seen(tcp=dict.fromkeys(self._tcp, ROW), vanished=set(before) - set(self._tcp))
        seen.identities = {one: _to(self._tcp[one]) for one in self._tcp.keys() - before.keys()}
        seen.udp = {one: Plain(17, one, 1, 0, 0, _to(there)) for one, there in self._udp.items()}
        self.at += later * SECOND
        self.names.connect(seen, self.at)
        return {row[:2] for row in self.names.take(self._tcp.keys() | self._udp.keys(), everything=keyframe)}


def test_a_name_of_a_request_counts_where_dns_has_shown_none() -> None:
    clients = Clients()
    clients.name_cache.learn_host(WWW, THERE, clients.at)
    assert clients.window({1: THERE}) == {(THERE, WWW)}
    clients.resolve(API, OTHER)
    clients.name_cache.learn_host(WWW, OTHER, clients.at)
    assert clients.window({1: THERE, 2: OTHER}) == {(OTHER, API)}
    assert {one.provenance for one in clients.name_cache.of(THERE, clients.at).values()} == {"HTTP"}


def _to(there: str) -> Identity:
    return Identity("10.0.0.1", 40_112, there, 443, 0)


def test_a_name_is_reported_once_somebody_connects_to_its_address_and_in_keyframes() -> None:
    clients = Clients()
    clients.resolve(API, THERE, OTHER)
    assert clients.window() == set()
    assert clients.window({1: THERE}) == {(THERE, API)}
    assert clients.window() == set()
    assert clients.window(keyframe=True) == {(THERE, API)}


def test_it_stays_as_long_as_somebody_is_connected_and_a_keyframe_longer() -> None:
    clients = Clients()
    clients.resolve(API, THERE)
    clients.window({1: THERE}, keyframe=True)
    assert clients.window(keyframe=True, later=10**6) == {(THERE, API)}
    assert clients.window({}) == set()
    assert clients.window(keyframe=True) == set()
    clients.resolve(API, THERE)
    assert clients.window({2: THERE}) == {(THERE, API)}
    assert clients.window({}, keyframe=True) == {(THERE, API)}
    assert clients.window(keyframe=True) == set()


def test_an_answer_that_is_read_after_its_connection_counts() -> None:
    clients = Clients()
    assert clients.window({1: THERE}) == set()
    clients.resolve(API, THERE)
    assert clients.window() == {(THERE, API)}


def test_a_name_that_is_looked_up_long_after_is_none_of_a_connection() -> None:
    clients = Clients()
    clients.window({1: THERE})
    clients.window()
    clients.resolve(API, THERE)
    assert clients.window() == set()


def test_a_name_is_used_for_as_long_as_it_is_valid_and_some_minutes_at_least() -> None:
    for seconds, later, found in ((5, 290, True), (5, 301, False), (900, 890, True), (900, 901, False)):
        clients = Clients()
        clients.resolve(API, THERE, seconds=seconds)
        assert clients.window({1: THERE}, later=later) == ({(THERE, API)} if found else set())


def test_an_address_has_several_names_the_latest_of_too_many() -> None:
    clients = Clients()
    names = [f"{number}.example.com" for number in range(name_cache.MOST_NAMES + 2)]
    for name in names:
        clients.resolve(name, THERE)
    assert clients.window({1: THERE}) == {(THERE, name) for name in names[2:]}


def test_a_name_that_only_others_use_later_is_not_that_of_earlier_connections() -> None:
    clients = Clients()
    clients.resolve(API, THERE)
    clients.window({1: THERE})
    clients.window()
    clients.resolve(WWW, THERE)
    assert clients.window() == set()
    assert clients.window({1: THERE, 2: THERE}) == {(THERE, WWW)}


def test_sockets_of_udp_are_connections_too() -> None:
    clients = Clients()
    clients.resolve(API, THERE)
    assert clients.window(udp={1: THERE}) == {(THERE, API)}
    assert clients.window(keyframe=True) == {(THERE, API)}
    assert clients.window(udp={}, keyframe=True) == set()


def test_addresses_of_this_host_alone_or_of_many_have_no_names() -> None:
    clients = Clients()
    nobody = ["127.0.0.1", "::1", "0.0.0.0", "::", "224.0.0.1", "ff02::1"]
    clients.resolve(API, *nobody)
    assert clients.window(dict(enumerate(nobody))) == set()


def test_a_flood_of_answers_does_not_touch_what_is_in_use() -> None:
    clients = Clients(most=10)
    clients.resolve(API, THERE)
    clients.window({1: THERE})
    clients.resolve(WWW, *(f"198.51.100.{last}" for last in range(200)))
    assert clients.window(keyframe=True) == {(THERE, API)}
    assert clients.names.dropped == 0


def test_of_too_many_addresses_in_use_those_used_longest_ago_are_dropped_and_counted() -> None:
    clients = Clients(most=2)
    for last in range(4):
        clients.resolve(API, f"198.51.100.{last}")
        clients.window({last: f"198.51.100.{last}"})
    assert clients.window(keyframe=True) == {("198.51.100.2", API), ("198.51.100.3", API)}
    assert clients.names.dropped == 2


ADDRESSES = st.sampled_from([f"198.51.100.{last}" for last in range(6)])
NAMES = st.sampled_from([f"{number}.example.com" for number in range(8)])
LOOKED_UP = st.lists(st.tuples(NAMES, ADDRESSES, st.integers(0, 2**32)), max_size=20)
OPEN = st.dictionaries(st.integers(1, 9), ADDRESSES, max_size=5)


@given(st.lists(st.tuples(LOOKED_UP, OPEN, st.sampled_from([True, False])), max_size=8))
def test_whatever_is_looked_up_only_names_of_peers_are_reported_and_few(
    windows: Iterable[tuple[list[tuple[str, str, int]], dict[int, str], bool]],
) -> None:
    clients = Clients(most=3)
    told: set[tuple[str, str]] = set()
    peers: set[str] = set()
    for looked_up, there, keyframe in windows:
        for name, one, seconds in looked_up:
            clients.resolve(name, one, seconds=seconds)
            told.add((one, name))
        peers |= set(there.values())
        found = clients.window(there, keyframe=keyframe)
        assert found <= told
        assert {one for one, _ in found} <= peers
        assert len(found) <= 3 * name_cache.MOST_NAMES


FLOW = b"\x0a\0\0\x01\x0a\0\0\x02\x9c\xb0\0\x35"


def answered(asked: bytes, given: bytes, *, elsewhere: bool = False) -> set[tuple[str, str]]:
    """Return the names that an answer gives the clients that connect to whatever it names."""
    clients = Clients()
    lookups = Lookups(clients.name_cache)
    if elsewhere:
        lookups.overhear(FLOW, asked)
    else:
        lookups.ask(FLOW, asked, clients.at, serves=False)
    lookups.answer(FLOW, given, clients.at)
    assert [counts.any() for _, _, counts in lookups.take(clients.at)] in ([], [not elsewhere])
    return clients.window({1: THERE, 2: OTHER})


def test_an_answer_names_what_its_client_asked_for() -> None:
    assert answered(question(7, API), answer(7, "API.example.COM", address(THERE))) == {(THERE, API)}


def test_an_answer_to_a_client_elsewhere_names_too_and_is_not_counted() -> None:
    assert answered(question(7, API), answer(7, API, address(THERE)), elsewhere=True) == {(THERE, API)}


def test_an_answer_to_another_question_or_to_none_names_nothing() -> None:
    for elsewhere in (False, True):
        assert answered(question(7, API), answer(7, WWW, address(THERE)), elsewhere=elsewhere) == set()
        assert answered(question(7, API), answer(8, API, address(THERE)), elsewhere=elsewhere) == set()
        assert answered(answer(7, API), answer(7, API, address(THERE)), elsewhere=elsewhere) == set()
