"""Requests of a host become requests by flow on its known connections. Each counts once."""

from typing import Any

from msgspec.structs import replace

from schemas.latency import bucket
from schemas.raw import Heartbeat
from streams.attribute import Attribution
from tests.streams.build import NETNS, T0, WIDTH, Row, batches, connection, request, translation

HERE, THERE, SERVER = "10.0.0.1:40112", "10.0.0.2:8000", "10.0.0.1:80"


class Reader:
    """A fold over the windows of one host that returns the rows of each."""

    def __init__(self) -> None:
        self.fold = Attribution()

    def window(self, at: int, *requests: Row, connections: list[Row] = [], **more: Any) -> list[tuple[Any, ...]]:  # noqa: B006
        rows = []
        for topic, batch in batches(at, requests=list(requests), connections=connections, **more).items():
            for emitted in self.fold.feed(topic, batch):
                rows += [row for part in emitted.requests for row in part.requests.rows()]
        return rows


def test_requests_are_keyed_by_flow_and_by_the_end_that_counted() -> None:
    reader = Reader()
    opened = [connection(1, HERE, THERE), connection(2, SERVER, "10.0.0.3:5000")]
    rows = reader.window(
        0,
        request(HERE, THERE, 3, serves=False, unanswered=1, given_up=2),
        request("10.0.0.3:5000", SERVER, 2, serves=True),
        connections=opened,
        sampling=4,
    )
    sketches = [{bucket(2000): 2}, {bucket(3000): 3}]
    assert (
        rows
        == [
            (T0, "tcp 10.0.0.1:80 10.0.0.3:5000", 0, WIDTH, 4, {"GET 2xx": 2}, sketches[0], 0, 0),
            (T0, "tcp 10.0.0.1:40112 10.0.0.2:8000", 0, WIDTH, 4, {"GET 2xx": 3}, sketches[1], 1, 2),
        ][::-1]
    )


def test_requests_within_one_host_are_counted_once_at_the_server() -> None:
    reader = Reader()
    both = [connection(1, "127.0.0.1:40112", "127.0.0.1:80"), connection(2, "127.0.0.1:80", "127.0.0.1:40112")]
    (row,) = reader.window(0, request("127.0.0.1:40112", "127.0.0.1:80"), connections=both)
    assert row[1:3] == (f"tcp h1/{NETNS}@127.0.0.1:80 h1/{NETNS}@127.0.0.1:40112", 0)


def test_requests_on_a_connection_that_is_known_a_window_later_count_in_that_window() -> None:
    reader = Reader()
    reader.window(0)
    assert reader.window(1, request(HERE, THERE, 3, serves=False)) == []
    rows = reader.window(2, request(HERE, THERE, 2, serves=False), connections=[connection(1, HERE, THERE, at=2)])
    assert [(row[0], row[5]) for row in rows] == [(T0 + 2 * WIDTH, {"GET 2xx": 5})]
    assert reader.fold.counters["requests_without_connection"] == 0


def test_requests_without_a_connection_of_the_host_are_left_out_and_counted() -> None:
    reader = Reader()
    for at in range(3):
        assert reader.window(at, *[request("172.17.0.2:5", "192.0.2.1:80")] * (at == 0)) == []
    assert reader.fold.counters["requests_without_connection"] == 1


def test_a_window_reported_twice_by_a_restarted_agent_holds_the_sum() -> None:
    reader = Reader()
    held = [connection(1, HERE, THERE)]
    first = reader.window(0, request(HERE, THERE, 3, serves=False), connections=held)
    other = request(HERE, THERE, 2, serves=False, answered={"GET 5xx": 2})
    again = reader.window(0, other, connections=held, run=T0 + 1)
    assert first[0][5] == {"GET 2xx": 3}
    assert again[0][5] == {"GET 2xx": 3, "GET 5xx": 2}
    assert again[0][6] == {bucket(2000): 2, bucket(3000): 3}


def test_requests_of_a_connection_that_closed_in_the_window_count() -> None:
    reader = Reader()
    closed = connection(1, HERE, THERE, opened=True, closed=True)
    assert len(reader.window(0, request(HERE, THERE, serves=False), connections=[closed])) == 1


def test_a_host_without_requests_emits_none() -> None:
    reader = Reader()
    assert reader.window(0, connections=[connection(1, HERE, THERE)]) == []


MAPPED, INSIDE, CLIENT = "10.0.0.1:8080", "172.17.0.2:80", "10.0.0.9:5000"
CONTAINER = 4_026_532_999  # a network namespace
OUTSIDE = "tcp 10.0.0.1:8080 10.0.0.9:5000"


def windows_of_a_mapped_port(
    reader: Reader, at: int, *requests: Row, by_the_host: list[Row], **facts: Any
) -> list[Any]:
    """Feed a window in which a container and its host both see requests; return the rows."""
    made = batches(at, requests=list(requests), netns=CONTAINER, agent_netns=NETNS, **facts)
    passing = batches(at, requests=by_the_host, netns=NETNS)["requests"]
    beat = made.pop("heartbeats")
    assert isinstance(beat, Heartbeat)
    made = made | {
        "requests 2": replace(passing, part=1),
        "heartbeats": replace(beat, sent=beat.sent | {"requests": 2}),
    }
    rows = []
    for topic, batch in ((name.split()[0], batch) for name, batch in made.items()):
        for emitted in reader.fold.feed(topic, batch):
            rows += [row for part in emitted.requests for row in part.requests.rows()]
    return rows


def test_requests_over_a_translated_connection_are_those_of_its_own_namespace() -> None:
    rows = windows_of_a_mapped_port(
        Reader(),
        0,
        request(CLIENT, INSIDE, 3),
        by_the_host=[request(CLIENT, MAPPED, 3)],
        connections=[connection(1, INSIDE, CLIENT)],
        translated=[translation(1, MAPPED, CLIENT)],
    )

    assert [(row[1], row[2], row[5]) for row in rows] == [(OUTSIDE, 0, {"GET 2xx": 3})]


def test_requests_that_wait_for_a_translated_connection_count_once_it_is_known() -> None:
    reader = Reader()
    windows_of_a_mapped_port(reader, 0, by_the_host=[])
    assert windows_of_a_mapped_port(reader, 1, request(CLIENT, INSIDE, 3), by_the_host=[]) == []
    rows = windows_of_a_mapped_port(
        reader,
        2,
        by_the_host=[],
        connections=[connection(1, INSIDE, CLIENT, at=2)],
        translated=[translation(1, MAPPED, CLIENT)],
    )

    assert [(row[1], row[2], row[5]) for row in rows] == [(OUTSIDE, 0, {"GET 2xx": 3})]
    assert reader.fold.counters["requests_without_connection"] == 0
