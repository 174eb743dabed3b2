"""If one client has all the connections, others are still served, and refused ones get the reason."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from urllib.request import urlopen

import pytest
from clickhouse_driver import Client

from sinks.embedded.descriptors import limits
from sinks.embedded.peer import Peer
from sinks.embedded.places import ELSEWHERE, GRACE_SECONDS, LIMITS, Full, Places, Standing
from sinks.embedded.tally import EVERY_SECONDS, Tally
from tests.store.conftest import Store, _start

pytestmark = pytest.mark.slow


class Fake(Peer):
    """A peer without a socket."""

    def __init__(self, address: str, since: float, waiting: float | None = 0.0) -> None:
        self.since, self.waiting, self.evicted = since, waiting, False
        self._name = (address, 1)

    def evict(self) -> None:
        self.evicted = True


def places(**most: int) -> Places:
    given = {standing: most.get(standing.name.lower(), 100) for standing in Standing}
    return Places(Tally(), given, lambda: 100.0)


def test_the_oldest_stranger_is_closed_first_even_if_it_sends_bytes() -> None:
    all_places = places(stranger=2)
    old, new, third = (Fake("127.0.0.1", since, 99.9) for since in (1.0, 50.0, 100.0))
    for peer in (old, new, third):
        all_places.enter(peer)
    assert (old.evicted, new.evicted) == (True, False)


def test_the_reader_that_was_idle_longest_is_closed_and_no_busy_one() -> None:
    all_places = places(reader=3)
    busy, idle, longest = (Fake("127.0.0.1", 1.0, waiting) for waiting in (None, 50.0, 40.0))
    for peer in (busy, idle, longest, Fake("127.0.0.1", 99.0)):
        all_places.enter(peer)
        all_places.become(peer, Standing.READER)
    assert [peer.evicted for peer in (busy, idle, longest)] == [False, False, True]


def test_a_connection_that_was_idle_for_a_moment_keeps_its_place_and_the_next_gets_the_reason() -> None:
    all_places = places(reader=2)
    for waiting in (None, 100.0 - GRACE_SECONDS / 2):
        peer = Fake("127.0.0.1", 1.0, waiting)
        all_places.enter(peer)
        all_places.become(peer, Standing.READER)
    late = Fake("127.0.0.1", 100.0)
    all_places.enter(late)
    with pytest.raises(Full, match="all 2 places for readers are in use: try again"):
        all_places.become(late, Standing.READER)
    assert all_places.counts()["strangers"] == 1


@pytest.mark.parametrize("standing", [Standing.OWNER, Standing.WRITER])
def test_readers_and_strangers_take_no_place_of_clients_with_the_token(standing: Standing) -> None:
    all_places = places(stranger=5, reader=5)
    for _ in range(30):
        peer = Fake("127.0.0.1", 1.0)
        all_places.enter(peer)
        all_places.become(peer, Standing.READER)
    known = Fake("127.0.0.1", 100.0)
    all_places.enter(known)
    all_places.become(known, standing)
    assert all_places.standing(known) is standing


def test_a_remote_address_has_a_share_of_the_places_and_its_own_connections_are_closed() -> None:
    all_places = places(stranger=400)
    here = [Fake("127.0.0.1", 1.0) for _ in range(200)]
    there = [Fake("192.0.2.7", 2.0) for _ in range(ELSEWHERE[Standing.STRANGER] + 9)]
    for peer in (*here, *there):
        all_places.enter(peer)
    assert sum(peer.evicted for peer in there) == 9
    assert not any(peer.evicted for peer in here)


def test_the_number_of_places_follows_the_limit_of_open_files() -> None:
    assert limits(1 << 20) == LIMITS
    few = limits(1024)
    assert few[Standing.STRANGER] + 4 * sum(few[each] for each in Standing if each is not Standing.STRANGER) < 724
    assert min(limits(0).values()) > 0


def test_a_reason_is_counted_each_time_and_logged_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    now = 0.0
    tally = Tally(lambda: now)
    for _ in range(500):
        tally.count("too slow", "sent nothing")
    now = EVERY_SECONDS
    tally.count("too slow", "sent nothing")
    assert tally.counts() == {"too slow": 501}
    assert [record.getMessage() for record in caplog.records] == [
        "clients: too slow: sent nothing (1 since the last such line)",
        "clients: too slow: sent nothing (500 since the last such line)",
    ]


@contextmanager
def idle(port: int, count: int) -> Iterator[list[socket.socket]]:
    """Connections that send nothing."""
    with ExitStack() as all_of_them:
        yield [all_of_them.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(count)]


def served(store: Store) -> float:
    """Send ordinary queries; return the seconds that the slowest took."""
    took = []
    for login in (store.reader, store.writer):
        begun = time.monotonic()
        select(login())
        took.append(time.monotonic() - begun)
    begun = time.monotonic()
    over_http(store)
    return max(*took, time.monotonic() - begun)


def select(client: Client) -> None:
    with client:
        assert client.execute("SELECT 1") == [(1,)]


def over_http(store: Store) -> None:
    for path, answer in (("ping", b"Ok.\n"), ("?query=SELECT+1", b"1\n")):
        with urlopen(store.url + path, timeout=20) as response:
            assert response.read() == answer


@pytest.mark.parametrize("port", ["native_port", "http_port"])
def test_others_are_served_at_once_beside_a_thousand_connections_that_send_nothing(store: Store, port: str) -> None:
    with idle(getattr(store, port), 1000) as silent:
        assert served(store) < 10
        silent[0].settimeout(30)
        message = silent[0].recv(4096)
    assert b"its place was needed" in message
    assert served(store) < 10


DESCRIPTORS = 700


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store that may open few files, and so has few places."""
    data = tmp_path_factory.mktemp("small") / "data"
    running = _start(data, before=("prlimit", f"--nofile={DESCRIPTORS}:{DESCRIPTORS}"))
    yield running
    running.process.terminate()
    running.process.wait(30)


def test_others_are_served_beside_more_idle_readers_than_there_are_places_for(small: Store) -> None:
    with ExitStack() as all_of_them:
        places = limits(DESCRIPTORS)[Standing.READER]
        resting = [all_of_them.enter_context(small.reader()) for _ in range(places + 20)]
        for client in resting:
            assert client.execute("SELECT 1") == [(1,)]
            time.sleep(GRACE_SECONDS / 20)  # all at once none of them would give way
        assert served(small) < 10
        assert resting[0].execute("SELECT 2") == [(2,)]  # it was sent away, and connects again by itself


def test_others_are_served_beside_kept_connections_of_http(small: Store) -> None:
    with ExitStack() as all_of_them:
        for _ in range(limits(DESCRIPTORS)[Standing.READER] + 20):
            connection = HTTPConnection("127.0.0.1", small.http_port, timeout=20)
            all_of_them.callback(connection.close)
            connection.request("GET", "/?query=SELECT+1")
            assert connection.getresponse().read() == b"1\n"
            time.sleep(GRACE_SECONDS / 20)
        assert served(small) < 10
